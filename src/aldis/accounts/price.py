"""Prices segments and multimedia messages by carrier and country, and turns decimal money into millionths
and back. Money is integers, always.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import msgspec

MICROS = 1_000_000
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
    """Read decimal money such as "0.05". Raises ValueError on anything else, and on over six decimals."""
    try:
        micros = Decimal(amount) * MICROS
    except InvalidOperation:
        raise ValueError(f"{amount!r} is no amount of money") from None
    if not micros.is_finite() or micros != micros.to_integral_value():
        raise ValueError(f"{amount!r} has more than six decimals")
    return int(micros)


def from_micros(micros: int) -> str:
    """Write money with at least two decimals: 50000 becomes "0.05"."""
    whole, fraction = divmod(abs(micros), MICROS)
    decimals = f"{fraction:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if micros < 0 else ''}{whole}.{decimals}"
