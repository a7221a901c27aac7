"""The GSM alphabet in both directions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import gsm_texts

from aldis.sms.alphabet import NotInAlphabet, from_septets, to_septets

CASES = [
    ("", b""),
    ("@", b"\x00"),
    ("Hello", b"Hello"),
    ("@£$¥èéùìòÇ\nØø\rÅå", bytes(range(16))),
    ("Δ_ΦΓΛΩΠΨΣΘΞ", bytes(range(0x10, 0x1B))),
    ("ÆæßÉ", b"\x1c\x1d\x1e\x1f"),
    ("¤", b"\x24"),
    ("¡ÄÖÑÜ§", b"\x40\x5b\x5c\x5d\x5e\x5f"),
    ("¿äöñüà", b"\x60\x7b\x7c\x7d\x7e\x7f"),
    ("€", b"\x1b\x65"),
    ("^{}\\[~]|\f", b"\x1b\x14\x1b\x28\x1b\x29\x1b\x2f\x1b\x3c\x1b\x3d\x1b\x3e\x1b\x40\x1b\x0a"),
]


@pytest.mark.parametrize(("text", "septets"), CASES)
def test_a_text_and_its_septets(text: str, septets: bytes) -> None:
    assert to_septets(text) == septets
    assert from_septets(septets) == text


@pytest.mark.parametrize("text", ["`", "ç", "“", "–", "你", "👋", "\x1b", "\x00", "é́"])
def test_a_stranger_is_named(text: str) -> None:
    with pytest.raises(NotInAlphabet) as found:
        to_septets(text)
    assert found.value.args[0] in text


@pytest.mark.parametrize(
    ("septets", "text"),
    [(b"\x1b", " "), (b"a\x1b", "a "), (b"\x1b\x61", "a"), (b"\x1b\x1b", " "), (b"\xc1", "A")],
)
def test_octets_that_we_never_write_are_read_as_the_specification_asks(septets: bytes, text: str) -> None:
    assert from_septets(septets) == text


@given(gsm_texts)
def test_what_is_written_can_be_read(text: str) -> None:
    assert from_septets(to_septets(text)) == text


@given(st.binary())
def test_no_octets_break_the_reader(octets: bytes) -> None:
    assert len(from_septets(octets)) <= len(octets)
