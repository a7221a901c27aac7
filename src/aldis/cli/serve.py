"""`aldis serve`: runs the gateway until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, NoReturn

import click

from aldis.admin import checkup
from aldis.app.gateway import Gateway
from aldis.app.interpreter import let_the_loop_go_first, spare_the_collector
from aldis.app.stores import backend_of
from aldis.cli.running import Seconds, apart, config_option, data_dir_option, first_of, run, stop_signals
from aldis.clock import SystemClock
from aldis.demo.world import refuse_demo_login
from aldis.settings import Settings, host_and_port, load
from aldis.telemetry import configure_logs
from aldis.toml_file import MOST

#: sysexits.h: internal software error
EX_SOFTWARE = 70
#: how long the store may take to be ready; after a crash it looks at all that was under way
START_S = 120.0
NOT_READY = f"the store was not ready within {START_S:.0f} s"
#: how long stopping may take: longer than its steps together, and shorter than Kubernetes waits (30 s)
STOP_S = 25.0


@click.command()
@config_option
@data_dir_option
@click.option(
    "--stop-within",
    type=Seconds(1, MOST),
    default=STOP_S,
    show_default=True,
    help="Seconds from a signal until the process has ended, whatever it waits for.",
)
def serve(config_file: Path, data_dir: Path, stop_within: float) -> None:
    """Run the gateway. SIGTERM, Ctrl-C or SIGHUP stops it in good order.

    Exit code 0: all that was taken is stored. 70: the store was lost, its file is not where it was, or it did
    not answer in time, and the next start finds things as after a crash. 1: it could not start.
    """
    settings = load(config_file)
    configure_logs(settings.log.level, settings.log.format)
    store = backend_of(settings)
    if not apart(lambda: store.make_ready(settings, data_dir), START_S):
        _end(NOT_READY)
    run(_serve(settings, data_dir, stop_within))


async def _serve(settings: Settings, data_dir: Path, stop_within: float) -> None:
    stopped = _stopped_by_signal(stop_within)
    let_the_loop_go_first()
    gateway = await Gateway.open(settings, data_dir, SystemClock())
    await _unless_lost(gateway, _start(gateway, settings), START_S)
    spare_the_collector()
    links = ", ".join(gateway.links_up()) or "none, so messages wait"
    click.echo(f"Aldis serves on {settings.http.listen}; links: {links}; Ctrl-C stops", err=True)
    if settings.console is not None and gateway.console is not None:
        click.echo(f"The console is at {gateway.console.url}", err=True)
        host, _ = host_and_port(settings.console.listen)
        for finding in checkup.exposed_console(host, is_tls=bool(settings.console.certificate)):
            click.echo(f"Warning: {finding.says}. {finding.advice}", err=True)
        if not await gateway.store.operators.all():
            click.echo(
                "Nobody can sign in there yet: `aldis admin create NAME` makes the first admin", err=True
            )
    await first_of(stopped, gateway.lost)
    await _unless_lost(gateway, gateway.stop(), None)  # the signal's bound is on it
    if gateway.is_store_gone:
        _end("the file of the store was moved, removed or replaced")


async def _start(gateway: Gateway, settings: Settings) -> None:
    if settings.console is not None:
        await refuse_demo_login(gateway.store)
    await gateway.start()


async def _unless_lost(gateway: Gateway, work: Coroutine[Any, Any, None], within_s: float | None) -> None:
    """Do it; end the process where the store's writer is lost before that, or it takes too long."""
    doing, lost = asyncio.create_task(work), asyncio.create_task(gateway.lost.wait())
    await asyncio.wait((doing, lost), timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    if gateway.lost.is_set():
        click.echo("the store's writer has ended by itself; ending as well", err=True)
        await gateway.abandon()
        os._exit(EX_SOFTWARE)  # as after a crash: what the others still have in hand cannot be written
    if not doing.done():
        _end(NOT_READY)
    lost.cancel()
    await doing


def _stopped_by_signal(stop_within: float) -> asyncio.Event:
    """Give an event that the signals to stop set. A second one kills; so does the end of `stop_within`.

    A thread hears them, because the loop may be what stands still, before a disk that does not answer. To be
    called before there are other threads: these are then deaf to the signals as well.
    """
    stopped, loop, signals = asyncio.Event(), asyncio.get_running_loop(), stop_signals()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)

    def hear() -> None:
        """Wait for the first, and then for the end of the process."""
        signal.sigwait(signals)
        loop.call_soon_threadsafe(stopped.set)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
        time.sleep(stop_within)
        _end(f"stopping has taken {stop_within:g} s")

    threading.Thread(target=hear, name="signals", daemon=True).start()
    return stopped


def _end(why: str) -> NoReturn:
    """End as after a crash, now."""
    click.echo(f"{why}; ending as after a crash", err=True)
    os._exit(EX_SOFTWARE)
