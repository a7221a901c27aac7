"""Reads and writes the text of delivery receipts: `id:… sub:… dlvrd:… submit date:… done date:… stat:… err:…
text:…`.

Every SMSC spells it in its own way, so reading is tolerant and never raises: keys in any order and case, `:`
or `=`, words as vendors write them. Source: SMPP v3.4 Appendix B, a convention rather than a rule.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import IntEnum
from functools import lru_cache

import msgspec


class MessageState(IntEnum):
    """Final and intermediate states of a message at the SMSC. Source: SMPP v3.4 §5.2.28, table 5-6."""

    ENROUTE = 1
    DELIVERED = 2
    EXPIRED = 3
    DELETED = 4
    UNDELIVERABLE = 5
    ACCEPTED = 6
    UNKNOWN = 7
    REJECTED = 8


#: the specification's seven-letter words; `write` uses these
WORDS = {
    MessageState.ENROUTE: "ENROUTE",
    MessageState.DELIVERED: "DELIVRD",
    MessageState.EXPIRED: "EXPIRED",
    MessageState.DELETED: "DELETED",
    MessageState.UNDELIVERABLE: "UNDELIV",
    MessageState.ACCEPTED: "ACCEPTD",
    MessageState.UNKNOWN: "UNKNOWN",
    MessageState.REJECTED: "REJECTD",
}

#: vendors' spellings by how they begin, longest beginnings first
_BEGINNINGS = (
    ("UNDELIV", MessageState.UNDELIVERABLE),
    ("NOT DELIV", MessageState.UNDELIVERABLE),
    ("FAIL", MessageState.UNDELIVERABLE),
    ("DELIV", MessageState.DELIVERED),
    ("DELET", MessageState.DELETED),
    ("CANCEL", MessageState.DELETED),
    ("EXPIR", MessageState.EXPIRED),
    ("REJ", MessageState.REJECTED),
    ("BLOCK", MessageState.REJECTED),
    ("ACCEP", MessageState.ACCEPTED),
    ("ACK", MessageState.ACCEPTED),
    ("BUFF", MessageState.ENROUTE),
    ("ENROUTE", MessageState.ENROUTE),
    ("EN ROUTE", MessageState.ENROUTE),
    ("UNKN", MessageState.UNKNOWN),
)

#: message_state is one octet
MAX_STATE_DIGITS = 3

_KEY = r"(?:^|(?<=[\s;,|]))"
_ID = re.compile(_KEY + r"(?:message[ _-]?id|msg[ _-]?id|id)\s*[:=]\s*([^\s;,|]+)", re.IGNORECASE)
_STATE = re.compile(
    _KEY + r"(?:message[ _-]?state|status|stat|state)\s*[:=]\s*([A-Za-z][A-Za-z _]*|\d+)", re.IGNORECASE
)
_ERROR = re.compile(_KEY + r"(?:error[ _-]?code|error|err)\s*[:=]\s*([0-9A-Za-z]+)", re.IGNORECASE)
_TEXT = re.compile(_KEY + r"text\s*[:=]", re.IGNORECASE)


class ReceiptText(msgspec.Struct, frozen=True):
    """What a receipt's text says; None for what it leaves out."""

    smsc_message_id: str | None
    state: MessageState | None
    #: as the SMSC wrote it, letters included
    error_code: str | None


#: Appendix B to the letter, as most SMSCs write it: one look instead of four searches
_USUAL = re.compile(
    r"id:([^\s;,|]+) sub:\d+ dlvrd:\d+ submit date:\d+ done date:\d+ stat:([A-Z]+) err:([0-9A-Za-z]+) text:",
    re.IGNORECASE,
)


def read(octets: bytes) -> ReceiptText:
    """Find the id, the state and the error in a receipt's text; whatever the octets, it never raises."""
    text = octets.decode("latin-1")
    usual = _USUAL.match(text)
    if usual:
        return ReceiptText(usual[1], state_named(usual[2]), usual[3])
    echoed = _TEXT.search(text)
    if echoed:  # what follows is the customer's own text and must not be read as keys
        text = text[: echoed.start()]
    found_id, found_state, found_error = _ID.search(text), _STATE.search(text), _ERROR.search(text)
    return ReceiptText(
        smsc_message_id=found_id[1] if found_id else None,
        state=state_named(found_state[1]) if found_state else None,
        error_code=found_error[1] if found_error else None,
    )


@lru_cache(maxsize=256)
def state_named(word: str) -> MessageState | None:
    """Read a vendor's word or number for a state; None for one that nobody knows."""
    if word.isascii() and word.isdecimal():
        return state_of(int(word)) if len(word) <= MAX_STATE_DIGITS else None
    word = word.upper().replace("_", " ")
    for beginning, state in _BEGINNINGS:
        if word.startswith(beginning):
            return state
    return None


def state_of(number: int) -> MessageState | None:
    """Name a message_state octet; None for a number that no table has."""
    return MessageState(number) if number in MessageState._value2member_map_ else None


def write(
    smsc_message_id: str, state: MessageState, error_code: str, submitted_at: datetime, done_at: datetime
) -> bytes:
    """Write a receipt's text as Appendix B prints it; times are given to the minute, in UTC."""
    delivered = 1 if state is MessageState.DELIVERED else 0
    submitted, done = (moment.astimezone(UTC).strftime("%y%m%d%H%M") for moment in (submitted_at, done_at))
    return (
        f"id:{smsc_message_id} sub:001 dlvrd:{delivered:03d} submit date:{submitted} done date:{done} "
        f"stat:{WORDS[state]} err:{error_code} text:"
    ).encode("latin-1")
