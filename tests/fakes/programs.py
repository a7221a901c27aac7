"""Our own programs in processes of their own, forked from one that has imported what they need (`nursery.py`)."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock

from tests.fakes.nursery import Order

ROOT = Path(__file__).parents[2]
MODULES = ("aldis.cli.main", "aldis.app.back_office")


class Program:
    """A program that runs; what `subprocess.Popen` is to its own children."""

    def __init__(
        self, module: str, arguments: Sequence[str], descriptors: dict[int, int], cwd: Path | None = None
    ) -> None:
        """`descriptors`: what it inherits, by the number that it is to have."""
        sys.audit("subprocess.Popen", module, arguments, cwd, None)
        order = Order(module, tuple(arguments), str(cwd or Path.cwd()), dict(os.environ), tuple(descriptors))
        told, tell = os.pipe()
        self._told = os.fdopen(told, encoding="ascii")
        NURSERY.ask(order, [*descriptors.values(), tell])
        os.close(tell)
        self.pid = int(self._told.readline())
        self._code: int | None = None
        #: its end is told once, to the thread that has this
        self._waiting = Lock()

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; gives its exit code, negative for a signal."""
        if not self._waiting.acquire(timeout=-1 if timeout is None else timeout):
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        try:
            if self._code is None:
                if not select.select([self._told], [], [], timeout)[0]:
                    raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
                self._code = int(self._told.readline())
                self._told.close()
            return self._code
        finally:
            self._waiting.release()

    def poll(self) -> int | None:
        """Give its exit code, or None while it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        """End it at once."""
        os.kill(self.pid, 9)


class _Nursery:
    """The process to fork from: started when it is first asked, once for each worker."""

    @cached_property
    def _started(self) -> tuple[socket.socket, subprocess.Popen[bytes]]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = (sys.executable, "-m", "tests.fakes.nursery", str(theirs.fileno()), *MODULES)
        with theirs:
            process = subprocess.Popen(
                command, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
            )
        return ours, process

    def ask(self, order: Order, descriptors: Sequence[int]) -> None:
        """Have a program started."""
        socket.send_fds(self._started[0], [json.dumps(order).encode()], descriptors)

    def end(self) -> None:
        """End it, if it was ever asked."""
        if "_started" in vars(self):
            ours, process = self._started
            ours.close()
            process.wait()


NURSERY = _Nursery()


def start_module(module: str, arguments: Sequence[str], descriptors: Sequence[int]) -> Program:
    """Start one of our programs with its output where ours goes."""
    return Program(module, arguments, {number: number for number in (0, 1, 2, *descriptors)})


def aldis(*arguments: str, cwd: Path, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        stdin.write(typed.encode())
        stdin.seek(0)
        files = {number: file.fileno() for number, file in enumerate((stdin, out, err))}
        code = Program("aldis", arguments, files, cwd).wait()
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(arguments, code, out.read().decode(), err.read().decode())
