"""The form of an account: which fields it has, in which order, how a record fills it and how it is read back.

The kind of a field follows from the record's annotation, so a field that is new to the directory's file turns
up by itself under the last legend. Pure.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Mapping
from typing import Any

import msgspec

from aldis.accounts.directory_file import AccountEntry
from aldis.accounts.senders import Sender
from aldis.dialects.registry import TRAITS

DIALECTS = tuple(sorted(TRAITS))
#: fieldsets: a legend and the fields below it
FIELDSETS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Rights", ("active", "may_send", "may_look_up", "networks")),
    ("Money", ("currency", "prepaid")),
    (
        "Pace and size",
        ("rate_per_s", "burst", "segments_per_s", "segment_burst", "max_segments", "smart_encoding"),
    ),
    (
        "What may be sent",
        ("alphanumeric_in", "default_sender", "stop_all_senders", "enforce_campaign", "reference_optional"),
    ),
    ("Postbacks", ("postback", "inbound", "failures_only", "postback_networks")),
    ("How postbacks are written and signed", ("postback_style", "postback_secret", "postback_headers")),
)
#: field → label, hint
WORDS: dict[str, tuple[str, str]] = {
    "active": ("Active", "otherwise every request is refused"),
    "may_send": ("May send", ""),
    "may_look_up": ("May ask whose a number is", ""),
    "networks": ("Source networks", "one a line: 192.0.2.0/24; empty: from nowhere"),
    "currency": ("Currency", "ISO 4217"),
    "prepaid": ("Prepaid", "refuse what the balance does not cover"),
    "rate_per_s": ("Messages a second", "empty: no limit"),
    "burst": ("Messages at once", ""),
    "segments_per_s": ("Segments a second", "empty: no limit"),
    "segment_burst": ("Segments at once", ""),
    "max_segments": ("Longest text, in segments", "1 to 255"),
    "smart_encoding": ("Smart encoding", "replace typographic characters where that avoids UCS-2"),
    "alphanumeric_in": ("Any alphanumeric sender in", ""),
    "default_sender": ("Default sender", "where a request names none"),
    "stop_all_senders": (
        "A STOP counts for all senders",
        "of the account; START for the one that it was sent to",
    ),
    "enforce_campaign": ("Skycore: demand a campaign", "that the recipient has subscribed to"),
    "reference_optional": ("Genesys: message_id may be left out", "then nothing tells duplicates"),
    "postback": ("Where delivery reports go", ""),
    "inbound": ("Where messages from handsets go", "the first one counts"),
    "failures_only": ("Report only what was not delivered in", ""),
    "postback_networks": ("Private networks that postbacks may reach", "one a line"),
    "postback_style": ("How postbacks are written", ""),
    "postback_secret": (
        "What postbacks are signed with",
        "******** stays as it is; write over it to change it, clear it to sign no more",
    ),
    "postback_headers": ("Headers that postbacks have besides", "Name: value, one a line; ******** as above"),
}
#: sets of dialects, of which one ticks some
_DIALECT_SETS = frozenset(("alphanumeric_in", "failures_only"))
#: what has a form of its own
_ELSEWHERE = frozenset(("name", "credit", "credential", "sender"))
SENDER_WORDS = ("keywords", "campaigns", "stop_words", "start_words", "help_words")
#: stands for the thousands of characters that a sender hears as STOP unless it names others
USUAL_PHRASES = "(usual)"
SENDER_REPLIES = ("stop_reply", "start_reply", "help_reply")
#: which sender, and what of it: as many as a form of `MAX_FORM_OCTETS` has, and more
_OF_SENDER = re.compile(r"sender\.(\d{1,4})\.(\w+)")


class FormField(msgspec.Struct, frozen=True):
    """One field of the form."""

    name: str
    #: "flag", "number", "text", "lines", "dialects" (ticks), "by dialect"
    kind: str
    label: str
    hint: str


def fieldsets() -> list[tuple[str, list[FormField]]]:
    """Give the form's fields under their legends."""
    kinds = {
        field.name: _kind(field.name, field.type)
        for field in msgspec.structs.fields(AccountEntry)
        if field.name not in _ELSEWHERE
    }
    named = {name for _, names in FIELDSETS for name in names}
    more = tuple(name for name in kinds if name not in named)
    sets = (*FIELDSETS, ("More", more)) if more else FIELDSETS
    return [
        (legend, [FormField(name, kinds[name], *WORDS.get(name, (_label(name), ""))) for name in names])
        for legend, names in sets
    ]


def filled(entry: AccountEntry) -> dict[str, str]:
    """Give the form's values for a record."""
    values: dict[str, str] = {"name": entry.name}
    for _, fields in fieldsets():
        for field in fields:
            value = getattr(entry, field.name)
            match field.kind:
                case "flag":
                    values[field.name] = "on" if value else ""
                case "lines":
                    values[field.name] = "\n".join(value)
                case "dialects":
                    values |= {f"{field.name}.{dialect}": "on" for dialect in value}
                case "by dialect":
                    values |= {f"{field.name}.{dialect}": text for dialect, text in value.items()}
                case _:
                    values[field.name] = (
                        "" if value is None else f"{value:g}" if _is_float(value) else str(value)
                    )
    for index, sender in enumerate(entry.sender):
        values |= _filled_sender(sender, index)
    return values


def read(form: Mapping[str, str]) -> dict[str, Any]:
    """Give the record's document from what was filled in; what cannot be a number stays as it was written."""
    data: dict[str, Any] = {"name": form.get("name", "").strip()}
    for _, fields in fieldsets():
        for field in fields:
            text = form.get(field.name, "").strip()
            match field.kind:
                case "flag":
                    data[field.name] = bool(text)
                case "lines":
                    data[field.name] = text.replace(",", " ").split()
                case "dialects":
                    data[field.name] = [d for d in DIALECTS if form.get(f"{field.name}.{d}")]
                case "by dialect":
                    given = {d: form.get(f"{field.name}.{d}", "").strip() for d in in_order(form, field.name)}
                    data[field.name] = {dialect: value for dialect, value in given.items() if value}
                case "number" if not text:
                    continue  # its default
                case "number":
                    data[field.name] = _number(text)
                case _:
                    data[field.name] = text
    data["sender"] = [sender for index in senders_in(form) if (sender := _read_sender(form, index))]
    return data


def in_order(values: Mapping[str, str], name: str) -> list[str]:
    """Give all dialects, first those that a field has a value for: where messages from handsets go, the first
    one counts.
    """
    begin = name + "."
    given = [key.removeprefix(begin) for key in values if key.startswith(begin)]
    return [*(dialect for dialect in given if dialect in TRAITS), *(d for d in DIALECTS if d not in given)]


def senders_in(form: Mapping[str, str]) -> range:
    """Give the numbers of the senders that a form has a value for."""
    found = (_OF_SENDER.fullmatch(name) for name, text in form.items() if text.strip())
    return range(max((int(each[1]) for each in found if each and each[2] == "value"), default=-1) + 1)


def without_gaps(form: Mapping[str, str]) -> dict[str, str]:
    """Give a form whose senders are numbered anew, without those that were cleared, as `read` does."""
    kept = [index for index in senders_in(form) if form.get(f"sender.{index}.value", "").strip()]
    places = {str(index): place for place, index in enumerate(kept)}
    values = {name: text for name, text in form.items() if not name.startswith("sender.")}
    for name, text in form.items():
        found = _OF_SENDER.fullmatch(name)
        if found and found[1] in places:
            values[f"sender.{places[found[1]]}.{found[2]}"] = text
    return values


def with_spare_sender(values: Mapping[str, str]) -> dict[str, str]:
    """Add a sender that may be filled in, with the usual replies."""
    spare = _filled_sender(Sender(""), senders_in(values).stop)
    return {**values, **spare}


def _filled_sender(sender: Sender, index: int) -> dict[str, str]:
    values = {f"sender.{index}.value": sender.value}
    for name in SENDER_WORDS:
        values[f"sender.{index}.{name}"] = ", ".join(getattr(sender, name))
    phrases = sender.stop_phrases
    values[f"sender.{index}.stop_phrases"] = USUAL_PHRASES if phrases is None else ", ".join(phrases)
    for name in SENDER_REPLIES:
        values[f"sender.{index}.{name}"] = getattr(sender, name)
    return values


def _read_sender(form: Mapping[str, str], index: int) -> dict[str, Any]:
    """Read one sender; nothing where its value was cleared."""
    value = form.get(f"sender.{index}.value", "").strip()
    if not value:
        return {}
    found: dict[str, Any] = {"value": value}
    for name in SENDER_WORDS:
        found[name] = _words(form.get(f"sender.{index}.{name}", ""))
    phrases = form.get(f"sender.{index}.stop_phrases")
    if phrases is not None and phrases.strip() != USUAL_PHRASES:
        found["stop_phrases"] = _words(phrases)
    for name in SENDER_REPLIES:
        if f"sender.{index}.{name}" in form:
            found[name] = form[f"sender.{index}.{name}"].strip()
    return found


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _kind(name: str, annotation: Any) -> str:  # noqa: ANN401 - any annotation
    if name in _DIALECT_SETS:
        return "dialects"
    if annotation is bool:
        return "flag"
    if annotation is str:
        return "text"
    origin = typing.get_origin(annotation)
    if origin is dict:
        return "by dialect"
    return "lines" if origin is tuple else "number"


def _number(text: str) -> int | float | str:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def _is_float(value: object) -> bool:
    return isinstance(value, float)


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()
