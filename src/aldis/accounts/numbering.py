"""Reads numbers as customers, carriers and people write them: international ones as they are, those of a home
country in full. What could only be guessed is refused, never sent abroad.

`number_plans.py` says what digits can be. Source: ITU-T E.164.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto

import msgspec
from phonenumbers import PhoneNumber

from aldis.accounts.number_plans import (
    HANDSET,
    NANP,
    NO_RANGES,
    NumberRanges,
    calling_code,
    country_of,
    digits_of,
    has_shape,
    international,
    is_plain_handset,
    is_possible,
    likelihood,
    national,
    plain_numbers,
    renumbered,
)
from aldis.sms.address import NumberType, as_dialled, is_digits, is_msisdn


class Numbering(Enum):
    """How a dialect's customers write numbers."""

    #: digits with country code, nothing else
    INTERNATIONAL = auto()
    #: with country code; where the customer has a home country also its numbers as one dials them there
    INTERNATIONAL_FIRST = auto()
    #: the same; digits of which nothing is known are local
    LOCAL_FIRST = auto()


class Recipient(msgspec.Struct, frozen=True, gc=False):
    """A number as carriers want it, and the country that prices it."""

    msisdn: str
    #: ISO 3166 alpha-2; "ZZ" for a code that no country has
    country: str


def read_number(
    number: str, numbering: Numbering, home: str, ranges: NumberRanges = NO_RANGES
) -> Recipient | None:
    """Read a number as given; None when it cannot be told which it is. `home`: the country of local numbers,
    "" for none; then, and behind a plus, digits have their country code.

    Both readings of other digits are tried, and the one that is more likely a handset counts, among equals
    the local one; in North America, where all numbers look alike, always that. Where neither is known to be
    in use: the local one that looks so; else what the dialect says of its numbers, or none.
    """
    if number.startswith("+") and numbering is not Numbering.INTERNATIONAL:
        number, home = number[1:], ""  # whoever writes it means the country code
    if numbering is Numbering.INTERNATIONAL or not home:
        return Recipient(number, country_of(number, ranges)) if is_msisdn(number) else None
    if not is_digits(number):
        return None
    plain = plain_numbers(home)
    if plain is not None and plain.is_one(number):
        msisdn = plain.country_code + number
        is_home = plain.is_main and not ranges.lengths
        return Recipient(msisdn, home if is_home else country_of(msisdn, ranges))
    if plain is not None and not ranges.lengths and is_plain_handset(number) and plain.is_foreign(number):
        return Recipient(number, country_of(number, ranges))
    found = _at_home(number, numbering, home, ranges)
    if found is None:
        return None
    msisdn = digits_of(found)
    return Recipient(msisdn, country_of(msisdn, ranges))


def _at_home(number: str, numbering: Numbering, home: str, ranges: NumberRanges) -> PhoneNumber | None:
    local = national(number, home, ranges)
    if local is not None and local.country_code == NANP:
        return local
    abroad = international(number, ranges) if is_msisdn(number) else None
    found = _likeliest([local, abroad], ranges)
    if found is not None and likelihood(found, ranges):
        return found
    once = renumbered(number, home, ranges)
    if once is not None or numbering is Numbering.LOCAL_FIRST or (local is not None and has_shape(local)):
        return once or local
    return abroad or local


def _is_handset(reading: PhoneNumber | None, ranges: NumberRanges) -> bool:
    return reading is not None and likelihood(reading, ranges) == HANDSET


def _likeliest(readings: Iterable[PhoneNumber | None], ranges: NumberRanges) -> PhoneNumber | None:
    """Choose the first of those that are most likely a handset."""
    found = (each for each in readings if each is not None)
    return max(found, key=lambda each: likelihood(each, ranges), default=None)


def read_written(text: str, home: str) -> str | None:
    """Read a number as people write it in tables, as international digits; None where it cannot be one.
    `home`: the country of those without their code, "" for none.
    """
    number = as_dialled(text)
    if home and not number.startswith("+"):
        found = read_number(number, Numbering.LOCAL_FIRST, home)
        return found.msisdn if found is not None else None
    return read_handset(number.removeprefix("+"), NumberType.UNKNOWN, "")


def read_handset(
    address: str, number_type: NumberType, home: str, ranges: NumberRanges = NO_RANGES
) -> str | None:
    """Give what a carrier writes of a handset, or of a number of ours, as international digits; None where
    that cannot be told. `home`: the country of national digits, "" where it is not known.

    What is said to be international is, if it can be, and is a number in use or none of a handset at home. Of
    other digits both readings are tried, and the one that is more likely a handset counts, among equals the
    one that is said: digits of which nothing is said are international where they can be.
    """
    is_national = number_type is NumberType.NATIONAL
    if not is_digits(address) or (is_national and not home):
        return None
    is_said = number_type is NumberType.INTERNATIONAL
    if not is_national and (is_plain_handset(address) if home else is_possible(address, ranges)):
        return address
    plain = plain_numbers(home) if home else None
    if plain is not None and plain.is_one(address) and (is_national or not is_possible(address, ranges)):
        return plain.country_code + address
    local = national(address, home, ranges) or (renumbered(address, home, ranges) if home else None)
    abroad = international(address, ranges)
    if is_said and abroad is not None and (likelihood(abroad, ranges) or not _is_handset(local, ranges)):
        return address if is_possible(address, ranges) else digits_of(abroad)
    if not is_national:
        readings = [abroad, local]
    elif local is not None and not address.startswith(str(calling_code(home))):
        readings = [local]  # a foreign one is no reading of what is said to be national, and can be
    else:
        readings = [local, abroad]
    found = _likeliest(readings, ranges)
    if found is not None:
        return digits_of(found)
    return address if is_said and is_msisdn(address) else None
