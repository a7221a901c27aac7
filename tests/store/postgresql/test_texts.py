"""Texts as PostgreSQL takes them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aldis.store.postgresql.engine.texts import all_escaped, escaped, unescaped

TEXTS = st.text(st.sampled_from("\0\1ab\u20ac"))


@given(TEXTS)
def test_no_text_has_a_nul_and_each_is_read_back(text: str) -> None:
    assert "\0" not in escaped(text)
    assert unescaped(escaped(text)) == text


@given(st.lists(TEXTS))
def test_a_column_is_written_as_its_texts_are(texts: list[str]) -> None:
    assert list(all_escaped(texts)) == [escaped(text) for text in texts]
