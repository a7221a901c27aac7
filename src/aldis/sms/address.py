"""Senders and recipients as the network writes them: digits, or letters. Their types of number are a link's
matter (`links/smpp/quirks.py`).

Source: 3GPP TS 23.040 §9.1.2.5 (alphanumeric addresses, 11 characters).
"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum, auto

MAX_MSISDN_DIGITS = 15
MIN_MSISDN_DIGITS = 7
MAX_SHORT_CODE_DIGITS = 8
MAX_ALPHANUMERIC = 11


class NumberType(Enum):
    """How much of a number an address holds."""

    #: nothing says so
    UNKNOWN = auto()
    #: with its country code
    INTERNATIONAL = auto()
    #: without
    NATIONAL = auto()


def is_digits(text: str) -> bool:
    """Tell whether a text is ASCII digits and nothing else (`str.isdigit` would take ² and ٣ too)."""
    return text.isascii() and text.isdigit()


#: what people put between digits, and spreadsheets around them
_BETWEEN = {ord(character): None for character in " \t\u00a0\u202f-\u2010\u2011\u2013.()/'\""}
#: what stands before a number in a formula that is a text, and in a URI (RFC 3966)
_BEFORE = ("=", "tel:")


def as_dialled(text: str) -> str:
    """Write a number as people write it in one way: nothing between its digits, + for a leading 00, digits of
    any script as ours, no signs of direction such as address books put around it.
    """
    if not text.isascii():
        text = "".join([_in_ascii(each) for each in text if unicodedata.category(each) != "Cf"])
    number = text.translate(_BETWEEN)
    for before in _BEFORE:
        number = number.removeprefix(before)
    return f"+{number[2:]}" if number.startswith("00") else number


def _in_ascii(character: str) -> str:
    if character == "\N{FULLWIDTH PLUS SIGN}":
        return "+"
    return str(unicodedata.decimal(character, character))


def is_msisdn(text: str) -> bool:
    """Tell whether a text could be an international number without plus sign; no country code begins
    with 0. Source: ITU-T E.164.
    """
    return (
        MIN_MSISDN_DIGITS <= len(text) <= MAX_MSISDN_DIGITS
        and text[0] != "0"
        and text.isascii()
        and text.isdigit()
    )


#: with fewer, `4x4` and `24/7 ex` are names
LEAST_LETTERED_DIGITS = 6
#: as people, spreadsheets and addresses (RFC 3966) write numbers with a letter
_LETTERED = re.compile(
    r"\d(?:[.,]\d*)?E[+]?\d+|(?:(?:tel|sms|fax)[:.]?)?[\d\s+().,/-]*(?:(?:extn?|ex|x|p|w)[.:]?[\d\s]*)?",
    re.ASCII | re.IGNORECASE,
)


def as_sender(text: str) -> str:
    """Leave of a number its digits, as senders are kept, however it is written; else give the text."""
    if is_msisdn(text) or text[-1:].isalpha():
        return text
    number = as_dialled(text).removeprefix("+")
    return number if is_msisdn(number) else text


def is_sender(text: str) -> bool:
    """Tell whether a text can be a sender at all: up to 15 digits, or up to 11 printable GSM characters with
    a letter that makes it no number. `+4512345678`, `tel:5550100`, `5550100x12` and `4.47701E+11` would pass
    for numbers that nobody has checked.
    """
    if is_digits(text):
        return len(text) <= MAX_MSISDN_DIGITS
    return (
        0 < len(text) <= MAX_ALPHANUMERIC
        and text.isascii()
        and text.isprintable()
        and text.strip() == text
        and "`" not in text
        and any(character.isalpha() for character in text)
        and not _is_lettered_number(text)
    )


def _is_lettered_number(text: str) -> bool:
    is_long = sum(map(str.isdigit, text)) >= LEAST_LETTERED_DIGITS
    return (is_long or "+" in text) and _LETTERED.fullmatch(text) is not None
