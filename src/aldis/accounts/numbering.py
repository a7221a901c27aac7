"""Reads recipients' numbers: international ones as they are, local ones under a country where the dialect
uses them.

Only digits are judged, not whether the number is in use: carriers know that, metadata does not.
phonenumberslite supplies the numbering plans. Source: ITU-T E.164.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import lru_cache

import msgspec
import phonenumbers

from aldis.sms.address import is_digits, is_msisdn

#: digits that decide between the regions of one calling code
PREFIX = 8


class Numbering(Enum):
    """How a dialect's customers write numbers."""

    #: digits with country code, nothing else
    INTERNATIONAL = auto()
    #: with country code; a number that is none but is a local one is taken as local
    INTERNATIONAL_FIRST = auto()
    #: local; a number that is none is taken as international
    LOCAL_FIRST = auto()


class Recipient(msgspec.Struct, frozen=True):
    """A number as carriers want it, and the country that prices it."""

    msisdn: str
    #: ISO 3166 alpha-2; "ZZ" for a code that no country has
    country: str


def read_number(number: str, numbering: Numbering, home: str) -> Recipient | None:
    """Read a number as given; None when it cannot be one. `home` is the country of local numbers, "" for
    none.
    """
    if number.startswith("+") and numbering is not Numbering.INTERNATIONAL:
        number, home = number[1:], ""  # whoever writes it means the country code
    if not is_digits(number):
        return None
    international = Recipient(number, _country(number)) if is_msisdn(number) else None
    if numbering is Numbering.INTERNATIONAL or not home:
        return international
    if (
        numbering is Numbering.INTERNATIONAL_FIRST
        and international is not None
        and _is_valid("+" + number, None)
    ):
        return international
    plain = _plain_numbers(home)
    if plain is not None and plain.is_one(number):
        return Recipient(plain.country_code + number, home)
    if _is_valid(number, home):
        local = phonenumbers.parse(number, home)
        return Recipient(f"{local.country_code}{phonenumbers.national_significant_number(local)}", home)
    return international


class _PlainNumbers:
    """The numbers of a region in their plainest form: nothing to strip, nothing to guess.

    Reading a number in full takes tens of microseconds; telling that there is nothing to be read takes two.
    """

    def __init__(self, metadata: phonenumbers.PhoneMetadata, general: phonenumbers.PhoneNumberDesc) -> None:
        self.country_code = str(metadata.country_code)
        kinds = (
            metadata.fixed_line,
            metadata.mobile,
            metadata.toll_free,
            metadata.premium_rate,
            metadata.shared_cost,
            metadata.personal_number,
            metadata.voip,
            metadata.pager,
            metadata.uan,
            metadata.voicemail,
        )
        patterns = [kind.national_number_pattern for kind in kinds if kind and kind.national_number_pattern]
        self._lengths = frozenset(general.possible_length)
        self._general = re.compile(general.national_number_pattern or "")
        self._valid = re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
        prefix = metadata.national_prefix_for_parsing
        self._prefix = re.compile(prefix) if prefix else None

    def is_one(self, number: str) -> bool:
        """Tell whether a number is valid as it stands."""
        return (
            len(number) in self._lengths
            and not number.startswith(self.country_code)
            and (self._prefix is None or not self._prefix.match(number))
            and self._general.fullmatch(number) is not None
            and self._valid.fullmatch(number) is not None
        )


@lru_cache(maxsize=256)
def _plain_numbers(home: str) -> _PlainNumbers | None:
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(home)
    general = None if metadata is None else metadata.general_desc
    if metadata is None or general is None or not general.national_number_pattern:
        return None
    return _PlainNumbers(metadata, general)


def _is_valid(number: str, home: str | None) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, home))
    except phonenumbers.NumberParseException:
        return False


def _country(msisdn: str) -> str:
    """Name the country of an international number; where several share a code and none fits, its main one.

    Regions that share a calling code part ways within the first eight digits, so the rest is made uniform and
    one answer serves all numbers of a prefix.
    """
    for length in (1, 2, 3):
        country = _COUNTRIES.get(msisdn[:length])
        if country is not None:
            return country or _shared_country(msisdn[:PREFIX].ljust(len(msisdn), "0"), length)
    return "ZZ"


def _countries() -> dict[str, str]:
    """Give the country of each calling code: "" where several share it, "ZZ" where it is of none."""
    codes = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()
    alone = {code: regions[0] if len(regions) == 1 else "" for code, regions in codes}
    return {str(code): "ZZ" if country == "001" else country for code, country in alone.items()}


_COUNTRIES = _countries()


@lru_cache(maxsize=16_384)
def _shared_country(canonical: str, length: int) -> str:
    code = int(canonical[:length])
    number = phonenumbers.PhoneNumber(country_code=code, national_number=int(canonical[length:]))
    return phonenumbers.region_code_for_number(number) or phonenumbers.region_code_for_country_code(code)


@lru_cache(maxsize=512)
def calling_code(country: str) -> int | None:
    """Give the calling code of a country; None for "ZZ"."""
    return phonenumbers.country_code_for_region(country) or None


def countries() -> list[str]:
    """Give all countries that have a numbering plan."""
    return sorted(phonenumbers.SUPPORTED_REGIONS)
