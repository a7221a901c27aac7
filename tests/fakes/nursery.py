"""A process that has imported what our programs need, and forks one whenever it is asked: `python -m aldis …` without
the second that importing takes. Started, and asked, by `programs.py`.

    python -m tests.fakes.nursery SOCKET MODULE…
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import traceback
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

from tests.fakes.passwords import hash_quickly

LONGEST = 2**18
MOST_DESCRIPTORS = 16
#: above all that a program asks for
_ASIDE = 256


class Order(NamedTuple):
    """A program to be started: beside these come its descriptors, and one to tell its pid and status to."""

    module: str
    arguments: Sequence[str]
    folder: str
    environment: dict[str, str]
    #: which numbers its descriptors have
    numbers: Sequence[int]


def main(descriptor: str, *modules: str) -> None:
    """Fork until nobody is there to ask any more."""
    for module in modules:
        importlib.import_module(module)
        del sys.modules[module]  # it is run, which is not to be a second time
    hash_quickly()
    gc.freeze()  # so that no child looks at all of it, and has it copied
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for keepers
    asked = socket.socket(fileno=int(descriptor))
    while True:
        text, received, _, _ = socket.recv_fds(asked, LONGEST, MOST_DESCRIPTORS)
        if not text:
            return
        if os.fork() == 0:
            asked.close()
            _keep(Order(*json.loads(text)), received)
        for each in received:
            os.close(each)


def _keep(order: Order, received: Sequence[int]) -> NoReturn:
    """Fork again, and tell how that ends: whoever asked is not the parent, and cannot wait for it."""
    *inherited, told = received
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    program = os.fork()
    if program == 0:
        os.close(told)
        _become(order, inherited)
    for each in inherited:
        os.close(each)
    os.write(told, f"{program}\n".encode())
    _, status = os.waitpid(program, 0)
    os.write(told, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _become(order: Order, inherited: Sequence[int]) -> NoReturn:
    aside = [fcntl.fcntl(each, fcntl.F_DUPFD, _ASIDE) for each in inherited]
    for each in inherited:
        os.close(each)
    for descriptor, number in zip(aside, order.numbers, strict=True):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(order.folder)
    os.environ.clear()
    os.environ.update(order.environment)
    sys.argv[1:] = order.arguments
    try:
        runpy.run_module(order.module, run_name="__main__", alter_sys=True)
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else int(bool(ending.code))
    except BaseException:  # noqa: BLE001 - told and ended as an interpreter would
        traceback.print_exc()
        code = 1
    else:
        code = 0
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # to take down what was imported takes longer than most commands


if __name__ == "__main__":
    main(*sys.argv[1:])
