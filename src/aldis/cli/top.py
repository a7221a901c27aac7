"""`aldis top`: what a running gateway is doing, live on a terminal or once for programs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
import msgspec
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from aldis.admin.metrics_snapshot import LinkNow, Reading, Sample, between, links_between
from aldis.cli.door import DoorClient
from aldis.cli.running import Seconds, config_option, first_of, run, settings_or_default, stopped_by_signal
from aldis.clock import Clock, SystemClock, as_datetime
from aldis.settings import Settings
from aldis.traffic.submission import Priority


class Standing(msgspec.Struct, frozen=True):
    """How the gateway stands; for programs, with named fields."""

    #: ISO 8601
    at: str
    accepted_per_s: float
    sent_per_s: float
    inbound_per_s: float
    delivered_per_s: float
    undelivered_per_s: float
    told_per_s: float
    queued: int
    postbacks_pending: int
    links: list[LinkNow]


@click.command()
@click.option("--once", is_flag=True, help="Look once, for as long as the interval, and end.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, a line for each look.")
@click.option(
    "--interval",
    default=1.0,
    show_default=True,
    type=Seconds(0.1, 60),
    help="Seconds between looks.",
)
@config_option
def top(*, once: bool, as_json: bool, interval: float, config_file: Path) -> None:
    """Show rates, queues and links of the running gateway; Ctrl-C ends.

    Reads /metrics and /health/ready at the address that the settings say.
    """
    run(_top(settings_or_default(config_file), SystemClock(), interval, once=once, as_json=as_json))


async def _top(settings: Settings, clock: Clock, interval: float, *, once: bool, as_json: bool) -> None:
    stopped = stopped_by_signal()
    async with DoorClient(settings.http) as door:
        before, then = await door.reading(), clock.monotonic()
        console = Console()
        with Live(console=console, auto_refresh=False, transient=once or as_json) as live:
            while not await _rest(stopped, interval):
                reading, binds, now = await door.reading(), await door.binds(), clock.monotonic()
                standing = _stand(before, reading, now - then, clock.now(), binds)
                before, then = reading, now
                if as_json:
                    click.echo(msgspec.json.encode(standing).decode())
                elif not once:
                    live.update(_drawn(standing), refresh=True)
                if once:
                    break
        if once and not as_json and not stopped.is_set():
            console.print(_drawn(standing))


async def _rest(stopped: asyncio.Event, seconds: float) -> bool:
    """Wait; returns whether to stop."""
    late = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, late.set)
    await first_of(stopped, late)
    return stopped.is_set()


def _stand(
    before: Reading, after: Reading, seconds: float, now: int, binds: dict[str, list[str]]
) -> Standing:
    sample: Sample = between(before, after, seconds, now // 1000)
    return Standing(
        at=as_datetime(now).isoformat(timespec="milliseconds"),
        accepted_per_s=sample.accepted,
        sent_per_s=sample.sent,
        inbound_per_s=sample.inbound,
        delivered_per_s=sample.delivered,
        undelivered_per_s=sample.undelivered,
        told_per_s=sample.told,
        queued=sample.queued,
        postbacks_pending=sample.pending,
        links=links_between(before, after, seconds, binds),
    )


def _drawn(standing: Standing) -> Group:
    rates = Table(box=None, pad_edge=False)
    numbers = {
        "accepted/s": standing.accepted_per_s,
        "sent/s": standing.sent_per_s,
        "delivered/s": standing.delivered_per_s,
        "failed/s": standing.undelivered_per_s,
        "inbound/s": standing.inbound_per_s,
        "told/s": standing.told_per_s,
        "waiting": standing.queued,
        "pending": standing.postbacks_pending,
    }
    for heading in numbers:
        rates.add_column(heading, justify="right")
    rates.add_row(*(_count(number) for number in numbers.values()))
    links = Table(box=None, pad_edge=False)
    for heading in ("link", "binds", "in flight", "sent/s", "not taken/s", "limit/s", "waiting"):
        links.add_column(heading, justify="left" if heading in ("link", "binds") else "right")
    for link in standing.links:
        links.add_row(*_row(link))
    return Group(Text(standing.at, style="dim"), rates, Text(), links)


def _row(link: LinkNow) -> tuple[Text | str, ...]:
    waiting = ", ".join(
        f"{Priority(priority).name.lower().replace('_', ' ')} {_count(count)}"
        for priority, count in link.queued.items()
        if count
    )
    return (
        link.name,
        Text(", ".join(link.binds), style="green" if link.is_up else "red"),
        f"{link.in_flight}/{link.window}",
        _count(link.per_s),
        _count(link.not_taken_per_s),
        f"slowed to {_count(link.slowed_to)}"
        if link.slowed_to
        else _count(link.limit)
        if link.limit
        else "-",
        waiting or "0",
    )


def _count(number: float) -> str:
    return f"{number:,.0f}" if number == int(number) else f"{number:,.1f}"
