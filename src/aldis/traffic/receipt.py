"""Delivery receipts (DLR): what a carrier reports about one segment, and how ids of one carrier compare."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple

import msgspec

from aldis.sms.subscribers import canonical
from aldis.traffic.states import Event

#: what 64 bits need in decimal
MAX_NUMBER_DIGITS = 20
#: an id of so many characters is not taken for another one's
UNMISTAKABLE_DIGITS = 7
#: before an id that must be met as it is
EXACT = "="
_DIGITS = frozenset("0123456789")
_HEX_DIGITS = _DIGITS | frozenset("ABCDEF")
#: last digits that all spellings of a number share, and how many at least name a number
TELLING_DIGITS, LEAST_DIGITS = 8, 6


class ReceiptState(StrEnum):
    """What the carrier says of a segment; `enroute` is no ending."""

    ENROUTE = "enroute"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    REJECTED = "rejected"
    DELETED = "deleted"


#: the event that an ending of a segment means for its message
EVENTS = {
    ReceiptState.DELIVERED: Event.RECEIPT_DELIVERED,
    ReceiptState.UNDELIVERED: Event.RECEIPT_UNDELIVERED,
    ReceiptState.EXPIRED: Event.RECEIPT_EXPIRED,
    ReceiptState.REJECTED: Event.RECEIPT_REJECTED,
    ReceiptState.DELETED: Event.RECEIPT_DELETED,
}


class Receipt(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One receipt, already normalised by the link that heard it."""

    link: str
    #: normalised by `normalise_id`
    smsc_message_id: str
    state: ReceiptState
    #: as the carrier wrote it; "" when it gave none
    error_code: str
    #: who the segment was for, as the carrier writes it; may be anything, and decides only between segments
    recipient: str
    received_at: int
    #: the other address that it names: our sender, or who the segment was for where the carrier does not
    #: exchange the addresses
    destination: str = ""
    #: the id in its text, where that is another than the one of its tag; normalised likewise
    other_id: str = ""


def normalise_id(smsc_message_id: str) -> str:
    """Bring an id to one spelling: no blanks, no 0x, no leading zeros, upper case. One with letters of both
    cases keeps them, and so does a short one: in base 62, `a` and `A` are two digits.
    """
    if smsc_message_id.isdigit() and smsc_message_id[0] != "0":
        return smsc_message_id
    trimmed = smsc_message_id.strip().removeprefix("0x")
    number = trimmed.lstrip("0") or trimmed[-1:]
    return number.upper() if len(number) >= UNMISTAKABLE_DIGITS and number.islower() else number


def alternative_ids(normalised: str) -> tuple[str, ...]:
    """Give the other spellings under which the same id may be known: in one case for another, hexadecimal for
    decimal and back.

    Some carriers answer a submit in hex and write the receipt in decimal, or the other way round; or write it
    all in upper case. The relation is symmetric: b is among a's alternatives exactly when a is among b's; but
    of one with letters of both cases it can only be told from that side (`in_upper_case`).
    """
    if normalised.startswith(EXACT):
        return ()
    upper = normalised.upper()
    found = [upper, normalise_id(normalised.lower())]
    is_number = 0 < len(upper) <= MAX_NUMBER_DIGITS and _HEX_DIGITS.issuperset(upper)
    if is_number and normalised in found:
        found.append(str(int(upper, 16)))
        if upper.isdigit():
            found += [f"{int(upper):X}", normalise_id(f"{int(upper):x}")]
    return tuple(spelling for spelling in dict.fromkeys(found) if spelling != normalised)


def in_upper_case(normalised: str) -> str | None:
    """Give what all ids share that differ from an id of one case only in the case of their letters; None for
    one that has letters of both, or none.
    """
    upper = normalised.upper()
    return upper if upper != normalised.lower() and normalised in (upper, normalised.lower()) else None


class Spelling(IntEnum):
    """How a carrier spells ids in receipts, as far as that is known."""

    UNKNOWN = 0
    #: as in its responses, at least once
    SAME = 1
    #: otherwise than in its responses, always
    OTHER = 2


class Spellings(NamedTuple):
    """What is known of how a carrier spells ids in receipts."""

    numbers: Spelling
    #: of those with small letters
    cases: Spelling


def may_mean(smsc_message_id: str, alternative: str, known: Spellings) -> bool:
    """Tell whether a receipt may be about a segment whose id is only another spelling of its own.

    Small numbers are ids in both readings, and the response that named the very id may be lost. Large ones
    are not mistaken: their readings differ by more than a carrier counts while a message waits. A letter
    tells which of the two is hexadecimal. In another case, an id is the same unless the carrier tells cases
    apart, which it does where it has ever reported on an id with small letters as it stands.
    """
    if smsc_message_id.upper() == alternative.upper():
        return known.cases is not Spelling.SAME
    if min(len(smsc_message_id), len(alternative)) >= UNMISTAKABLE_DIGITS:
        return True
    has_letter = not (smsc_message_id + alternative).isdigit()
    return known.numbers is Spelling.OTHER or (known.numbers is Spelling.UNKNOWN and has_letter)


def is_for(msisdn: str, named: str) -> bool:
    """Tell whether a receipt that names a number can be about a message to `msisdn`.

    Carriers cut the country code, put prefixes before it or know an older or newer spelling of the number
    (Mexico 52 and 521, Brazil's ninth digit), so the last digits decide; where those have changed, as in
    Vietnam, the form of today.
    """
    if len(msisdn) >= TELLING_DIGITS and named.endswith(msisdn[-TELLING_DIGITS:]):
        return True
    digits = "".join(filter(_DIGITS.__contains__, named)).lstrip("0")
    shared = min(TELLING_DIGITS, len(digits), len(msisdn))
    if shared >= LEAST_DIGITS and msisdn[-shared:] == digits[-shared:]:
        return True
    return canonical(digits) == canonical(msisdn)
