"""`aldis serve`: runs the gateway until it is told to stop."""

from __future__ import annotations

from pathlib import Path

import click

from aldis.app import Gateway
from aldis.cli.running import config_option, data_dir_option, run, set_up_logs, stopped_by_signal
from aldis.clock import SystemClock
from aldis.settings import Settings, load


@click.command()
@config_option
@data_dir_option
def serve(config_file: Path, data_dir: Path) -> None:
    """Run the gateway. SIGTERM or Ctrl-C stops it in good order."""
    settings = load(config_file)
    set_up_logs(settings.log)
    run(_serve(settings, data_dir))


async def _serve(settings: Settings, data_dir: Path) -> None:
    stopped = stopped_by_signal()
    gateway = Gateway(settings, data_dir, SystemClock())
    await gateway.start()
    links = ", ".join(gateway.links_up()) or "none, so messages wait"
    click.echo(f"Aldis serves on {settings.http.listen}; links: {links}; Ctrl-C stops", err=True)
    await stopped.wait()
    await gateway.stop()
