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
    """Final and intermediate states of a message at the SMSC. Source: SMPP v3.4 §5.2.28, table 5-6; the first
    and the last, SMPP v5.0 §4.7.15.
    """

    SCHEDULED = 0
    ENROUTE = 1
    DELIVERED = 2
    EXPIRED = 3
    DELETED = 4
    UNDELIVERABLE = 5
    ACCEPTED = 6
    UNKNOWN = 7
    REJECTED = 8
    #: taken, and never sent on
    SKIPPED = 9


#: the specification's seven-letter words; `write` uses these
WORDS = {
    MessageState.SCHEDULED: "SCHEDLD",
    MessageState.ENROUTE: "ENROUTE",
    MessageState.DELIVERED: "DELIVRD",
    MessageState.EXPIRED: "EXPIRED",
    MessageState.DELETED: "DELETED",
    MessageState.UNDELIVERABLE: "UNDELIV",
    MessageState.ACCEPTED: "ACCEPTD",
    MessageState.UNKNOWN: "UNKNOWN",
    MessageState.REJECTED: "REJECTD",
    MessageState.SKIPPED: "SKIPPED",
}

#: who has a message before the handset has it
_HOPS = ("SMSC", "NETWORK", "GATEWAY", "OPERATOR", "CARRIER", "MNO", "PROVIDER", "SUPPLIER", "UPSTREAM")
#: vendors' words by how they begin; of several the longest counts. Faults of networks: 3GPP TS 29.002 §17.6.6
_BEGINNINGS: dict[MessageState | None, tuple[str, ...]] = {
    MessageState.DELIVERED: (
        *("DELIV", "DELVRD", "DLVRD", "DLVD", "SUCCESS"),
        *("DELIVERY ACK", "DELIVERY CONF", "DELIVERY OK", "DELIVERY SUCC", "DELIVERY COMP"),
    ),
    MessageState.UNDELIVERABLE: (
        *("UNDEL", "UNDLV", "NOT DEL", "NOTDEL", "NOT DLV", "NOTDLV", "NON DEL", "NONDEL", "NO DEL", "NODEL"),
        *("NOT SENT", "UNSENT", "UNSUC", "FAIL", "PERM", "ERROR", "DISCARD", "DROPPED", "ABORT", "BOUNCE"),
        *("DELIVERY FAIL", "DELIVERY ERR", "DELIVERY IMP", "DELIVERY NOT", "DELIVERY UND", "DELIVERY UNS"),
        *("ABSENT", "ABS SUB", "ABSSUB", "UNREACH", "NOT REACH", "DEST UNREACH", "UNIDENT", "UNIDSUB"),
        *("SWITCHED OFF", "PHONE OFF", "MOB OFF", "HANDSET OFF", "POWER OFF", "MEM FULL", "MEMORY"),
        *("BARRED", "CALL BARRED", "CALLBARRED", "ILLEGAL SUB", "ILLEGAL EQ", "TELESERVICE", "FACILITY NOT"),
        *("SUBSCRIBER ABS", "SUBSCRIBER BAR", "SUBSCRIBER BUSY", "SUBSCRIBER UN", "SUBSCRIBER NOT"),
        *("UNKNOWN SUB", "UNKNOWNSUB", "UNKNOWN DEST", "UNKNOWN NUM", "UNKNOWN USER", "UNKNOWN RECIP"),
        *("INV", "WRONG NUM", "BAD NUM", "NO ROUTE", "NOROUTE", "ROUTING ERR", "SYSTEM FAIL", "NETWORK ERR"),
    ),
    MessageState.EXPIRED: (
        *("EXP", "DELIVERY EXP", "VALIDITY EXP", "VALIDITY PERIOD EXP", "TTL EXP", "MESSAGE EXP", "MSG EXP"),
        *("TIMEOUT", "TIMED OUT", "TIME OUT"),
    ),
    MessageState.DELETED: ("DELET", "CANCEL"),
    MessageState.REJECTED: (
        *("REJ", "DELIVERY REJ", "NACK", "NOT ACCEP", "NOT ALLOW", "DENIED", "REFUSED", "FORBID", "BLOCK"),
        *(
            "BLACKLIST",
            "BLACK LIST",
            "BLIST",
            "DND",
            "NDNC",
            "OPT OUT",
            "OPTOUT",
            "UNSUBSCR",
            "SPAM",
            "FILTER",
        ),
        *("NO CREDIT", "INSUFFICIENT"),
    ),
    MessageState.ACCEPTED: ("ACCEP", "ACK"),
    MessageState.ENROUTE: (
        *("ENROUT", "EN ROUTE", "BUFF", "QUEUE", "PEND", "SUBMI", "SENT", "DELIVERY PEND"),
        *("WAITING", "RETR", "PROCESSING", "IN PROGRESS", "DEFERRED", "STORED", "FORWARDED", "ROUTED"),
        # only a handset ends a message; who else has it passes it on
        *(f"{word} TO {who}" for word in ("DELIVERED", "DELIVRD") for who in _HOPS),
    ),
    MessageState.UNKNOWN: ("UNKN", "DELIVERY UNKN"),
    MessageState.SCHEDULED: ("SCHED",),
    MessageState.SKIPPED: ("SKIP",),
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
#: what stands between a key and its value, as also JSON writes it
_IS = r"[\"']?\s*[:=]\s*[\"'\[(]?"
_ID_KEY = r"(?:message[ _-]?id|msg[ _-]?id|id)"
_STATE_KEY = r"(?:(?:message|dlr|delivery)[ _-]?)?(?:status|state|stat)"
_ID = re.compile(_KEY + rf"{_ID_KEY}{_IS}([^\s;,|\"']+)", re.IGNORECASE)
#: behind one octet that does not belong there, such as a length that looks like a letter
_ID_BEHIND_STRAY = re.compile(rf".id{_IS}([^\s;,|\"']+)", re.IGNORECASE | re.DOTALL)
#: a word, a number, or such as `MK:0012`, which gateways to China hand on (CMPP)
_STATE = re.compile(
    _KEY + rf"{_STATE_KEY}{_IS}([A-Za-z]{{2}}:\d{{4}}\b|[A-Za-z][A-Za-z0-9 _-]{{0,60}}|\d+)", re.IGNORECASE
)
_ERROR = re.compile(_KEY + rf"(?:error|err)(?:[ _-]?code)?{_IS}(-?[0-9A-Za-z]+)", re.IGNORECASE)
_TEXT = re.compile(_KEY + r"text[\"']?\s*[:=]", re.IGNORECASE)
#: the first words of keys of two
_FIRST_WORDS = frozenset(("submit", "done", "message", "msg", "error"))
_CONTROLS = dict.fromkeys((*range(0x20), 0x7F), " ")
#: what Appendix B has and people do not write, in any order and small: a state, an id, a count or date
_SHAPE = tuple(
    re.compile(_KEY.encode() + key + rb"[\"']?\s?[:=]")
    for key in (_STATE_KEY.encode(), _ID_KEY.encode(), rb"(?:sub|dlvrd|(?:submit|done)[ _-]?date)")
)
#: as many are looked at
_SHAPED_OCTETS = 500


class ReceiptText(msgspec.Struct, frozen=True, gc=False):
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
    looked_at = octets[:_SHAPED_OCTETS].replace(b"\0", b"").lower()  # also in UCS-2
    return b"stat" in looked_at and all(key.search(looked_at) for key in _SHAPE)


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
