"""`aldis message ID` and `aldis messages`: what became of messages; for programs with --json."""

from __future__ import annotations

import base64
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aldis.accounts.price import from_micros
from aldis.app import open_store
from aldis.cli.running import (
    config_option,
    data_dir_option,
    existing_store,
    printable,
    run,
    settings_or_default,
)
from aldis.clock import as_datetime
from aldis.errors import GatewayError
from aldis.settings import Settings
from aldis.store.contract import Timeline
from aldis.traffic.message import MessageFacts, SegmentFacts


@click.command()
@click.argument("which")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@config_option
@data_dir_option
def message(*, which: str, as_json: bool, config_file: Path, data_dir: Path) -> None:
    """Tell the life of one message: its id or the reference that the customer knows it by."""
    found = run(_timeline(existing_store(settings_or_default(config_file), data_dir), data_dir, which))
    if found is None:
        raise GatewayError(f"there is no message `{which}` in {data_dir}")
    if as_json:
        click.echo(_json(found[0]))
    else:
        _print_timeline(*found)


@click.command()
@click.argument("text", default="")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="How many at most."
)
@click.option("--counts", is_flag=True, help="Count all messages by state instead.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@config_option
@data_dir_option
def messages(
    *, text: str, limit: int, counts: bool, as_json: bool, config_file: Path, data_dir: Path
) -> None:
    """List the newest messages, or those with TEXT as their reference or recipient."""
    if counts:
        states = run(_counts(existing_store(settings_or_default(config_file), data_dir), data_dir))
        lines = "\n".join(f"{count:>10}  {state}" for state, count in sorted(states.items()))
        click.echo(_json(states) if as_json else lines or "no messages")
        return
    found = run(
        _find(existing_store(settings_or_default(config_file), data_dir), data_dir, text.lstrip("+"), limit)
    )
    if as_json:
        click.echo(_json(found))
    else:
        _print_messages(found)


def _json(facts: object) -> str:
    """Write facts for programs: instants in ISO 8601, null for what has not happened, the echo as it was
    given.
    """
    return msgspec.json.format(msgspec.json.encode(_plain(msgspec.to_builtins(facts))), indent=2).decode()


def _plain(value: object, name: str = "") -> object:
    if isinstance(value, dict):
        return {key: _plain(inner, key) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if name.endswith("_at") and isinstance(value, int):
        return as_datetime(value).isoformat(timespec="milliseconds") if value else None
    if name == "echo" and isinstance(value, str):
        return msgspec.json.decode(base64.b64decode(value))
    return value


async def _timeline(settings: Settings, data_dir: Path, which: str) -> tuple[Timeline, str] | None:
    """Find a message by id or reference, with a line about its account's money."""
    store = open_store(settings, data_dir)
    try:
        found = await store.timeline(int(which)) if which.isdigit() else None
        if found is None and (named := await store.find(which, 1)):
            found = await store.timeline(named[0].message_id)
        if found is None:
            return None
        account = (await store.directory()).accounts_by_id[found.message.account_id]
        left = from_micros((await store.balance(account.account_id)).available)
        return found, f"account {account.name}, {left} {account.currency} left"
    finally:
        await store.close()


async def _counts(settings: Settings, data_dir: Path) -> dict[str, int]:
    store = open_store(settings, data_dir)
    try:
        return await store.count_by_state()
    finally:
        await store.close()


async def _find(settings: Settings, data_dir: Path, text: str, limit: int) -> list[MessageFacts]:
    store = open_store(settings, data_dir)
    try:
        return await store.find(text, limit)
    finally:
        await store.close()


def _print_messages(found: list[MessageFacts]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("id", "accepted", "dialect", "reference", "from", "to", "seg", "state", "reason"):
        table.add_column(heading, no_wrap=True, overflow="fold" if heading == "reason" else "ellipsis")
    for item in found:
        table.add_row(
            str(item.message_id),
            as_datetime(item.accepted_at).strftime("%m-%d %H:%M:%S"),
            item.dialect,
            item.reference,
            item.sender,
            item.recipient,
            str(item.segments),
            item.state,
            item.reason,
        )
    console = Console()
    # a pipe has no width: give the table what it needs
    Console(width=None if console.is_terminal else 200).print(table if found else "no messages")


def _print_timeline(timeline: Timeline, account: str) -> None:
    item = timeline.message
    console = Console(highlight=False)
    console.print(
        f"[bold]message {item.message_id}[/bold]: {item.dialect}, known as {escape(item.reference)}"
    )
    unit = f"{item.segments} segment(s)" if not timeline.parts else "multimedia"
    cost = from_micros(item.price_micros * item.segments)
    route = f"{item.sender} → {item.recipient} ({item.country}) by {item.link}"
    console.print(f"{route}, {unit}, {cost}; {account}")
    for number, part in enumerate(timeline.parts):
        told = f"  attachment {number}: {printable(part.content_type)}, {part.octets} octets, {part.digest}"
        console.print(told, markup=False, soft_wrap=True)
    events = [(item.accepted_at, "accepted")]
    events += [(s.submitted_at, f"{_named(s)} submitted as {s.smsc_message_id}") for s in timeline.segments]
    events += [
        (s.receipt_at, f"{_named(s)} {s.state} {s.error_code}") for s in timeline.segments if s.receipt_at
    ]
    if item.ended_at:
        events.append((item.ended_at, f"{item.state} {item.reason}"))
    for postback in timeline.postbacks:
        fate = (
            "taken"
            if postback.done
            else "given up"
            if postback.due_at is None
            else f"due {_when(postback.due_at)}"
        )
        tried = f"after {postback.attempts} tries: {postback.last_http_status or ''} {postback.last_fault}"
        events.append(
            (postback.last_tried_at or postback.happened_at, f"postback '{postback.event}' {fate} {tried}")
        )
    for at, text in sorted(events, key=lambda event: event[0]):
        console.print(f"  {_when(at)}  {text}", markup=False)
    if not item.ended_at:
        console.print(f"  now {item.state}, {item.attempts} attempt(s) {item.reason}", markup=False)


def _when(instant: int) -> str:
    return as_datetime(instant).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _named(segment: SegmentFacts) -> str:
    return f"segment {segment.number}" if segment.number else "the whole message"
