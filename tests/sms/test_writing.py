"""National tables, packing, headers, data coding and fitting."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import gsm_texts, texts

from aldis.sms import dcs, udh
from aldis.sms.alphabet import ESCAPE, from_septets, tables, to_septets, writable
from aldis.sms.dcs import Alphabet, DataCoding, MessageWaiting
from aldis.sms.encoding import Encoded, Encoding, compose, decode, encode, encode_ucs2
from aldis.sms.fitting import (
    PLAIN,
    DefaultAlphabet,
    EncodingOptions,
    TextRules,
    fit,
    fit_octets,
    from_coding,
    non_gsm_characters,
)
from aldis.sms.national_tables import LOCKING, RESERVED, SINGLE, Language
from aldis.sms.packing import fill_bits, pack, unpack
from aldis.sms.segments import Segment, Splitting, TooLong, count, split
from aldis.sms.smart import simplify
from aldis.sms.udh import Concatenation, Ports

languages = st.sampled_from(list(Language))


@pytest.mark.parametrize("language", [language for language in Language if language])
def test_the_shape_of_a_language_s_tables(language: Language) -> None:
    if language is not Language.SPANISH:  # which has no locking shift table
        assert len(LOCKING[language]) == 128
        assert LOCKING[language][ESCAPE] == "\x1b"
        assert LOCKING[language][0x0A] == "\n"
        assert LOCKING[language][0x0D] == "\r"
        assert LOCKING[language][0x20] == " "
    assert all(0 <= septet < 128 and septet != ESCAPE for septet in SINGLE[language])
    assert RESERVED not in SINGLE[language].values()


@pytest.mark.parametrize(
    ("text", "locking", "single", "septets"),
    [
        ("Türkçe İş", 1, 0, b"T\x7erk\x60e \x40\x1d"),
        ("ığş", 0, 1, b"\x1bi\x1bg\x1bs"),
        ("ñandú", 0, 2, b"\x7dand\x1bu"),
        ("São ção", 3, 0, b"S\x7bo \x09\x7bo"),
        ("\u0915\u093e", 6, 0, b"\x15\x50"),
        ("\u0ca1", 7, 0, b"\x24"),  # DDA, where the printed table has a second PA
        ("a,b", 5, 0, b"\x61\x2c\x62"),
    ],
)
def test_a_text_in_national_tables(text: str, locking: int, single: int, septets: bytes) -> None:
    assert to_septets(text, locking, single) == septets
    assert from_septets(septets, locking, single) == text


@given(st.data(), languages, languages)
def test_whatever_a_pair_of_tables_writes_it_reads(
    data: st.DataObject, locking: Language, single: Language
) -> None:
    characters = st.sampled_from(sorted(map(chr, writable(locking, single))))
    text = data.draw(st.text(characters, max_size=80))
    assert from_septets(to_septets(text, locking, single), locking, single) == text


def test_an_unknown_language_is_read_with_the_default_tables() -> None:
    assert tables(200, 99) == tables(0, 0)


@pytest.mark.parametrize(
    ("septets", "fill", "octets"),
    [
        (b"hello", 0, "e8329bfd06"),
        (b"1234567", 0, "31d98c56b3dd1a"),  # seven bits are left over: a carriage return fills them
        (b"12345678", 0, "31d98c56b3dd70"),
        (b"A", 1, "82"),
        (b"", 0, ""),
    ],
)
def test_septets_and_their_packing(septets: bytes, fill: int, octets: str) -> None:
    assert pack(septets, fill).hex() == octets
    assert unpack(bytes.fromhex(octets), fill) == septets


@given(
    st.binary(max_size=160).map(lambda octets: bytes(octet & 0x7F for octet in octets)), st.integers(0, 20)
)
def test_packing_comes_back_behind_any_header(septets: bytes, header_octets: int) -> None:
    fill = fill_bits(header_octets)
    assert (header_octets * 8 + fill) % 7 == 0
    packed = pack(septets, fill)
    assert unpack(packed, fill, len(septets)) == septets
    if not septets.endswith(b"\r"):
        assert unpack(packed, fill) in (septets, septets + b"\x00")


@pytest.mark.parametrize(
    ("octet", "coding"),
    [
        (0x00, DataCoding(Alphabet.GSM7)),
        (0x01, DataCoding(Alphabet.ASCII)),
        (0x03, DataCoding(Alphabet.LATIN_1)),
        (0x04, DataCoding(Alphabet.OCTETS)),
        (0x08, DataCoding(Alphabet.UCS2)),
        (0x10, DataCoding(Alphabet.GSM7, message_class=0)),
        (0x18, DataCoding(Alphabet.UCS2, message_class=0)),
        (0x15, DataCoding(Alphabet.OCTETS, message_class=1)),
        (0x20, DataCoding(Alphabet.GSM7, is_compressed=True)),
        (0x48, DataCoding(Alphabet.UCS2, is_automatically_deleted=True)),
        (0x90, DataCoding(Alphabet.GSM7)),  # reserved: the default
        (0xC8, DataCoding(Alphabet.GSM7, waiting=MessageWaiting(True, 0, is_stored=False))),
        (0xD1, DataCoding(Alphabet.GSM7, waiting=MessageWaiting(False, 1, is_stored=True))),
        (0xEA, DataCoding(Alphabet.UCS2, waiting=MessageWaiting(True, 2, is_stored=True))),
        (0xF0, DataCoding(Alphabet.GSM7, message_class=0)),
        (0xF6, DataCoding(Alphabet.OCTETS, message_class=2)),
    ],
)
def test_a_data_coding_octet(octet: int, coding: DataCoding) -> None:
    assert dcs.read(octet) == coding


def test_every_octet_is_a_data_coding() -> None:
    codings = [dcs.read(octet) for octet in range(256)]
    for coding in codings:
        if coding.alphabet not in (Alphabet.GSM7, Alphabet.OCTETS):
            assert b"".decode(coding.alphabet) == ""


def test_headers_and_their_elements() -> None:
    header = udh.header(udh.concatenation_16(Concatenation(0x1234, 3, 2)) + udh.shifts(1, 2))
    assert header.hex(" ") == "0c 08 04 12 34 03 02 24 01 02 25 01 01"
    elements, rest = udh.split_header(header + b"text")
    assert rest == b"text"
    assert udh.concatenation(elements) == Concatenation(0x1234, 3, 2)
    assert udh.shift_tables(elements) == (1, 2)
    assert udh.ports(elements) is None
    assert udh.ports({udh.PORTS_16: b"\x15\x8a\x00\x00"}) == Ports(5514, 0)
    assert udh.ports({udh.PORTS_8: b"\xf0\x01"}) == Ports(240, 1)
    assert udh.header(b"") == b""


@pytest.mark.parametrize(
    ("splitting", "gsm", "ucs2"),
    [
        (Splitting.UDH_8, 153, 67),
        (Splitting.UDH_16, 152, 66),
        (Splitting.SAR, 153, 67),
        (Splitting.PAYLOAD, 153, 67),
    ],
)
def test_what_a_segment_holds(splitting: Splitting, gsm: int, ucs2: int) -> None:
    for text, size, alone in (("a" * 1000, gsm, 160), ("ж" * 500, ucs2, 70)):
        assert count(encode(text[:alone]), splitting) == 1
        assert count(encode(text[: alone + 1]), splitting) == 2
        assert count(encode(text[: 3 * size]), splitting) == 3
        assert count(encode(text[: 3 * size + 1]), splitting) == 4


@given(st.one_of(gsm_texts, texts).filter(bool), st.sampled_from(Splitting), st.integers(0, 2**40))
def test_segments_hold_the_text_and_fit(text: str, splitting: Splitting, reference: int) -> None:
    encoded = encode(text)
    parts = split(encoded, reference, splitting)
    assert b"".join(part.octets for part in parts) == encoded.octets
    assert parts[0].total == count(encoded, splitting)
    if splitting is Splitting.PAYLOAD and parts[0].total > 1:
        assert [part.number for part in parts] == [0]
        return
    assert [part.number for part in parts] == list(range(1, len(parts) + 1))
    for part in parts:
        octets = len(part.octets) if encoded.encoding is Encoding.UCS2 else -(-len(part.octets) * 7 // 8)
        assert len(part.header) + octets <= 140
        decode(Encoded(encoded.encoding, part.octets)).encode("utf-8")  # no half characters


TURKISH = TextRules(languages=(Language.TURKISH,))


@pytest.mark.parametrize(
    ("text", "rules", "encoding", "segments"),
    [
        ("plain", PLAIN, Encoding.GSM7, 1),
        ("ş" * 80, PLAIN, Encoding.UCS2, 2),
        ("ş" * 80, TURKISH, Encoding.GSM7, 1),
        ("ş" * 160, TURKISH, Encoding.GSM7, 2),  # a header for the tables takes its place
        ("ж", TURKISH, Encoding.UCS2, 1),
        ("äöü", TextRules(DefaultAlphabet.LATIN_1), Encoding.GSM7, 1),
        ("5 €", TextRules(DefaultAlphabet.LATIN_1), Encoding.UCS2, 1),
        ("olá São", TextRules(DefaultAlphabet.LATIN_1, (Language.PORTUGUESE,)), Encoding.UCS2, 1),
        ("plain", TextRules(DefaultAlphabet.UCS2_ONLY), Encoding.UCS2, 1),
    ],
)
def test_the_cheapest_way_that_an_upstream_can_carry(
    text: str, rules: TextRules, encoding: Encoding, segments: int
) -> None:
    fitted = fit(text, rules)
    assert (fitted.encoded.encoding, fitted.segments) == (encoding, segments)
    assert decode(fitted.encoded) == text


@given(texts, st.lists(languages.filter(bool), max_size=3).map(tuple), st.booleans())
def test_fitting_keeps_the_text_unless_it_may_be_simplified(
    text: str,
    chosen: tuple[Language, ...],
    smart: bool,  # noqa: FBT001 - Hypothesis gives it by position
) -> None:
    fitted = fit(text, TextRules(languages=chosen), EncodingOptions(smart=smart))
    text = compose(text)
    assert decode(fitted.encoded) in ((text, simplify(text)) if smart else (text,))
    assert fitted.segments <= count(encode(text))
    assert from_coding(fitted.coding, fitted.encoded.octets).encoded == fitted.encoded


def test_smart_encoding_replaces_only_where_it_helps() -> None:
    assert (
        decode(fit("it’s “fine” – really…", PLAIN, EncodingOptions(smart=True)).encoded)
        == 'it\'s "fine" - really...'
    )
    assert decode(fit("it’s ж", PLAIN, EncodingOptions(smart=True)).encoded) == "it’s ж"
    assert simplify("Grüße €") == "Grüße €"


def forcing(text: str, rules: TextRules = PLAIN) -> dict[str, int]:
    found = non_gsm_characters(encode_ucs2(text), rules)
    return {each.character: each.times for each in found}


def test_what_forces_ucs2() -> None:
    assert forcing("a ж b ж ☃") == {"ж": 2, "☃": 1}
    assert forcing("ş", TURKISH) == {}
    assert forcing("ş ж", TURKISH) == {"ж": 1}
    assert forcing("5 €", TextRules(DefaultAlphabet.LATIN_1)) == {"€": 1}
    assert forcing("x", TextRules(DefaultAlphabet.UCS2_ONLY)) == {}
    assert [each.name for each in non_gsm_characters(encode_ucs2("☃"))] == ["SNOWMAN"]
    assert non_gsm_characters(fit("all in GSM").encoded) == ()


def test_what_is_too_long_is_so_in_every_way_of_writing() -> None:
    with pytest.raises(TooLong):
        fit("ж" * 67 * 256, TURKISH)


def test_a_text_that_is_far_too_long_is_refused_before_it_is_looked_through() -> None:
    with pytest.raises(TooLong):
        count(encode("ж" * 5_000_000))


def test_octets_go_as_they_are_or_not_at_all() -> None:
    fitted = fit_octets(b"\x05\x00\x03\x02\x02\x01data")
    kept = from_coding(fitted.coding, fitted.encoded.octets)
    assert kept.encoded == fitted.encoded
    assert split(kept.encoded, 7, kept.splitting) == (Segment(1, 1, b"\x05\x00\x03\x02\x02\x01", b"data"),)
    assert split(fit_octets(b"\0data").encoded, 7) == (Segment(1, 1, b"", b"data"),)
    assert fit_octets(b"\0" + b"x" * 140).segments == 1
    for octets in (b"\0" + b"x" * 141, b"\x02\x04\x00" + b"x" * 138):
        with pytest.raises(TooLong):
            fit_octets(octets)


@pytest.mark.parametrize("message_class", [None, 0, 1, 2, 3])
@pytest.mark.parametrize("text", ["hello", "ж" * 80])
def test_a_message_class_is_kept_beside_the_text(text: str, message_class: int | None) -> None:
    fitted = fit(text, PLAIN, EncodingOptions(message_class=message_class))
    kept = from_coding(fitted.coding, fitted.encoded.octets)
    assert (kept.encoded, kept.message_class) == (fitted.encoded, message_class)
    if message_class is not None:
        octet = dcs.with_class(dcs.Alphabet.GSM7, message_class)
        assert dcs.read(octet) == dcs.DataCoding(dcs.Alphabet.GSM7, message_class)


def test_ucs2_is_taken_where_it_is_wanted() -> None:
    assert fit("hello", PLAIN, EncodingOptions(ucs2=True)).encoded.encoding is Encoding.UCS2
    assert fit("it’s", TURKISH, EncodingOptions(ucs2=True, smart=True)).encoded.encoding is Encoding.UCS2


def test_what_cannot_be_cut_is_refused_and_not_emptied() -> None:
    with pytest.raises(TooLong):
        fit("e" + "\u0324" * 100, PLAIN, EncodingOptions(most_segments=1))
    assert (
        decode(fit("a" * 159 + "e\u0324 more", PLAIN, EncodingOptions(most_segments=1)).encoded) == "a" * 159
    )
    assert fit("x" * 50_000, PLAIN, EncodingOptions(most_segments=255)).segments == 255
    assert decode(fit("a" * 160 + "b", PLAIN, EncodingOptions(most_segments=1)).encoded) == "a" * 160


@given(st.text(alphabet="ab€ж😀\u200d\u0301", max_size=400), st.integers(1, 4))
def test_a_text_is_cut_to_the_segments_that_are_wanted(text: str, most: int) -> None:
    fitted = fit(text or "a", PLAIN, EncodingOptions(most_segments=most))
    text = text or "a"
    assert fitted.segments <= most
    shown = decode(fitted.encoded)
    text = compose(text)
    assert text.startswith(shown)
    clusters = regex.findall(r"\X", text)
    assert shown in {"".join(clusters[:count]) for count in range(len(clusters) + 1)}
    if shown != text:  # not one character more would have done
        longer = "".join(clusters[: len(regex.findall(r"\X", shown)) + 1])
        assert fit(longer).segments > most
