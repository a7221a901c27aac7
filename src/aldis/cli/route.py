"""`aldis route NUMBER`: which link and price a message would get, and why no other."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

from aldis.accounts.account import Account
from aldis.accounts.directory import Directory
from aldis.accounts.number_plans import VERSION, KnownBy
from aldis.accounts.numbering import Numbering, Recipient, read_number
from aldis.accounts.routing import Content
from aldis.admin.routing import Explanation, explain
from aldis.app.linking import router_of
from aldis.cli.opened import StoreLocation, echo_json, existing_store_options
from aldis.cli.running import json_option
from aldis.dialects.registry import POLICIES
from aldis.errors import GatewayError
from aldis.sms.address import as_dialled

_KNOWN_BY = {
    KnownBy.NUMBER_RANGE: "known by a number_range of the directory",
    KnownBy.LENGTH: f"not known to be in use (phonenumberslite {VERSION}): read by its length",
}


@click.command()
@click.argument("number")
@click.option(
    "--account", default="", help="Whose message: its default sender, its country of local numbers."
)
@click.option(
    "--dialect", type=click.Choice(sorted(POLICIES)), help="How the number and the carrier are written."
)
@click.option("--sender", default="", help="The sender; the account's default one if left out.")
@click.option("--carrier", default="", help="The carrier: our name, or the dialect's code.")
@click.option("--mms", "is_mms", is_flag=True, help="A multimedia message.")
@json_option
@existing_store_options
def route(  # noqa: PLR0913 - one argument an option
    *,
    number: str,
    account: str,
    dialect: str | None,
    sender: str,
    carrier: str,
    is_mms: bool,
    as_json: bool,
    where: StoreLocation,
) -> None:
    """Explain which link a message to NUMBER takes and what it costs."""
    known = where.run(lambda store: store.directory.load())
    whose = known.accounts.get(account)
    if account and whose is None:
        raise GatewayError(f"there is no account `{account}`")
    recipient = _recipient(known, number, whose, dialect)
    if whose is not None:
        sender = sender or whose.default_sender
    named = known.carrier(dialect or "", carrier) or (carrier if carrier in known.carrier_names() else "")
    if carrier and not named:
        raise GatewayError(f"there is no carrier `{carrier}`")
    content = Content(0) if is_mms else None
    found = explain(known, router_of(where.settings.link), recipient, sender, named, content)
    if as_json:
        echo_json(found)
    else:
        _print(found)


def _recipient(known: Directory, number: str, account: Account | None, dialect: str | None) -> Recipient:
    numbering = POLICIES[dialect].numbering if dialect else Numbering.INTERNATIONAL
    countries = {
        credential.country
        for credential in known.credentials.values()
        if account is not None and credential.account == account.name and credential.dialect == dialect
    }
    number = as_dialled(number)
    if numbering is Numbering.INTERNATIONAL:
        number = number.removeprefix("+")
    home = next(iter(sorted(countries, reverse=True)), "")
    found = read_number(number, numbering, home, known.number_ranges)
    if found is None:
        where = f" in {home}, nor one with its country code" if home else ""
        raise GatewayError(f"`{number}` is no number{where}")
    return found


def _print(found: Explanation) -> None:
    console = Console(soft_wrap=True)
    carrier = found.carrier or "unknown carrier"
    console.print(f"{found.recipient.msisdn}: {found.recipient.country}, {carrier}", highlight=False)
    if found.known_by is not KnownBy.METADATA:
        console.print(_KNOWN_BY[found.known_by], highlight=False)
    if found.links:
        console.print(f"link: {', then '.join(found.links)}", highlight=False, markup=False)
    else:
        console.print("link: none, so it is refused", highlight=False)
    for link in found.unknown_links:
        console.print(f"the settings have no link {link}", highlight=False, markup=False)
    unit = "message" if found.is_mms else "segment"
    price = "none, so it is refused" if found.price is None else f"{found.price} a {unit}"
    console.print(f"price: {price}", highlight=False)
    table = Table("carrier", "sender", "country", "links", "")
    for rule in found.rules:
        verdict = rule.verdict if rule.verdict in ("chosen", "less telling") else f"another {rule.verdict}"
        cells = (rule.route.carrier, rule.route.sender, rule.route.country)
        table.add_row(*(cell or "any" for cell in cells), " → ".join(rule.route.links), verdict)
    console.print(table)
    if found.left_out:
        console.print(f"and {found.left_out} routes that are further from it", highlight=False)
