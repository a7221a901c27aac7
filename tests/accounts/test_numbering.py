"""Numbers as customers write them, and the country that prices them."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.accounts.number_plans import (
    KnownBy,
    NumberRange,
    country_of,
    known_by,
    plain_numbers,
    range_faults,
    ranges_of,
    released_on,
)
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
    ("447911123456", Numbering.LOCAL_FIRST, "US", Recipient("447911123456", "GG")),
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


FIRST = (Numbering.LOCAL_FIRST, Numbering.INTERNATIONAL_FIRST)

#: as customers with a home country write numbers, and who that is: None for what could only be guessed
AT_HOME = [
    ("6792345678", "US", Recipient("16792345678", "US")),  # Detroit's new overlay, or a handset in Fiji
    ("2015550123", "US", Recipient("12015550123", "US")),  # New Jersey, or Egypt
    ("3532345678", "US", Recipient("13532345678", "US")),
    ("4165550100", "US", Recipient("14165550100", "CA")),
    ("4165550100", "CA", Recipient("14165550100", "CA")),
    ("2025550100", "CA", Recipient("12025550100", "US")),
    ("8765550100", "JM", Recipient("18765550100", "JM")),
    ("7875550100", "US", Recipient("17875550100", "PR")),
    ("17875550100", "PR", Recipient("17875550100", "PR")),
    ("2025550100", "PR", Recipient("12025550100", "US")),
    ("07700300123", "JE", Recipient("447700300123", "JE")),
    ("07700300123", "GB", Recipient("447700300123", "JE")),
    ("07911123456", "JE", Recipient("447911123456", "GG")),
    ("13247044743", "CN", Recipient("8613247044743", "CN")),  # or Florida
    ("15112345678", "DE", Recipient("4915112345678", "DE")),  # or Texas
    ("4915112345678", "DE", Recipient("4915112345678", "DE")),  # or a landline in Rhauderfehn
    ("263714125298", "DE", Recipient("263714125298", "ZW")),  # or a German landline
    ("03012345678", "DE", Recipient("493012345678", "DE")),
    ("9801247606", "NP", Recipient("9779801247606", "NP")),
    ("4520123456", "NP", Recipient("4520123456", "DK")),
    ("011447911123456", "US", Recipient("447911123456", "GG")),
    ("0447911123456", "US", None),
    ("555", "US", None),
    ("97123456", "BJ", Recipient("2290197123456", "BJ")),  # as it was before 2024, or the Emirates
    ("0197123456", "BJ", Recipient("2290197123456", "BJ")),
    ("07123456", "CI", Recipient("2250707123456", "CI")),
    ("091234567", "EC", Recipient("593991234567", "EC")),
    ("0445512345678", "MX", Recipient("525512345678", "MX")),
    ("0455512345678", "MX", Recipient("525512345678", "MX")),
    ("015512345678", "MX", Recipient("525512345678", "MX")),
    ("04455123456", "MX", None),
    ("20212345", "CI", Recipient("2252720212345", "CI")),
    ("1115 23456789".replace(" ", ""), "AR", Recipient("5491123456789", "AR")),
    ("0351 15 4567890".replace(" ", ""), "AR", Recipient("5493514567890", "AR")),
    ("1187654321", "BR", Recipient("5511987654321", "BR")),
    ("5550100", "US", None),  # an area code is missing
    ("1234567890", "US", None),
]


@pytest.mark.parametrize(("number", "home", "recipient"), AT_HOME)
@pytest.mark.parametrize("numbering", FIRST)
def test_a_number_at_home(numbering: Numbering, number: str, home: str, recipient: Recipient | None) -> None:
    assert read_number(number, numbering, home) == recipient


@pytest.mark.parametrize(
    ("number", "home", "local", "international"),
    [
        # the example of Mavorion's page is Danish
        ("4512345678", "NP", "9774512345678", "4512345678"),
        ("447700900001", "US", None, "447700900001"),
        ("99999999999", "US", None, None),
    ],
)
def test_what_nothing_is_known_of_is_what_the_dialect_says(
    number: str, home: str, local: str | None, international: str | None
) -> None:
    found = [read_number(number, numbering, home) for numbering in FIRST]
    assert [each and each.msisdn for each in found] == [local, international]


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
    plain = plain_numbers(region)
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
    ("612345678", INTERNATIONAL, "ES", "34612345678"),  # as Australian it would be too short for a handset
    ("61412345678", INTERNATIONAL, "ES", "61412345678"),
    ("612345678", INTERNATIONAL, "", "612345678"),
    ("3312345678", INTERNATIONAL, "IT", "393312345678"),
    ("13247044743", INTERNATIONAL, "CN", "13247044743"),
    ("97123456", NATIONAL, "BJ", "2290197123456"),  # as it was before 2024, or the Emirates
    ("97123456", UNKNOWN, "BJ", "2290197123456"),
    ("0445512345678", NATIONAL, "MX", "525512345678"),
    ("07123456", NATIONAL, "CI", "2250707123456"),
    ("77123456", NATIONAL, "CM", "237677123456"),
    ("1621234567", NATIONAL, "VN", "84321234567"),
    ("01115 23456789".replace(" ", ""), NATIONAL, "AR", "5491123456789"),
    ("54111523456789", INTERNATIONAL, "AR", "5491123456789"),
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


@pytest.mark.parametrize(("region", "code", "number", "trunk"), MOBILES, ids=[row[0] for row in MOBILES])
def test_a_mobile_is_read_as_its_international_form_is(
    region: str, code: str, number: str, trunk: str
) -> None:
    whole = read_number(code + number, Numbering.INTERNATIONAL, "")
    for written in (number, trunk + number, code + number, f"+{code}{number}"):
        assert [read_number(written, numbering, region) for numbering in FIRST] == [whole] * 2


@given(
    st.sampled_from([code + number for _, code, number, _ in MOBILES]),
    st.text("0123456789", min_size=4, max_size=6),
    st.integers(0, 8),
    st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)),
)
def test_what_is_plain_is_read_as_in_full(example: str, digits: str, cut: int, home: str) -> None:
    """In both forms, a range that nobody has makes the reader take its time."""
    nowhere = ranges_of([NumberRange("AQ", "0", 3), NumberRange("AX", "0", 3)])
    assert nowhere.lengths
    for number in (example, example[: -len(digits)] + digits, example[cut:], digits + example[cut:]):
        for numbering in FIRST:
            assert read_number(number, numbering, home) == read_number(number, numbering, home, nowhere)


SAMPLES = st.sampled_from([row for row in MOBILES if row[0] not in ("US", "CA")])


@given(SAMPLES, st.integers(1, 9), st.sampled_from(FIRST))
def test_a_range_that_is_added_is_known_in_every_form(
    mobile: tuple[str, str, str, str], begins: int, numbering: Numbering
) -> None:
    """The mobile numbers of one digit more than there are, whatever else they could be."""
    region, code, number, _ = mobile
    added = f"{begins}{number}"
    if len(code + added) > 15:
        return
    ranges = ranges_of([NumberRange(region, added[:4], len(added))])
    expected = Recipient(code + added, region)
    assert read_number(code + added, Numbering.INTERNATIONAL, "", ranges) == expected
    assert read_number(f"+{code}{added}", numbering, "", ranges) == expected
    assert read_handset(code + added, INTERNATIONAL, "", ranges) == code + added
    assert known_by(code + added, ranges) is KnownBy.NUMBER_RANGE


@pytest.mark.parametrize(
    ("number", "home", "entry", "recipient"),
    [
        ("6792345678", "US", NumberRange("US", "679", 10), Recipient("16792345678", "US")),
        ("3532345678", "US", NumberRange("CA", "353", 10), Recipient("13532345678", "CA")),
        ("13532345678", "GB", NumberRange("CA", "353", 10), Recipient("13532345678", "CA")),
        ("530123456", "AE", NumberRange("AE", "530", 9), Recipient("971530123456", "AE")),
        ("0530123456", "AE", NumberRange("AE", "530", 9), Recipient("971530123456", "AE")),
        ("4805550100", "US", NumberRange("MX", "480", 10), Recipient("14805550100", "US")),
        ("4805550100", "US", NumberRange("CA", "480", 10), Recipient("14805550100", "CA")),
    ],
)
def test_the_directory_adds_ranges(number: str, home: str, entry: NumberRange, recipient: Recipient) -> None:
    for numbering in FIRST:
        assert read_number(number, numbering, home, ranges_of([entry])) == recipient


@pytest.mark.parametrize(
    ("entry", "keys"),
    [
        (NumberRange("US", "679", 10), []),
        (NumberRange("XX", "679", 10), ["country"]),
        (NumberRange("", "679", 10), ["country"]),
        (NumberRange("US", "", 10), ["begins"]),
        (NumberRange("US", "+1", 10), ["begins"]),
        (NumberRange("US", "679", 2), ["length"]),
        (NumberRange("US", "679", 15), ["length"]),
        (NumberRange("us", "x", 0), ["country", "begins", "length"]),
    ],
)
def test_what_is_wrong_with_a_range(entry: NumberRange, keys: list[str]) -> None:
    assert [key for key, _ in range_faults(entry)] == keys


@pytest.mark.parametrize(
    ("msisdn", "country"),
    [
        ("390669812345", "VA"),
        ("393123456789", "IT"),
        ("80012345678", "ZZ"),
        ("12572345678", "CA"),
        ("13532345678", "US"),
    ],
)
def test_the_country_of_a_number(msisdn: str, country: str) -> None:
    assert country_of(msisdn, ranges_of([])) == country


@pytest.mark.parametrize(
    ("version", "days"), [("9.0.42", 0), ("9.0.41", 14), ("9.0.43", 0), ("9.1.0", 0), ("10.0", 0), ("?", 0)]
)
def test_a_release_is_about_so_old(version: str, days: int) -> None:
    assert (released_on("9.0.42") - released_on(version)).days == days


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
        ("07700/900123", "GB", "447700900123"),
        ("4155550101", "", None),
        ("+4155550101", "US", None),
        ("\u202a+14805550100\u202c", "", "14805550100"),  # as address books of Windows copy it
        ("\ufeff\u200e+1\u00a0480\u202f555\u20130100", "", "14805550100"),
        ("\uff0b\uff11\uff14\uff18\uff10\uff15\uff15\uff15\uff10\uff11\uff10\uff10", "", "14805550100"),
        ("\u0661\u0664\u0668\u0660\u0665\u0665\u0665\u0660\u0661\u0660\u0660", "US", "14805550100"),
        ('="+14805550100"', "", "14805550100"),
        ("'+14805550100", "", "14805550100"),
        ("tel:+1-480-555-0100", "", "14805550100"),
        ("+22507123456", "", "2250707123456"),  # as it was before 2021
        ("22507123456", "US", "2250707123456"),
        ("+54 9 11 15 2345-6789", "", None),
        ("1.48056E+10", "US", None),
        ("14805550100.5", "US", None),
        ("+14805550100 x12", "US", None),
        ("+14805550100/+14805550101", "US", None),
        ("²³²³²³²³²³", "US", None),
        ("07700900123", "", None),
        ("none", "US", None),
        ("", "", None),
    ],
)
def test_what_people_write_in_tables(text: str, home: str, number: str | None) -> None:
    assert read_written(text, home) == number
