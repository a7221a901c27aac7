"""`aldis decode HEX`: any SMPP PDU field by field, with the clause of the specification."""

from __future__ import annotations

import re
import sys

import click
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aldis.admin.wire import PduLine
from aldis.clock import SystemClock, as_datetime
from aldis.errors import GatewayError, SettingsError
from aldis.links.smpp.explain import lines
from aldis.smpp import codec

#: lines are not folded where nobody's terminal sets their width
FILE_COLUMNS = 1000


@click.command()
@click.argument("octets")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def decode(*, octets: str, as_json: bool) -> None:
    """Show the SMPP PDUs in OCTETS (hexadecimal; blanks, colons and 0x are overlooked; - reads stdin)."""
    text = sys.stdin.read() if octets == "-" else octets
    try:
        left = bytes.fromhex(re.sub(r"0x|[\s:,-]", "", text))
    except ValueError as fault:
        raise SettingsError([f"these are no octets in hexadecimal: {fault}"]) from None
    if not left:
        raise SettingsError(["there are no octets to decode"])
    wrong, shown, now = "", [], as_datetime(SystemClock().now())
    while left:
        size = codec.length(left, 0) if len(left) >= codec.HEADER_OCTETS else 0
        if not codec.HEADER_OCTETS <= size <= len(left):
            wrong = f"{len(left)} octets, of which command_length counts {size}: that is no whole PDU"
            break
        shown.append(list(lines(left[:size], now)))
        wrong = wrong or next((line.meaning for line in shown[-1] if line.name == "FAULT"), "")
        left = left[size:]
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(shown)).decode())
    else:
        _print(shown)
    if wrong:
        raise GatewayError(wrong)


def _print(shown: list[list[PduLine]]) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=FILE_COLUMNS)
    for pdu in shown:
        table = Table(box=None, show_header=False, pad_edge=False)
        for is_short in (True, False, False, True):
            table.add_column(no_wrap=is_short, overflow="fold")
        for line in pdu:
            table.add_row(
                escape(line.name), escape(line.value), escape(line.meaning), f"[dim]{line.clause}[/]"
            )
        console.print(table)
        console.print()
