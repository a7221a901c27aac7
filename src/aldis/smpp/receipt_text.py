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

#: vendors' words by how they begin; of several the longest counts
_BEGINNINGS: dict[MessageState | None, tuple[str, ...]] = {
    MessageState.DELIVERED: (
        *("DELIV", "DELVRD", "DLVRD", "SUCCESS"),
        *("DELIVERY ACK", "DELIVERY CONF", "DELIVERY OK", "DELIVERY SUCC", "DELIVERY COMP"),
    ),
    MessageState.UNDELIVERABLE: (
        *("UNDEL", "UNDLV", "NOT DEL", "NON DEL", "NONDEL", "NO DEL", "NOT SENT", "UNSUC", "FAIL", "ERROR"),
        *("DELIVERY FAIL", "DELIVERY ERR", "DELIVERY IMP", "DELIVERY NOT", "DELIVERY UN", "DELIVFAIL"),
        *("ABSENT", "UNREACH", "NOT REACH", "SWITCHED OFF", "BARRED", "INV", "NO ROUTE"),
        *("UNKNOWN SUB", "UNKNOWN DEST", "UNKNOWN NUM", "UNKNOWN USER"),
    ),
    MessageState.EXPIRED: (
        "EXPIR",
        "EXPD",
        "DELIVERY EXP",
        "VALIDITY EXP",
        "TIMEOUT",
        "TIMED OUT",
        "TIME OUT",
    ),
    MessageState.DELETED: ("DELET", "CANCEL"),
    MessageState.REJECTED: (
        *("REJ", "DELIVERY REJ", "NACK", "NOT ACCEP", "DENIED", "FORBID", "BLOCK", "BLACKLIST", "BLACK LIST"),
        *("DND", "NDNC", "OPT OUT", "OPTOUT", "SPAM", "FILTER"),
    ),
    MessageState.ACCEPTED: ("ACCEP", "ACK"),
    MessageState.ENROUTE: (
        *("ENROUTE", "EN ROUTE", "BUFF", "QUEUE", "PEND", "SUBMI", "SCHED", "SENT", "DELIVERY PEND"),
        *("DELIVERED TO SMSC", "DELIVERED TO NETWORK", "DELIVERED TO GATEWAY"),
    ),
    MessageState.UNKNOWN: ("UNKN",),
    None: ("DELIVERY",),
}
_LONGEST_FIRST = sorted(
    ((beginning, state) for state, beginnings in _BEGINNINGS.items() for beginning in beginnings),
    key=lambda line: -len(line[0]),
)

#: message_state is one octet
MAX_STATE_DIGITS = 3

#: a key stands alone: behind anything but a letter or a digit
_KEY = r"(?<![A-Za-z0-9_-])"
_IS = r"\s*[:=]\s*[\"']?"
_ID = re.compile(_KEY + rf"(?:message[ _-]?id|msg[ _-]?id|id){_IS}([^\s;,|\"']+)", re.IGNORECASE)
#: behind one octet that does not belong there, such as a length that looks like a letter
_ID_BEHIND_STRAY = re.compile(rf".id{_IS}([^\s;,|\"']+)", re.IGNORECASE | re.DOTALL)
_STATE = re.compile(
    _KEY + rf"(?:message[ _-]?state|status|stat|state){_IS}([A-Za-z][A-Za-z0-9 _-]{{0,60}}|\d+)",
    re.IGNORECASE,
)
_ERROR = re.compile(_KEY + rf"(?:error[ _-]?code|error|err){_IS}([0-9A-Za-z]+)", re.IGNORECASE)
_TEXT = re.compile(_KEY + r"text\s*[:=]", re.IGNORECASE)
#: the first words of keys of two
_FIRST_WORDS = frozenset(("submit", "done", "message", "msg", "error"))
_CONTROLS = dict.fromkeys((*range(0x20), 0x7F), " ")
#: what Appendix B has and people do not write, in the octets that are looked at
_SHAPE = re.compile(
    _KEY.encode() + rb"id[:=].{1,80}?\b(?:sub|dlvrd|submit date|done date)[:=].{0,80}?\bstat(?:us|e)?[:=]",
    re.IGNORECASE | re.DOTALL,
)
_SHAPED_OCTETS = 500


class ReceiptText(msgspec.Struct, frozen=True):
    """What a receipt's text says; None for what it leaves out."""

    smsc_message_id: str | None
    state: MessageState | None
    #: as the SMSC wrote it, letters included
    error_code: str | None
    #: the state in the SMSC's own words; "" where it names none
    word: str = ""


#: Appendix B to the letter, as most SMSCs write it: one look instead of four searches
_USUAL = re.compile(
    r"id:([^\s;,|\0]+) sub:\d+ dlvrd:\d+ submit date:\d+ done date:\d+ stat:([A-Z]+) err:([0-9A-Z]+) text:",
    re.IGNORECASE,
)


def read(octets: bytes) -> ReceiptText:
    """Find the id, the state and the error in a receipt's text; whatever the octets, it never raises."""
    text = octets.decode("latin-1")
    usual = _USUAL.match(text)
    if usual:
        return ReceiptText(usual[1], state_named(usual[2]), usual[3], usual[2])
    text = text.translate(_CONTROLS)
    echoed = _TEXT.search(text)
    if echoed:  # what follows is the customer's own text and must not be read as keys
        text = text[: echoed.start()]
    found_id, found_state, found_error = _ID.search(text), _STATE.search(text), _ERROR.search(text)
    found_id = found_id or _ID_BEHIND_STRAY.match(text)
    word = _word(text, found_state) if found_state else ""
    return ReceiptText(
        smsc_message_id=found_id[1] if found_id else None,
        state=state_named(word) if word else None,
        error_code=found_error[1] if found_error else None,
        word=word,
    )


def _word(text: str, found: re.Match[str]) -> str:
    """Give the words of a state without the key that follows them."""
    words = found[1].split(" ")
    if text[found.end() : found.end() + 1] in {":", "="}:
        words = " ".join(words).split()[:-1]
        if words and words[-1].lower() in _FIRST_WORDS:
            words.pop()
    return " ".join(words).strip()


def is_shaped(octets: bytes) -> bool:
    """Tell whether a text has the form of a receipt, whoever wrote it. Source: SMPP v3.4 Appendix B."""
    return _SHAPE.search(octets[:_SHAPED_OCTETS].replace(b"\0", b"")) is not None  # also in UCS-2


def plain_word(word: str) -> str:
    """Bring a vendor's word to one spelling: upper case, blanks between its parts."""
    return " ".join(word.upper().replace("_", " ").replace("-", " ").split())


@lru_cache(maxsize=256)
def state_named(word: str) -> MessageState | None:
    """Read a vendor's word or number for a state; None for one that nobody knows."""
    if word.isascii() and word.isdecimal():
        return state_of(int(word)) if len(word) <= MAX_STATE_DIGITS else None
    word = plain_word(word)
    for beginning, state in _LONGEST_FIRST:
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
