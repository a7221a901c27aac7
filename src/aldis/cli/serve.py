"""`aldis serve`: runs the gateway until it is told to stop."""

from __future__ import annotations

import os
from pathlib import Path

import click

from aldis.app.garbage import spare_the_collector
from aldis.app.gateway import Gateway
from aldis.cli.running import config_option, data_dir_option, first_of, run, stopped_by_signal
from aldis.clock import SystemClock
from aldis.settings import Settings, load
from aldis.telemetry import configure_logs

#: sysexits.h: internal software error
EX_SOFTWARE = 70


@click.command()
@config_option
@data_dir_option
def serve(config_file: Path, data_dir: Path) -> None:
    """Run the gateway. SIGTERM or Ctrl-C stops it in good order."""
    settings = load(config_file)
    configure_logs(settings.log.level, settings.log.format)
    run(_serve(settings, data_dir))


async def _serve(settings: Settings, data_dir: Path) -> None:
    stopped = stopped_by_signal()
    gateway = Gateway(settings, data_dir, SystemClock())
    await gateway.start()
    spare_the_collector()
    links = ", ".join(gateway.links_up()) or "none, so messages wait"
    click.echo(f"Aldis serves on {settings.http.listen}; links: {links}; Ctrl-C stops", err=True)
    if gateway.console is not None:
        click.echo(f"The console is at {gateway.console.url}", err=True)
        if not await gateway.store.operators.all():
            click.echo(
                "Nobody can sign in there yet: `aldis admin create NAME` makes the first admin", err=True
            )
    await first_of(stopped, gateway.lost)
    if gateway.lost.is_set():
        click.echo("the store's writer has ended by itself; ending as well", err=True)
        await gateway.abandon()
        os._exit(EX_SOFTWARE)  # as after a crash: what the others still have in hand cannot be written
    await gateway.stop()
