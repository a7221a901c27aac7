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

from aldis.sms.address import NumberType, as_dialled, is_digits, is_msisdn

#: the calling code of North America, and what its numbers look like: all area codes but those that are kept
#: for services and for the plan's own growth. Source: NANPA, "NPA codes"; INC 95-0407-008 §4
_NANP = 1
_NANP_NUMBER = re.compile(r"(?!.11|37|96)[2-9][0-8]\d(?!11)[2-9]\d{6}")
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


def read_written(text: str, home: str) -> str | None:
    """Read a number as people write it in tables, as international digits; None where it cannot be one.
    `home`: the country of those without their code, "" for none.
    """
    number = as_dialled(text)
    if home and not number.startswith("+"):
        found = read_number(number, Numbering.LOCAL_FIRST, home)
        return found.msisdn if found is not None else None
    return read_handset(number.removeprefix("+"), NumberType.UNKNOWN, "")


def read_handset(address: str, number_type: NumberType, home: str) -> str | None:
    """Give what a carrier writes of a handset, or of a number of ours, as international digits; None where
    that cannot be told. `home`: the country of national digits, "" where it is not known.

    What is said to be international and can be is. Of other digits both readings are tried, and the one that
    is more likely a handset counts, among equals the one that is said: digits of which nothing is said are
    international where they can be.
    """
    if not is_digits(address):
        return None
    is_said = number_type is NumberType.INTERNATIONAL
    if is_said and _is_possible(address):
        return address
    if number_type is NumberType.NATIONAL and not home:
        return None
    national, international = _national(address, home), _international(address)
    if number_type is not NumberType.NATIONAL:
        readings = [international, national]
    elif national is not None and not address.startswith(str(calling_code(home))):
        readings = [national]  # a foreign one is no reading of what is said to be national, and can be
    else:
        readings = [national, international]
    found = max((each for each in readings if each is not None), key=_likelihood, default=None)
    if found is not None:
        return _digits(found)
    return address if is_said and is_msisdn(address) else None


def _likelihood(number: phonenumbers.PhoneNumber) -> int:
    """Rank a reading that is possible by its length: a handset, another number that is in use, any number."""
    kind = phonenumbers.number_type(number)
    if kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE):
        return 2
    return int(kind != phonenumbers.PhoneNumberType.UNKNOWN)


def _international(number: str) -> phonenumbers.PhoneNumber | None:
    """Read digits with their country code, also with a trunk prefix behind it (+44 07700 900123)."""
    found = _parsed(f"+{number}", None)
    return found if found is not None and _is_possible(_digits(found)) else None


def _national(number: str, home: str) -> phonenumbers.PhoneNumber | None:
    """Read a number as one dials it in a country; None where nothing with its length is a handset there."""
    found = _parsed(number, home) if home else None
    if found is None or phonenumbers.is_valid_number(found):
        return found
    if found.country_code == _NANP:
        return found if _NANP_NUMBER.fullmatch(_national_digits(found)) else None
    kind = phonenumbers.PhoneNumberType.MOBILE
    reason = phonenumbers.is_possible_number_for_type_with_reason(found, kind)
    return found if reason == phonenumbers.ValidationResult.IS_POSSIBLE else None


def _parsed(number: str, home: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(number, home)
    except phonenumbers.NumberParseException:
        return None


def _national_digits(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.national_significant_number(number)


def _digits(number: phonenumbers.PhoneNumber) -> str:
    return f"{number.country_code}{_national_digits(number)}"


def _is_possible(number: str) -> bool:
    """Tell whether digits have the length of a number of the country that they begin with."""
    if not is_msisdn(number):
        return False
    code = next((number[:n] for n in (1, 2, 3) if number[:n] in _COUNTRIES), "")
    return bool(code) and len(number) - len(code) in _lengths(int(code))


@lru_cache(maxsize=256)
def _lengths(code: int) -> frozenset[int]:
    region = phonenumbers.region_code_for_country_code(code)
    metadata = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    general = None if metadata is None else metadata.general_desc
    return frozenset() if general is None else frozenset(general.possible_length)


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
    found = _parsed(number, home)
    return found is not None and phonenumbers.is_valid_number(found)


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


def country_fault(country: str) -> str:
    """Tell why a text names no country; "" where it does, or is empty."""
    if not country or country in phonenumbers.SUPPORTED_REGIONS:
        return ""
    return f"`{country}` is no country (ISO 3166, two capital letters)"


@lru_cache(maxsize=512)
def calling_code(country: str) -> int | None:
    """Give the calling code of a country; None for "ZZ"."""
    return phonenumbers.country_code_for_region(country) or None


def countries() -> list[str]:
    """Give all countries that have a numbering plan."""
    return sorted(phonenumbers.SUPPORTED_REGIONS)
