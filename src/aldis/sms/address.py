"""Senders and recipients as the network writes them: digits or letters with a type of number and a numbering
plan.

Source: SMPP v3.4 §5.2.5 (TON) and §5.2.6 (NPI); 3GPP TS 23.040 §9.1.2.5 (alphanumeric addresses, 11
characters).
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache

import msgspec

MAX_MSISDN_DIGITS = 15
MIN_MSISDN_DIGITS = 7
MAX_SHORT_CODE_DIGITS = 8
MAX_ALPHANUMERIC = 11


class Ton(IntEnum):
    """Type of number."""

    UNKNOWN = 0
    INTERNATIONAL = 1
    NETWORK_SPECIFIC = 3
    ALPHANUMERIC = 5


class Npi(IntEnum):
    """Numbering plan indicator."""

    UNKNOWN = 0
    ISDN = 1


class Address(msgspec.Struct, frozen=True):
    """A value with how to read it."""

    value: str
    ton: Ton
    npi: Npi


def is_digits(text: str) -> bool:
    """Tell whether a text is ASCII digits and nothing else (`str.isdigit` would take ² and ٣ too)."""
    return text.isascii() and text.isdigit()


def is_msisdn(text: str) -> bool:
    """Tell whether a text could be an international number without plus sign. Source: ITU-T E.164."""
    return MIN_MSISDN_DIGITS <= len(text) <= MAX_MSISDN_DIGITS and is_digits(text)


def is_sender(text: str) -> bool:
    """Tell whether a text can be a sender at all: up to 15 digits, or up to 11 printable GSM characters with
    a letter.
    """
    if is_digits(text):
        return len(text) <= MAX_MSISDN_DIGITS
    return (
        0 < len(text) <= MAX_ALPHANUMERIC and text.isascii() and text.isprintable() and text.strip() == text
    )


@lru_cache(maxsize=4096)
def sender_address(text: str) -> Address:
    """Give a sender its TON and NPI: short code, MSISDN or alphanumeric, by its shape."""
    if not is_digits(text):
        return Address(text, Ton.ALPHANUMERIC, Npi.UNKNOWN)
    if len(text) <= MAX_SHORT_CODE_DIGITS:
        return Address(text, Ton.NETWORK_SPECIFIC, Npi.UNKNOWN)
    return Address(text, Ton.INTERNATIONAL, Npi.ISDN)
