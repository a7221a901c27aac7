"""`aldis segments TEXT`: how a text is written and cut, and what makes it long."""

from __future__ import annotations

import sys
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aldis.errors import GatewayError
from aldis.sms.encoding import Encoded, compose, decode
from aldis.sms.fitting import (
    ChosenEncoding,
    DefaultAlphabet,
    EncodingOptions,
    TextRules,
    fit,
    non_gsm_characters,
)
from aldis.sms.national_tables import Language
from aldis.sms.savings import savings
from aldis.sms.segments import Splitting, TooLong, segment_room, split

#: lines are not folded where nobody's terminal sets their width
FILE_COLUMNS = 2000
_LANGUAGES = [language.name.lower() for language in Language if language]


@click.command()
@click.argument("text")
@click.option("--smart", is_flag=True, help="Replace typographic characters where that avoids UCS-2.")
@click.option("--language", "languages", multiple=True, type=click.Choice(_LANGUAGES), metavar="NAME",
              help=f"Allow a national language's tables: {', '.join(_LANGUAGES)}.")  # fmt: skip
@click.option("--splitting", default="udh8", show_default=True,
              type=click.Choice([s.value for s in Splitting]),
              help="How the upstream is told which segments belong together.")  # fmt: skip
@click.option("--alphabet", default="gsm", show_default=True,
              type=click.Choice([a.value for a in DefaultAlphabet]),
              help="What the upstream's default alphabet is.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def segments(
    *, text: str, smart: bool, languages: tuple[str, ...], splitting: str, alphabet: str, as_json: bool
) -> None:
    """Show how TEXT (- reads stdin) would be sent: encoding, segments, what forced UCS-2, what other settings
    would save.
    """
    if text == "-":  # without the line end that `echo` puts behind it
        text = sys.stdin.read().removesuffix("\n")
    chosen = tuple(Language[name.upper()] for name in languages)
    rules = TextRules(DefaultAlphabet(alphabet), chosen, Splitting(splitting))
    options = EncodingOptions(smart=smart)
    try:
        fitted = fit(text, rules, options)
    except TooLong:
        raise GatewayError("this text needs more than 255 segments") from None
    except UnicodeEncodeError:
        raise GatewayError(
            "this text is not UTF-8, or holds half of a character (a lone surrogate)"
        ) from None
    found = _explained(text, fitted, rules) | {"cheaper": _cheaper(text, rules, options)}
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        _print(found)


def _explained(text: str, fitted: ChosenEncoding, rules: TextRules) -> dict[str, Any]:
    encoded = fitted.encoded
    unit = 2 if encoded.encoding else 1
    cut = split(encoded, 0, fitted.splitting)
    sent = decode(encoded)
    return {
        "encoding": encoded.encoding.name,
        "national_tables": {
            "locking": Language(encoded.locking).name.lower() if encoded.locking else None,
            "single": Language(encoded.single).name.lower() if encoded.single else None,
        },
        "segments": fitted.segments,
        "units": len(encoded.octets) // unit,
        "units_a_segment": segment_room(encoded, fitted.splitting, alone=fitted.segments == 1) // unit,
        "composed": compose(text) != text,
        "replaced": sent != compose(text),
        "forced_ucs2": [msgspec.structs.asdict(each) for each in non_gsm_characters(encoded, rules)],
        "contents": [
            {
                "text": decode(Encoded(encoded.encoding, part.octets, encoded.locking, encoded.single)),
                "units": len(part.octets) // unit,
                "header": part.header.hex(" "),
                "octets": part.octets.hex(" "),
            }
            for part in cut
        ],
    }


def _cheaper(text: str, rules: TextRules, options: EncodingOptions) -> list[dict[str, Any]]:
    return [
        {
            "segments": saving.segments,
            "smart": saving.smart,
            "languages": [language.name.lower() for language in saving.languages],
        }
        for saving in savings(text, rules, options)
    ]


def _print(found: dict[str, Any]) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=FILE_COLUMNS)
    unit = "septets" if found["encoding"] == "GSM7" else "UTF-16 units"
    tables = " and ".join(f"{kind} shift {name}" for kind, name in found["national_tables"].items() if name)
    console.print(f"encoding  {found['encoding']}" + (f" with {tables}" if tables else ""))
    console.print(f"length    {found['units']} {unit}, {found['units_a_segment']} fit into a segment")
    console.print(f"segments  {found['segments']}")
    if found["composed"]:
        console.print("composed  letters and their marks")
    if found["replaced"]:
        console.print("replaced  typographic characters by those of the GSM alphabet")
    for forced in found["forced_ucs2"]:
        console.print(f"forced by {escape(forced['character'])}  {forced['name']}, {forced['times']} times")
    for saving in found["cheaper"]:
        wished = ["--smart"] if saving["smart"] else []
        if saving["languages"]:
            wished.append(f"--language {' or '.join(saving['languages'])}, whose tables handsets must have")
        count = saving["segments"]
        console.print(f"cheaper   {count} segment{'s'[count == 1 :]} with {' '.join(wished)}")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in ("", unit, "header", "text"):
        table.add_column(title, style="bold" if not title else "", overflow="fold")
    for number, part in enumerate(found["contents"], start=1):
        table.add_row(str(number), str(part["units"]), part["header"], escape(repr(part["text"])))
    console.print(table)
