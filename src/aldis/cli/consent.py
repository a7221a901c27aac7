"""`aldis consent`: who agreed to hear from whom: import, export, one number's history."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from typing import TextIO

import click
from rich.console import Console
from rich.progress import Progress

from aldis.accounts.number_plans import country_fault
from aldis.admin.consents import Consents, Wish, check, read_numbers
from aldis.app.entropy import token
from aldis.cli.admin import whoever_runs_this
from aldis.cli.opened import StoreLocation, echo_json, existing_store_options, when
from aldis.cli.running import json_option, printable
from aldis.errors import GatewayError
from aldis.sms.address import as_dialled
from aldis.stages.opt_outs import OptOutBarrier
from aldis.store.contract.hints import Hint
from aldis.store.contract.store import Store
from aldis.traffic.consent import ConsentKind

#: changes of one number that are listed
HISTORY_SHOWN = 1000


@click.group()
def consent() -> None:
    """Look after who agreed to hear from whom."""


@consent.command()
@click.argument("number")
@json_option
@existing_store_options
def show(*, number: str, as_json: bool, where: StoreLocation) -> None:
    """Tell the history of NUMBER, newest first."""
    digits = as_dialled(number).removeprefix("+")
    found = where.run(lambda store: store.consent.history(digits, HISTORY_SHOWN))
    if as_json:
        echo_json(found)
        return
    for change in found:
        topic = change.topic or "everything"
        words = f": {printable(change.words)}" if change.words else ""
        click.echo(f"{when(change.at)}  {change.kind}  {change.sender}  {topic}  by {change.source}{words}")
    if not found:
        click.echo(f"nothing is known of {number}")


@consent.command("opt-in")
@click.argument("number")
@click.option("--sender", required=True, help="Whom they agreed to hear from.")
@click.option("--topic", default="", help="The keyword or campaign; without it, take back having left.")
@click.option("--why", default="", help="For the history.")
@existing_store_options
def opt_in(*, number: str, sender: str, topic: str, why: str, where: StoreLocation) -> None:
    """Write down that NUMBER agreed; who said STOP by handset comes back by handset only."""
    _change(where, Wish(sender, topic, ConsentKind.OPT_IN), number, why)
    click.echo(f"{number} has opted in")


@consent.command("opt-out")
@click.argument("number")
@click.option("--sender", required=True, help="Whom they hear from no more.")
@click.option("--topic", default="", help="The keyword or campaign; without it, everything.")
@click.option("--why", default="", help="For the history.")
@existing_store_options
def opt_out(*, number: str, sender: str, topic: str, why: str, where: StoreLocation) -> None:
    """Write down that NUMBER has left a topic or everything."""
    _change(where, Wish(sender, topic, ConsentKind.OPT_OUT), number, why)
    click.echo(f"{number} has opted out")


def _consents(store: Store) -> Consents:
    """Give what changes them, in a process that holds no messages."""
    opt_outs = OptOutBarrier(lambda _people: store.hints.tell(Hint(opted_out=True)), store.shared)
    return Consents(store.consent, store.directory, store.audit, opt_outs, token, store.clock)


def _change(where: StoreLocation, wish: Wish, number: str, why: str) -> None:
    actor = whoever_runs_this()
    where.run(lambda store: _consents(store).change(actor, wish, number, why, store.clock.now()))


@consent.command("import")
@click.argument("file", type=click.File(encoding="utf-8", errors="replace"))
@click.option("--sender", required=True, help="Whom they agreed to hear from.")
@click.option("--topic", default="", help="The keyword or campaign.")
@click.option("--opt-out", "opts_out", is_flag=True, help="They left: the topic, or without one everything.")
@click.option("--country", default="", help="Of numbers without their country code (ISO 3166): US.")
@existing_store_options
def import_(
    *, file: TextIO, sender: str, topic: str, opts_out: bool, country: str, where: StoreLocation
) -> None:
    """Read numbers from a CSV FILE (- reads stdin), as `aldis bulk` reads tables."""
    if fault := country_fault(country):
        raise GatewayError(fault)
    if not opts_out and not topic:
        raise GatewayError("say with --topic which keyword or campaign they agreed to")
    wish = Wish(sender, topic, ConsentKind.OPT_OUT if opts_out else ConsentKind.OPT_IN)
    check(wish)
    found = read_numbers(file, country)
    changed = where.run(lambda store: _import(store, wish, found.numbers))
    verb = "opted out" if opts_out else "opted in"
    click.echo(f"{changed} {verb}, {len(found.numbers) - changed} as they were or not to be brought back")
    for line in found.faults:
        click.echo(line, err=True)
    if len(found.faults) < found.faulty:
        click.echo(f"and {found.faulty - len(found.faults)} more", err=True)
    if found.faulty:
        raise GatewayError(f"{found.faulty} lines have no international number; the others are in")


async def _import(store: Store, wish: Wish, numbers: list[str]) -> int:
    changed = 0
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("importing", total=len(numbers))
        consents, now = _consents(store), store.clock.now()
        await consents.note_import(whoever_runs_this(), wish, len(numbers), now)
        async for done, more in consents.take_in(wish, numbers, now):
            changed += more
            progress.advance(task, done)
    return changed


@consent.command()
@click.option("--sender", required=True, help="Whom they agreed to hear from.")
@click.option("--topic", default="", help="The keyword or campaign.")
@click.option("--opt-out", "opts_out", is_flag=True, help="Those who have said STOP instead.")
@existing_store_options
def export(*, sender: str, topic: str, opts_out: bool, where: StoreLocation) -> None:
    """Write numbers as CSV to stdout."""
    if bool(topic) == opts_out:
        raise GatewayError("say either --topic or --opt-out")
    kind = ConsentKind.OPT_OUT if opts_out else ConsentKind.OPT_IN
    where.run(lambda store: _export(store, Wish(sender, topic, kind)))


async def _export(store: Store, wish: Wish) -> None:
    _write(["msisdn"])
    async for numbers in _consents(store).numbers(wish):
        _write(numbers)


def _write(numbers: Iterable[str]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerows([number] for number in numbers)
