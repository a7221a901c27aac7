"""What the verbs share: options, the event loop, stopping on signals, log set-up."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import click
import uvloop

from aldis.clock import SystemClock
from aldis.settings import Settings, load
from aldis.store.contract.search import EVER

Returned = TypeVar("Returned")
Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULT_CONFIG = "aldis.toml"
DEFAULT_DATA_DIR = "aldis-data"


def config_option(command: Command) -> Command:
    """Add --config."""
    option = click.option(
        "--config",
        "config_file",
        type=click.Path(path_type=Path),
        default=DEFAULT_CONFIG,
        show_default=True,
        envvar="ALDIS_CONFIG",
        show_envvar=True,
        help="The operator's settings file.",
    )
    return option(command)


def data_dir_option(command: Command) -> Command:
    """Add --data-dir."""
    option = click.option(
        "--data-dir",
        type=click.Path(path_type=Path, file_okay=False),
        default=DEFAULT_DATA_DIR,
        show_default=True,
        envvar="ALDIS_DATA_DIR",
        show_envvar=True,
        help="Where the store is.",
    )
    return option(command)


#: an id of something, or where a page begins
NUMBER = click.IntRange(0, EVER)


class Seconds(click.FloatRange):
    """A time within bounds; click's own range has NaN in it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - as click has it
        """Read it."""
        found = super().convert(value, param, ctx)
        return self.fail(f"{value} is no time", param, ctx) if math.isnan(found) else found


def limit_option(default: int, most: int) -> Callable[[Command], Command]:
    """Add --limit."""
    span = click.IntRange(1, most)
    return click.option("--limit", default=default, show_default=True, type=span, help="How many at most.")


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def settings_or_default(config_file: Path) -> Settings:
    """Load the settings; a missing file of the default name means the defaults, any other missing file is a
    fault.
    """
    if not config_file.exists() and str(config_file) == DEFAULT_CONFIG:
        return Settings()
    return load(config_file)


def printable(text: str) -> str:
    """Make untrusted text harmless on a terminal: one line, no control characters."""
    return "".join([character if character.isprintable() else "�" for character in text])


def run(main: Coroutine[Any, Any, Returned]) -> Returned:
    """Run a coroutine on uvloop."""
    return uvloop.run(main)


def stop_signals() -> tuple[signal.Signals, ...]:
    """Give the signals that ask a program to stop: SIGHUP too, which comes when its terminal is gone, unless
    it is ignored, as under nohup.
    """
    is_ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return signal.SIGINT, signal.SIGTERM, *(() if is_ignored else (signal.SIGHUP,))


def stopped_by_signal() -> asyncio.Event:
    """Give an event that the signals to stop set; a second one kills as usual."""
    stopped, signals = asyncio.Event(), stop_signals()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        stopped.set()
        for number in signals:
            loop.remove_signal_handler(number)

    for number in signals:
        loop.add_signal_handler(number, stop)
    return stopped


async def aside(look: Callable[[], Returned], within_s: float) -> Returned:
    """Do what may never come back, in a thread that the end of the process does not wait for. Raises
    TimeoutError when it takes longer.
    """
    looked: Future[Returned] = Future()

    def work() -> None:
        """Look, for whoever still waits."""
        looked.set_running_or_notify_cancel()  # from here on nobody takes it back
        try:
            looked.set_result(look())
        except Exception as fault:  # noqa: BLE001 - whoever waits must hear of it
            looked.set_exception(fault)

    threading.Thread(target=work, daemon=True).start()
    async with asyncio.timeout(within_s):
        return await asyncio.wrap_future(looked)


def apart(work: Callable[[], object], within_s: float) -> bool:
    """Do what may never come back in a process of its own; tells whether it came to its end in time. What it
    raises is told by nobody. For a process without threads; the signals to stop end both.

    No thread would do: a library may keep the interpreter's lock while the disk does not answer.
    """
    heard, told, clock = {signal.SIGCHLD, *stop_signals()}, None, SystemClock()
    until, mask = clock.monotonic() + within_s, signal.pthread_sigmask(signal.SIG_BLOCK, heard)
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(0)
    try:
        while os.waitpid(pid, os.WNOHANG) == (0, 0):
            told = signal.sigtimedwait(heard, max(0.0, until - clock.monotonic()))
            if told is None or told.si_signo != signal.SIGCHLD:
                os.kill(pid, signal.SIGKILL)  # and it is not waited for: before a disk it cannot die
                break
        else:
            return True
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    if told is not None:
        signal.raise_signal(told.si_signo)
    return False


async def first_of(*events: asyncio.Event) -> None:
    """Wait for any of the events."""
    tasks = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
