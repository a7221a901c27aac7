"""`aldis tail`: what happens, as it happens, from the store; links from the running gateway's door."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import click
import msgspec
from rich.console import Console
from rich.text import Text

from aldis.accounts.directory import CurrentDirectory
from aldis.admin.event_feed import EventFeed, EventFilter, FeedEvent
from aldis.cli.door import DoorClient
from aldis.cli.opened import StoreLocation, existing_store_options
from aldis.cli.running import printable, stopped_by_signal
from aldis.errors import GatewayError
from aldis.settings import Settings
from aldis.stages.follow import DirectoryFollower
from aldis.store.contract.store import Store

PERIOD_S = 1.0
_STYLES = {
    "message.accepted": "cyan",
    "message.sent": "blue",
    "postback.failed": "yellow",
    "link.up": "green",
    "link.down": "red",
}


@click.command()
@click.option("--account", default="", help="Only what concerns an account.")
@click.option("--state", default="", help="Only messages that come to a state, such as delivered.")
@click.option("--link", default="", help="Only what goes over a link.")
@click.option("--number", default="", help="Only from or to a number; its last digits are enough.")
@click.option("--after", default="", help="Go on after the event with this id, an hour old at most.")
@click.option("--once", is_flag=True, help="Tell what there is and end; with --after, what was missed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, a line for each event.")
@existing_store_options
def tail(  # noqa: PLR0913 - one argument an option
    *,
    account: str,
    state: str,
    link: str,
    number: str,
    after: str,
    once: bool,
    as_json: bool,
    where: StoreLocation,
) -> None:
    """Tell what happens to messages, postbacks and links, until Ctrl-C."""
    wanted = EventFilter(account, state, link, number.lstrip("+"))
    console = Console(highlight=False, soft_wrap=True)

    def show(event: FeedEvent) -> None:
        """Print one event."""
        if as_json:
            click.echo(msgspec.json.encode(event).decode())
        else:
            console.print(_line(event))

    where.run(lambda store: _tail(store, where.settings, wanted, after, show, once=once))


async def _tail(
    store: Store,
    settings: Settings,
    wanted: EventFilter,
    after: str,
    show: Callable[[FeedEvent], None],
    *,
    once: bool,
) -> None:
    stopped = stopped_by_signal()
    current = CurrentDirectory(await store.directory.load())
    if wanted.account and wanted.account not in current.directory.accounts:
        raise GatewayError(f"there is no account `{wanted.account}`")
    happenings = EventFeed(store.events, current, store.clock)
    async with DoorClient(settings.http) as door:
        pause = _pause(stopped, DirectoryFollower(store.directory, current), once=once)
        async for events in happenings.follow(after, wanted, door.binds_or_none, pause):
            for event in events:
                show(event)


def _pause(
    stopped: asyncio.Event, follower: DirectoryFollower, *, once: bool
) -> Callable[[], Awaitable[bool]]:
    async def pause() -> bool:
        """Wait for the next round; accounts may be new by then."""
        if not once:
            with suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), PERIOD_S)
        await follower.step()
        return not (once or stopped.is_set())

    return pause


def _line(event: FeedEvent) -> Text:
    style = _STYLES.get(event.event, "")
    if event.event == "message.ended":
        style = "green" if event.state == "delivered" else "red"
    line = Text.assemble((event.at[11:23], "dim"), "  ", (f"{event.event:17}", style), " ")
    if event.message_id is None:
        return line.append(event.link)
    what = [str(event.message_id), f"{event.sender} → {event.recipient}", event.state]
    if event.account:
        what.insert(1, event.account)
    what += [f"by {event.link}"] if event.link else []
    what += [event.reason] if event.reason else []
    return line.append(printable("  ".join(what)))
