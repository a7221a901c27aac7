"""Numbers as customers write them, and the country that prices them."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.accounts import numbering
from aldis.accounts.numbering import Numbering, Recipient, read_handset, read_number, read_written
from aldis.sms.address import NumberType, is_msisdn

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


UNKNOWN, INTERNATIONAL, NATIONAL = NumberType.UNKNOWN, NumberType.INTERNATIONAL, NumberType.NATIONAL

#: as carriers write handsets, the country of their link, and who that is
HANDSETS = [
    ("4155550101", NATIONAL, "US", "14155550101"),
    ("4155550101", UNKNOWN, "US", "14155550101"),  # too short for Switzerland
    ("4155550101", INTERNATIONAL, "US", "14155550101"),
    ("4155550101", INTERNATIONAL, "", "4155550101"),  # said to be so: left as it is
    ("4155550101", UNKNOWN, "", None),
    ("4155550101", NATIONAL, "", None),
    ("15123456789", NATIONAL, "", None),  # somebody in Germany, or in Texas
    ("15123456789", NATIONAL, "DE", "4915123456789"),
    ("015123456789", UNKNOWN, "DE", "4915123456789"),
    ("13247044743", NATIONAL, "CN", "8613247044743"),
    ("13247044743", UNKNOWN, "CN", "13247044743"),  # nothing says that it is not somebody in Florida
    ("6792345678", NATIONAL, "US", "16792345678"),  # Detroit's new area code
    ("14155550101", NATIONAL, "US", "14155550101"),
    ("14155550101", UNKNOWN, "US", "14155550101"),
    ("447700900123", UNKNOWN, "US", "447700900123"),
    ("447911123456", NATIONAL, "US", "447911123456"),  # cannot be one of the US
    ("07700900123", NATIONAL, "GB", "447700900123"),
    ("7700900123", NATIONAL, "GB", "447700900123"),
    ("447700900123", NATIONAL, "GB", "447700900123"),
    ("07911123456", NATIONAL, "JE", "447911123456"),
    ("4407911123456", INTERNATIONAL, "", "447911123456"),
    ("011447700900123", UNKNOWN, "US", "447700900123"),
    ("9801247606", NATIONAL, "NP", "9779801247606"),
    ("3312345678", NATIONAL, "IT", "393312345678"),
    ("11987654321", NATIONAL, "BR", "5511987654321"),
    ("91123456789", NATIONAL, "AR", "5491123456789"),
    ("0612345678", NATIONAL, "FR", "33612345678"),
    ("74700", UNKNOWN, "US", None),
    ("99999999999", UNKNOWN, "US", None),
    ("Info", UNKNOWN, "US", None),
    ("", INTERNATIONAL, "US", None),
]


@pytest.mark.parametrize(("address", "number_type", "home", "number"), HANDSETS)
def test_who_a_handset_is(address: str, number_type: NumberType, home: str, number: str | None) -> None:
    assert read_handset(address, number_type, home) == number


#: region, calling code, a mobile number and what is dialled before it there, where that is always the same
MOBILES = [
    (
        region,
        str(metadata.country_code),
        str(metadata.mobile.example_number),
        metadata.national_prefix_for_parsing
        if metadata.national_prefix_for_parsing in ("0", "1", "8")
        else "",
    )
    for region in sorted(phonenumbers.SUPPORTED_REGIONS)
    if (metadata := phonenumbers.PhoneMetadata.metadata_for_region(region)) is not None
    and metadata.mobile is not None
    and metadata.mobile.example_number
]


@pytest.mark.parametrize(("region", "code", "number", "trunk"), MOBILES, ids=[row[0] for row in MOBILES])
def test_a_mobile_of_any_country_is_known_in_any_form(
    region: str, code: str, number: str, trunk: str
) -> None:
    whole = code + number
    assert read_handset(number, NATIONAL, region) == whole
    assert read_handset(trunk + number, NATIONAL, region) == whole
    assert [read_handset(whole, kind, region) for kind in NumberType] == [whole] * len(NumberType)
    assert [read_handset(whole, kind, "") for kind in (UNKNOWN, INTERNATIONAL)] == [whole] * 2


@given(st.text(max_size=18), st.sampled_from(NumberType), st.sampled_from(["", *REGIONS]))
def test_a_handset_is_a_number_or_none(address: str, number_type: NumberType, home: str) -> None:
    found = read_handset(address, number_type, home)
    assert found is None or is_msisdn(found)
    if found is not None:
        assert read_handset(found, INTERNATIONAL, home) == found


@pytest.mark.parametrize(
    ("text", "home", "number"),
    [
        ("+1 (480) 555-0100", "", "14805550100"),
        ("0014805550100", "", "14805550100"),
        ("1.480.555.0100", "", "14805550100"),
        ("(480) 555\u20110100", "US", "14805550100"),
        ("+44 7700 900123", "US", "447700900123"),
        ("07911/123456", "GB", "447911123456"),
        ("4155550101", "", None),
        ("+4155550101", "US", None),
        ("07700900123", "", None),
        ("none", "US", None),
        ("", "", None),
    ],
)
def test_what_people_write_in_tables(text: str, home: str, number: str | None) -> None:
    assert read_written(text, home) == number
