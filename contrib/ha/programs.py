"""Programs that the demo starts and ends: as an ordinary user, and never longer than itself."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

#: who runs databases where we are root, which PostgreSQL refuses
NOBODY = 65_534
AS_NOBODY: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
END_S = 10.0
#: how long one that does something and ends may take
WAIT_S = 60.0


def free_ports(first: int) -> Iterator[int]:
    """Give ports of the loopback from a number on, at which nobody listens."""
    for port in count(first):
        with socket.socket() as probing, suppress(OSError):
            probing.bind(("127.0.0.1", port))
            yield port


class Program:
    """A program in a process of its own, with its log."""

    def __init__(self, log: Path, *, is_ours: bool = False) -> None:
        """`is_ours`: it runs as we do, and not as an ordinary user."""
        self._log = log
        self._as = {} if is_ours else AS_NOBODY
        self._process: subprocess.Popen[bytes]

    def start(self, command: Sequence[str], more: Mapping[str, str] | None = None) -> None:
        """Start it; `more`: of its environment. It is told to end when we do, however we do."""
        if shutil.which("setpriv"):
            command = ["setpriv", "--pdeathsig", "TERM", *command]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd="/",
                env={**os.environ, **(more or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **self._as,
            )

    @property
    def pid(self) -> int:
        """Its number, once it was started."""
        return self._process.pid

    def end(self, number: int = signal.SIGTERM) -> None:
        """Send a signal and wait for its end; one that does not come is forced."""
        if not hasattr(self, "_process") or self._process.poll() is not None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def wait(self) -> None:
        """Wait for its end. Raises RuntimeError where it fails, or takes too long."""
        try:
            failed = self._process.wait(WAIT_S) != 0
        except subprocess.TimeoutExpired:
            self.end()
            failed = True
        if failed:
            raise RuntimeError(self.last_words())

    def last_words(self) -> str:
        """Give the end of its log, for when something fails; "" where it was not started."""
        return self._log.read_text(errors="replace")[-2000:] if self._log.exists() else ""


def signal_all(first: int, number: int) -> None:
    """Send a signal to a process and its children, as far as they are there."""
    with suppress(FileNotFoundError):
        children = Path(f"/proc/{first}/task/{first}/children").read_text(encoding="ascii")
        for each in (*map(int, children.split()), first):
            with suppress(ProcessLookupError):
                os.kill(each, number)
