"""`aldis demo`: the whole gateway in one command, with a simulated carrier and four messages to watch."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console

from aldis.cli.running import run, stopped_by_signal
from aldis.cli.terminal import own_foreground
from aldis.clock import SystemClock
from aldis.demo.show import Demo
from aldis.demo.world import text_of, write_files
from aldis.settings import Settings, load, read
from aldis.telemetry import configure_logs


@click.command()
@click.option(
    "--once", is_flag=True, help="End when the four messages are delivered and their customers told."
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="Other settings than the demo's own; loopback only.",
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the store here instead of in a temporary folder.",
)
@click.option(
    "--files",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the demo's aldis.toml and world.toml here, and end.",
)
def demo(*, once: bool, config_file: Path | None, data_dir: Path | None, files: Path | None) -> None:
    """Show Aldis at work, then go on serving until Ctrl-C."""
    if files is not None:
        for path in write_files(files):
            click.echo(path)
        return
    settings = (
        load(config_file) if config_file else read(text_of("aldis.toml"), "the demo's aldis.toml", os.environ)
    )
    configure_logs(settings.log.level, settings.log.format)
    with own_foreground(), tempfile.TemporaryDirectory(prefix="aldis-demo-") as folder:
        run(_demo(settings, data_dir or Path(folder), once=once))


async def _demo(settings: Settings, data_dir: Path, *, once: bool) -> None:
    stopped = stopped_by_signal()
    console = Console(highlight=False, soft_wrap=True)
    await Demo(settings, data_dir, SystemClock(), console, sys.argv[0]).run(once=once, stopped=stopped)
