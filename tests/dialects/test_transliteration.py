"""Senders of the Mavorion dialect, as GatewayAPI's appendix has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.dialects.mavorion.transliteration import LATIN_1, sender_of
from aldis.sms.address import MAX_ALPHANUMERIC


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("InfoSMS", "InfoSMS"),
        ("My Shop", "My Shop"),
        ("Grønt", "Groent"),
        ("Åse & Bjørn", "Ase & Bjorn"),  # in full it would have thirteen characters
        ("Café Gößø", "Cafe Gossoe"),
        ("ÀÉÎÕÜýÿ", "AEIOUyy"),
        ("×÷¼", "x/1/4"),
        ("a\N{SOFT HYPHEN}b\N{NO-BREAK SPACE}c", "ab c"),
        ("Жанна", "Жанна"),  # no Latin-1: admission refuses it
    ],
)
def test_a_sender_is_written_in_ascii(given: str, written: str) -> None:
    assert sender_of(given) == written


def test_all_of_latin_1_has_its_ascii() -> None:
    assert len(LATIN_1) == 96
    assert all(written.isascii() and len(written) <= 3 for written in LATIN_1.values())


@given(st.text(st.characters(max_codepoint=0xFF), max_size=MAX_ALPHANUMERIC))
def test_no_sender_gets_too_long(name: str) -> None:
    assert len(sender_of(name)) <= MAX_ALPHANUMERIC
