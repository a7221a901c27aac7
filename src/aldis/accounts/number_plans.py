"""What numbering plans say of digits: phonenumberslite's metadata, which is older than the newest ranges,
and the ranges that the directory adds to it. Pure.

Source: ITU-T E.164.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

import msgspec
import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberDesc, PhoneNumberType

from aldis.sms.address import MAX_MSISDN_DIGITS, is_digits, is_msisdn
from aldis.sms.subscribers import canonical

#: of the metadata
VERSION = str(phonenumbers.__version__)
#: digits that decide between the regions of one calling code
PREFIX = 8
#: the calling code of North America, and what its numbers look like: any area code but N11, N9X, 37X and 96X,
#: which are not assigned. So a new one is known before the metadata has it. Source: NANPA; ATIS-0300055
NANP = 1
_NANP_NUMBER = re.compile(r"(?!.11|37|96)[2-9][0-8]\d(?!.11)[2-9]\d{6}")
_HANDSETS = frozenset((PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE))


#: a release of the metadata, when it came, and how often one comes: none of them bears a date
DATED, _DATED_ON, _EVERY_DAYS = "9.0.42", date(2026, 10, 27), 14


def released_on(version: str) -> date:
    """Tell about when a release of the metadata came; of one that is newer than the dated one, its date."""
    (series, _, newest), (of_series, _, number) = DATED.rpartition("."), version.rpartition(".")
    behind = int(newest) - int(number) if of_series == series and number.isdigit() else 0
    return _DATED_ON - timedelta(days=_EVERY_DAYS * max(0, behind))


class NumberRange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[[number_range]]`: numbers in service that the metadata does not know, or has elsewhere."""

    #: ISO 3166 alpha-2
    country: str
    #: how they begin, without country code and trunk prefix
    begins: str
    #: digits of all of it
    length: int


class NumberRanges(msgspec.Struct, frozen=True):
    """The directory's ranges, for looking up."""

    #: by how international numbers begin, and how many digits they have
    countries: dict[tuple[str, int], str] = {}
    #: digits of those beginnings, the longest first
    lengths: tuple[int, ...] = ()

    def country_of(self, msisdn: str) -> str:
        """Tell in whose range a number is; "" for none."""
        for length in self.lengths:
            found = self.countries.get((msisdn[:length], len(msisdn)))
            if found is not None:
                return found
        return ""


NO_RANGES = NumberRanges()


def ranges_of(entries: Iterable[NumberRange]) -> NumberRanges:
    """Index ranges that are without faults; of two that are alike the later one counts."""
    countries = {
        (f"{code}{entry.begins}", len(str(code)) + entry.length): entry.country
        for entry in entries
        if (code := calling_code(entry.country))
    }
    return NumberRanges(countries, tuple(sorted({len(begins) for begins, _ in countries}, reverse=True)))


class KnownBy(StrEnum):
    """What tells that a number is one."""

    METADATA = "metadata"
    NUMBER_RANGE = "number_range"
    #: nothing, but for its length
    LENGTH = "length"


def known_by(msisdn: str, ranges: NumberRanges) -> KnownBy:
    """Tell what says that a number is in use."""
    if ranges.country_of(msisdn):
        return KnownBy.NUMBER_RANGE
    found = _parsed(f"+{msisdn}", None)
    is_valid = found is not None and phonenumbers.is_valid_number(found)
    return KnownBy.METADATA if is_valid else KnownBy.LENGTH


def country_of(msisdn: str, ranges: NumberRanges) -> str:
    """Name the country of an international number; where several share a code and none fits, its main one;
    "ZZ" for a code that no country has.

    Regions that share a calling code part ways within the first eight digits, so the rest is made uniform and
    one answer serves all numbers of a prefix.
    """
    if ranges.lengths and (added := ranges.country_of(msisdn)):
        return added
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
_REGIONS = {str(code): regions for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()}


@lru_cache(maxsize=16_384)
def _shared_country(canonical: str, length: int) -> str:
    code, national = int(canonical[:length]), canonical[length:]
    number = PhoneNumber(code, int(national), italian_leading_zero=national.startswith("0"))
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


def range_faults(entry: NumberRange) -> list[tuple[str, str]]:
    """Tell what is wrong with a range: key, and what."""
    faults = []
    if fault := country_fault(entry.country) or ("" if entry.country else "say the country of these numbers"):
        faults.append(("country", fault))
    if not is_digits(entry.begins):
        faults.append(("begins", "must be the first digits, without country code and trunk prefix"))
    longest = MAX_MSISDN_DIGITS - len(str(calling_code(entry.country) or ""))
    if not max(len(entry.begins), 1) <= entry.length <= longest:
        faults.append(
            ("length", f"must be what the numbers have in all: the digits of `begins` to {longest}")
        )
    return faults


# ── readings: how digits can be meant, as numbers whose length is possible ──


def digits_of(number: PhoneNumber) -> str:
    """Give a reading as international digits."""
    return f"{number.country_code}{_national_digits(number)}"


def is_known(number: PhoneNumber, ranges: NumberRanges) -> bool:
    """Tell whether a reading is a number in use."""
    return phonenumbers.is_valid_number(number) or bool(ranges.country_of(digits_of(number)))


#: the highest likelihood
HANDSET = 2


def likelihood(number: PhoneNumber, ranges: NumberRanges) -> int:
    """Rank a reading: a handset, another number in use, any number."""
    if phonenumbers.number_type(number) in _HANDSETS or ranges.country_of(digits_of(number)):
        return HANDSET
    return int(phonenumbers.is_valid_number(number))


def international(number: str, ranges: NumberRanges) -> PhoneNumber | None:
    """Read digits with their country code, also with a trunk prefix behind it (+44 07700 900123), or as the
    number was before its plan changed.
    """
    for each in dict.fromkeys((number, canonical(number))):
        found = _parsed(f"+{each}", None)
        if found is not None and is_possible(digits_of(found), ranges):
            return found
    return None


def national(number: str, home: str, ranges: NumberRanges) -> PhoneNumber | None:
    """Read a number as one dials it in a country; None where none in use is so, nor a handset that long."""
    found = _parsed(number, home) if home else None
    if found is None or not is_msisdn(digits_of(found)):
        return None
    return found if is_known(found, ranges) or _may_be_handset(found) else None


#: what was dialled in Mexico before mobiles, and before numbers of other areas, until 2019
_ONCE_DIALLED = re.compile(r"^(?:04[45]|01)(?=\d{10}$)")


def renumbered(number: str, home: str, ranges: NumberRanges) -> PhoneNumber | None:
    """Read a number that a country once had, as address books keep it, as what it is now; None for others."""
    found = _parsed(_ONCE_DIALLED.sub("", number) if home == "MX" else number, home)
    now = None if found is None else _parsed(f"+{canonical(digits_of(found))}", None)
    return now if now is not None and is_known(now, ranges) else None


def has_shape(number: PhoneNumber) -> bool:
    """Tell whether a reading looks like the numbers of its country, whose ranges need not all be known."""
    digits = _national_digits(number)
    if number.country_code == NANP:
        return _NANP_NUMBER.fullmatch(digits) is not None
    pattern = _shape(number.country_code or 0)
    return pattern is not None and pattern.fullmatch(digits) is not None


def _may_be_handset(number: PhoneNumber) -> bool:
    if number.country_code == NANP:
        return has_shape(number)
    reason = phonenumbers.is_possible_number_for_type_with_reason(number, PhoneNumberType.MOBILE)
    return bool(reason == phonenumbers.ValidationResult.IS_POSSIBLE)


def is_possible(msisdn: str, ranges: NumberRanges) -> bool:
    """Tell whether digits have the length of a number of the country that they begin with."""
    if not is_msisdn(msisdn):
        return False
    code = next((msisdn[:n] for n in (1, 2, 3) if msisdn[:n] in _COUNTRIES), "")
    is_long = bool(code) and len(msisdn) - len(code) in _lengths(int(code))
    return is_long or bool(ranges.country_of(msisdn))


@lru_cache(maxsize=256)
def _lengths(code: int) -> frozenset[int]:
    general = _general(code)
    return frozenset() if general is None else frozenset(general.possible_length)


@lru_cache(maxsize=256)
def _shape(code: int) -> re.Pattern[str] | None:
    general = _general(code)
    return None if general is None else re.compile(general.national_number_pattern or "")


def _general(code: int) -> PhoneNumberDesc | None:
    region = phonenumbers.region_code_for_country_code(code)
    metadata = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    return None if metadata is None else metadata.general_desc


def _parsed(number: str, home: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(number, home)
    except phonenumbers.NumberParseException:
        return None


def _national_digits(number: PhoneNumber) -> str:
    return phonenumbers.national_significant_number(number)


class PlainNumbers:
    """A region's handsets in their plainest form: nothing to strip, nothing to guess.

    Reading a number in full takes tens of microseconds; telling that there is nothing to be read takes two.
    """

    def __init__(self, metadata: phonenumbers.PhoneMetadata, general: PhoneNumberDesc) -> None:
        self.country_code = str(metadata.country_code)
        #: no other region's numbers are among its own
        self.is_main = metadata.id == phonenumbers.region_code_for_country_code(int(self.country_code))
        self._lengths = frozenset(general.possible_length)
        self._general = re.compile(general.national_number_pattern or "")
        mobile = metadata.mobile
        self._mobile = re.compile((mobile and mobile.national_number_pattern) or "(?!)")
        prefixes = (metadata.national_prefix_for_parsing, metadata.international_prefix)
        self._prefix = re.compile("|".join(f"(?:{prefix})" for prefix in prefixes if prefix) or "(?!)")

    def is_one(self, number: str) -> bool:
        """Tell whether a number is a handset's as it stands."""
        return (
            len(number) in self._lengths
            and not number.startswith(self.country_code)
            and not self._prefix.match(number)
            and self._general.fullmatch(number) is not None
            and self._mobile.fullmatch(number) is not None
        )

    def is_foreign(self, msisdn: str) -> bool:
        """Tell whether a handset's international number is surely none of the region's, as dialled there."""
        if self.country_code == str(NANP) and msisdn.startswith(self.country_code):
            return True  # the country code is the trunk prefix too: it is the same number
        if self.country_code == str(NANP) and len(msisdn) in self._lengths:
            return False
        return not self._prefix.match(msisdn) and self._mobile.fullmatch(msisdn) is None


def is_plain_handset(msisdn: str) -> bool:
    """Tell whether an international number is a handset's in its plainest form."""
    for length in (1, 2, 3):
        regions = _REGIONS.get(msisdn[:length])
        if regions is not None:
            national_digits = msisdn[length:]
            return any((plain := plain_numbers(r)) and plain.is_one(national_digits) for r in regions)
    return False


@lru_cache(maxsize=256)
def plain_numbers(home: str) -> PlainNumbers | None:
    """Give the plain handsets of a region; None where there is none of that name."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(home)
    general = None if metadata is None else metadata.general_desc
    if metadata is None or general is None or not general.national_number_pattern:
        return None
    return PlainNumbers(metadata, general)
