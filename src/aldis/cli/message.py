"""`aldis message ID`: the life of one message; has the running gateway send it again or call it back.

Which messages are in a sender's hands only the gateway's process knows, so a change is an order that it
carries out within a second. Without a gateway nothing is changed.
"""

from __future__ import annotations

import click
from rich.console import Console
from rich.markup import escape

from aldis.accounts.price import from_micros
from aldis.admin.message_document import as_document
from aldis.admin.messages import Told
from aldis.admin.ordering import order
from aldis.admin.timeline import expectation
from aldis.admin.waiting import Waiting
from aldis.cli.admin import whoever_runs_this
from aldis.cli.link import seen
from aldis.cli.opened import Opened, StoreLocation, as_json, existing_store_options
from aldis.cli.running import printable
from aldis.clock import as_datetime
from aldis.errors import GatewayError
from aldis.store.contract.actions import Command, CommandAnswer, CommandKind
from aldis.store.contract.search import MessageFilter

_DONE = {
    CommandKind.AGAIN: "sent again as message {}",
    CommandKind.CANCEL: "cancelled",
    CommandKind.TRY_AGAIN: "is tried again",
}


@click.command()
@click.argument("which")
@click.option(
    "--again", "kind", flag_value=CommandKind.AGAIN.value, help="Send it once more, as a new message."
)
@click.option(
    "--cancel", "kind", flag_value=CommandKind.CANCEL.value, help="Call it back, if it still waits."
)
@click.option(
    "--try-again",
    "kind",
    flag_value=CommandKind.TRY_AGAIN.value,
    help="Have it claimed again, if it is set aside.",
)
@click.option("--json", "as_json_", is_flag=True, help="Print JSON.")
@existing_store_options
def message(*, which: str, kind: str | None, as_json_: bool, where: StoreLocation) -> None:
    """Tell the life of one message: by its id, the reference that the customer knows it by, or the number
    that got it. --again, --cancel and --try-again take a running gateway.
    """
    if kind is not None:
        answer = where.look(lambda known: _ordered(known, which, where, CommandKind(kind)))
        if as_json_:
            click.echo(as_json(answer))
        else:
            click.echo(_DONE[CommandKind(kind)].format(answer.answer))
        return
    told, waits_for, left = where.look(lambda known: _told(known, which, where))
    if as_json_:
        click.echo(as_json(as_document(told, waits_for)))
    else:
        _print(told, waits_for, left)


async def _told(known: Opened, which: str, where: StoreLocation) -> tuple[Told, tuple[str, ...], str]:
    """Find a message, what it waits for, and what is left of its account's money."""
    told = await known.messages.tell(await _found(known, which, where))
    waits_for: tuple[str, ...] = ()
    if not told.view.message.ended_at:
        waiting = Waiting(known.store.search, await seen(known.store, where))
        waits_for = await waiting.reasons(told.view, known.store.clock.now())
    balance = await known.store.queries.balance(told.view.message.account_id)
    return told, waits_for, from_micros(balance.available)


async def _found(known: Opened, which: str, where: StoreLocation) -> int:
    wanted = await known.messages.guess(which, MessageFilter())
    before = 0
    while True:
        page = await known.messages.search(wanted, before, 1)
        if page.found:
            return page.found[0].message.message_id
        before = page.next_before
        if not before:
            raise GatewayError(f"there is no message `{which}` in {where.data_dir}")


async def _ordered(known: Opened, which: str, where: StoreLocation, kind: CommandKind) -> CommandAnswer:
    """Have the gateway do it; raises GatewayError where it will not, or where there is none."""
    message_id, actor = await _found(known, which, where), whoever_runs_this()
    command = Command(0, kind, message_id, actor.name, actor.role, known.store.clock.now())
    answer = await order(known.store.commands, command)
    if answer is None:
        raise GatewayError(
            f"no gateway on {where.data_dir} answers, so nothing was done; `aldis serve` starts one"
        )
    if not answer.done:
        raise GatewayError(answer.answer)
    return answer


def _print(told: Told, waits_for: tuple[str, ...], left: str) -> None:
    item, console = told.view.message, Console(highlight=False, soft_wrap=True)
    console.print(
        f"[bold]message {item.message_id}[/bold]: {item.dialect}, known as {escape(item.reference)}"
    )
    unit = f"{item.segments} segment(s) in {told.written.encoding}" if not told.view.parts else "multimedia"
    cost = from_micros(item.price_micros * item.segments)
    route = f"{item.sender} → {item.recipient} ({item.country}) by {item.link}"
    account = f"account {told.account}, {left} {told.currency} left" if told.account else "account gone"
    console.print(f"{route}, {unit}, {cost}; {account}", markup=False)
    for number, part in enumerate(told.view.parts):
        line = f"  attachment {number}: {printable(part.content_type)}, {part.octets} octets, {part.digest}"
        console.print(line, markup=False)
    for event in told.events:
        console.print(f"  {_when(event.at)}  {event.text}", markup=False)
    for postback in told.view.postbacks:
        if not postback.done and postback.due_at is not None:
            console.print(f"  {_when(postback.due_at)}  postback '{postback.event}' is due", markup=False)
    if not told.view.postbacks:
        console.print(f"  no postbacks: {expectation(told.view)}", markup=False)
    if not item.ended_at:
        console.print(f"  now {item.state}, {item.attempts} attempt(s) {item.reason}", markup=False)
    for each in waits_for:
        console.print(f"  waits for {each}", markup=False)


def _when(instant: int) -> str:
    return as_datetime(instant).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
