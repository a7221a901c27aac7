"""What postbacks are written with says the same as the standard library, and faster."""

from __future__ import annotations

from urllib.parse import urlencode
from xml.sax.saxutils import unescape

from hypothesis import given
from hypothesis import strategies as st

from aldis.dialects.writing import echo_of, quoted, xml_text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_value_is_quoted_as_urlencode_does(text: str) -> None:
    assert f"x={quoted(text)}" == urlencode({"x": text})


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")))
def test_a_text_survives_being_written_as_xml(text: str) -> None:
    written = xml_text(text)
    assert not {"<", ">"} & set(written)
    assert unescape(written) == text


def test_what_was_kept_with_a_message_comes_back() -> None:
    assert echo_of(b"{}") == {}
    assert echo_of(b'{"app_id":"7"}') == {"app_id": "7"}
