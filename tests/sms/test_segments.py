"""Segmenting: sizes, borders, and that nothing is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import gsm_texts, texts

from aldis.sms.encoding import Encoded, Encoding, compose, decode, encode
from aldis.sms.segments import MAX_SEGMENTS, TooLong, count, split
from aldis.sms.udh import concatenation, split_header


@pytest.mark.parametrize(
    ("text", "encoding", "segments"),
    [
        ("", Encoding.GSM7, 1),
        ("a" * 160, Encoding.GSM7, 1),
        ("a" * 161, Encoding.GSM7, 2),
        ("a" * 306, Encoding.GSM7, 2),
        ("a" * 307, Encoding.GSM7, 3),
        ("€" * 80, Encoding.GSM7, 1),
        ("€" * 81, Encoding.GSM7, 2),
        ("a" * 152 + "€" + "b" * 152, Encoding.GSM7, 3),  # the pair moves to the second segment
        ("ж" * 70, Encoding.UCS2, 1),
        ("ж" * 71, Encoding.UCS2, 2),
        ("ж" * 134, Encoding.UCS2, 2),
        ("ж" * 135, Encoding.UCS2, 3),
        ("👋" * 35, Encoding.UCS2, 1),
        ("👋" * 36, Encoding.UCS2, 2),
        ("ж" * 66 + "👋" + "ж" * 66, Encoding.UCS2, 3),  # so does a surrogate pair
        ("a" * 153 * 255, Encoding.GSM7, 255),
    ],
)
def test_how_many_segments_a_text_needs(text: str, encoding: Encoding, segments: int) -> None:
    encoded = encode(text)
    assert encoded.encoding is encoding
    assert count(encoded) == segments
    assert len(split(encoded, 7)) == segments


def test_a_text_beyond_255_segments_is_too_long() -> None:
    encoded = encode("a" * (153 * MAX_SEGMENTS + 1))
    with pytest.raises(TooLong):
        count(encoded)
    with pytest.raises(TooLong):
        split(encoded, 0)


def test_a_single_segment_has_no_header() -> None:
    assert split(encode("hi"), 1)[0].header == b""


@given(st.one_of(gsm_texts, texts), st.integers(0, 255))
def test_joined_segments_equal_the_text(text: str, reference: int) -> None:
    encoded = encode(text)
    segments = split(encoded, reference)
    assert count(encoded) == len(segments)
    assert b"".join(segment.octets for segment in segments) == encoded.octets
    # each segment can be read by itself, so no pair was cut
    assert "".join(decode(Encoded(encoded.encoding, segment.octets)) for segment in segments) == compose(text)
    for segment in segments:
        limit = 160 if encoded.encoding is Encoding.GSM7 else 140
        room = limit - (7 if encoded.encoding is Encoding.GSM7 and segment.header else len(segment.header))
        assert len(segment.octets) <= room


@given(gsm_texts.filter(lambda text: len(text) > 160), st.integers(0, 255))
def test_headers_tell_each_segment_its_place(text: str, reference: int) -> None:
    for number, segment in enumerate(segments := split(encode(text), reference), start=1):
        elements, rest = split_header(segment.header + segment.octets)
        place = concatenation(elements)
        assert place is not None
        assert (place.reference, place.total, place.number) == (reference, len(segments), number)
        assert rest == segment.octets


@given(st.binary(max_size=160))
def test_no_octets_break_the_header_reader(octets: bytes) -> None:
    elements, rest = split_header(octets)
    assert octets.endswith(rest)
    concatenation(elements)


@pytest.mark.parametrize(
    ("user_data", "reference", "total", "number"),
    [(b"\x05\x00\x03\x2a\x03\x02x", 0x2A, 3, 2), (b"\x06\x08\x04\x01\x02\x03\x01x", 0x0102, 3, 1)],
)
def test_both_kinds_of_concatenation_are_read(
    user_data: bytes, reference: int, total: int, number: int
) -> None:
    elements, rest = split_header(user_data)
    place = concatenation(elements)
    assert place is not None
    assert (place.reference, place.total, place.number, rest) == (reference, total, number, b"x")


@pytest.mark.parametrize("data", [b"\x01\x03\x04", b"\x01\x00\x00", b"\x01\x02"])
def test_a_place_that_makes_no_sense_is_none(data: bytes) -> None:
    assert concatenation({0x00: data}) is None
