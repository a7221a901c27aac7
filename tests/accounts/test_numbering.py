"""Numbers as customers write them, and the country that prices them."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.accounts import numbering
from aldis.accounts.numbering import Numbering, Recipient, read_number

CASES = [
    ("447700900001", Numbering.INTERNATIONAL, "", Recipient("447700900001", "GB")),
    ("447911123456", Numbering.INTERNATIONAL, "", Recipient("447911123456", "GG")),
    ("12025550100", Numbering.INTERNATIONAL, "", Recipient("12025550100", "US")),
    ("14165550100", Numbering.INTERNATIONAL, "", Recipient("14165550100", "CA")),
    ("4512345678", Numbering.INTERNATIONAL, "", Recipient("4512345678", "DK")),
    ("77012345678", Numbering.INTERNATIONAL, "", Recipient("77012345678", "KZ")),
    ("4805550100", Numbering.LOCAL_FIRST, "US", Recipient("14805550100", "US")),
    ("14805550100", Numbering.LOCAL_FIRST, "US", Recipient("14805550100", "US")),
    ("447700900001", Numbering.LOCAL_FIRST, "US", Recipient("447700900001", "GB")),
    ("9801247606", Numbering.INTERNATIONAL_FIRST, "NP", Recipient("9779801247606", "NP")),
    ("4512345678", Numbering.INTERNATIONAL_FIRST, "NP", Recipient("4512345678", "DK")),
    ("9801247606", Numbering.INTERNATIONAL, "", Recipient("9801247606", "IR")),
    ("+9801247606", Numbering.INTERNATIONAL_FIRST, "NP", Recipient("9801247606", "IR")),
    ("+14805550100", Numbering.LOCAL_FIRST, "US", Recipient("14805550100", "US")),
    ("80012345678", Numbering.INTERNATIONAL, "", Recipient("80012345678", "ZZ")),
    ("99999999999", Numbering.INTERNATIONAL, "", Recipient("99999999999", "ZZ")),
]


@pytest.mark.parametrize(("number", "numbering", "home", "recipient"), CASES)
def test_a_number_and_who_it_is(number: str, numbering: Numbering, home: str, recipient: Recipient) -> None:
    assert read_number(number, numbering, home) == recipient


NO_NUMBERS = [
    "",
    "+",
    "++4512345678",
    "0045123456",
    "00014805550100",
    "45 123",
    "123",
    "1" * 16,
    "abc",
    "²³²³²³²³",
]


@pytest.mark.parametrize("numbering", list(Numbering))
def test_a_sign_is_refused_where_digits_are_asked_for(numbering: Numbering) -> None:
    known = read_number("+4512345678", numbering, "US")
    assert (known is None) is (numbering is Numbering.INTERNATIONAL)


@pytest.mark.parametrize("number", NO_NUMBERS)
@pytest.mark.parametrize("numbering", list(Numbering))
def test_what_is_no_number(number: str, numbering: Numbering) -> None:
    assert read_number(number, numbering, "US") is None


REGIONS = (
    "US",
    "SE",
    "GB",
    "NP",
    "DE",
    "IT",
    "BR",
    "AR",
    "MX",
    "FR",
    "IN",
    "RU",
    "KZ",
    "JM",
    "DK",
    "SM",
    "VA",
)


@given(st.sampled_from(REGIONS), st.text("0123456789", min_size=5, max_size=13), st.integers(0, 4))
def test_a_plain_number_is_read_as_the_library_reads_it(region: str, digits: str, changed: int) -> None:
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    assert metadata is not None
    example = str(metadata.mobile.example_number if metadata.mobile else digits)
    number = digits[:changed] + example[changed:] if changed else digits
    plain = numbering._plain_numbers(region)
    assert plain is not None
    if plain.is_one(number):
        parsed = phonenumbers.parse(number, region)
        assert phonenumbers.is_valid_number(parsed)
        national = phonenumbers.national_significant_number(parsed)
        assert f"{parsed.country_code}{national}" == plain.country_code + number
