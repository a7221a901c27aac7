"""Prices segments and multimedia messages by carrier and country, and turns decimal money into millionths
and back. Money is integers, always.
"""

from __future__ import annotations

import re

import msgspec

MICROS = 1_000_000
#: of one amount, in whole units: the sum of thousands of them is still an integer of 64 bits
MOST_MONEY = 1_000_000_000
#: of one price: 10,000 messages of 255 segments cost no more than 64 bits say
MOST_PRICE = 1_000_000
_AMOUNT = re.compile(r"\s*([+-]?)(?=\.?[0-9])([0-9]*)(?:\.([0-9]*))?\s*")
_DECIMALS = 6
_DIGITS = len(str(MOST_MONEY))
#: of what is no amount, in a fault
_SHOWN = 40
#: what a price is for, if not for texts
MMS = "mms"


class Price(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one segment, or one multimedia message, costs."""

    #: millionths of the account's currency
    micros: int
    #: ISO 3166 alpha-2; "" for all countries without a price of their own
    country: str = ""
    #: our name of it; "" for all carriers without a price of their own
    carrier: str = ""
    #: "" for texts, by the segment; MMS for multimedia messages, by the message
    content: str = ""


def to_micros(amount: str) -> int:
    """Read decimal money such as "0.05". Raises ValueError on anything else, on over six decimals, and beyond
    `MOST_MONEY`.
    """
    found = _AMOUNT.fullmatch(amount)
    if found is None:
        raise ValueError(f"{amount[:_SHOWN]!r} is no amount of money")
    sign, whole, decimals = found[1], found[2].lstrip("0"), (found[3] or "").rstrip("0")
    if len(decimals) > _DECIMALS:
        raise ValueError(f"{amount[:_SHOWN]!r} has more than six decimals")
    if len(whole) > _DIGITS or int(whole or 0) > MOST_MONEY:
        raise ValueError(f"must be {MOST_MONEY:,} at most")
    micros = int(whole or 0) * MICROS + int(decimals.ljust(_DECIMALS, "0"))
    return -micros if sign == "-" else micros


def from_micros(micros: int) -> str:
    """Write money with at least two decimals: 50000 becomes "0.05"."""
    whole, fraction = divmod(abs(micros), MICROS)
    decimals = f"{fraction:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if micros < 0 else ''}{whole}.{decimals}"
