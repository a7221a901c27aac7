"""`aldis simulator`: the simulated SMSC alone, for other people's tests and for stopping and starting a
carrier.
"""

from __future__ import annotations

import click

from aldis.app.simulator import Simulator
from aldis.cli.running import run, stopped_by_signal
from aldis.clock import SystemClock
from aldis.errors import SettingsError
from aldis.settings import SimulatorSettings, host_and_port, own_http_fault
from aldis.telemetry import configure_logs


@click.command()
@click.option("--listen", default="127.0.0.1:2775", show_default=True, help="Where SMPP is spoken.")
@click.option(
    "--view", default="127.0.0.1:8090", show_default=True, help="Where the handsets can be looked at by HTTP."
)
@click.option("--system-id", default="", help="Who may bind; everyone when left out.")
@click.option("--password", default="", envvar="ALDIS_SIMULATOR_PASSWORD", help="With which password.")
@click.option("--vasp-url", default="", help="Where the MMSC sends its reports and what handsets send.")
@click.option("--vasp-user", default="", help="What it shows there.")
@click.option(
    "--vasp-password", default="", envvar="ALDIS_SIMULATOR_VASP_PASSWORD", help="With which password."
)
def simulator(
    *,
    listen: str,
    view: str,
    system_id: str,
    password: str,
    vasp_url: str,
    vasp_user: str,
    vasp_password: str,
) -> None:
    """Run a simulated carrier; the last two digits of a number decide what it does."""
    for address in (listen, view):
        try:
            host_and_port(address)
        except ValueError as fault:
            raise SettingsError([str(fault)]) from None
    configure_logs("info", "auto")
    if vasp_url and (told := own_http_fault(vasp_url)):
        raise SettingsError([f"`{vasp_url}` {told}"])
    settings = SimulatorSettings(
        listen=listen,
        view=view,
        system_id=system_id,
        password=password,
        vasp_url=vasp_url,
        vasp_user=vasp_user,
        vasp_password=vasp_password,
    )
    run(_simulate(settings))


async def _simulate(settings: SimulatorSettings) -> None:
    stopped = stopped_by_signal()
    simulated = Simulator(settings, SystemClock())
    await simulated.start()
    click.echo(
        f"SMPP on {settings.listen}, MM7 at http://{settings.view}/mm7, "
        f"handsets at http://{settings.view}/handsets; Ctrl-C stops",
        err=True,
    )
    await stopped.wait()
    await simulated.stop()
