"""A text is cut between clusters as in one piece, however long it and they are."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from aldis.sms.encoding import MOST_COMPOSED, compose
from aldis.sms.graphemes import PIECE, graphemes

#: one of each kind that a border is told by, and runs that go on behind a piece
UNITS = ["a", "ж", "e\u0301", "\r", "\n", "\u1100", "\u1161", "\u11a8", "\u0915", "\u094d", "\u0600"]
UNITS += ["\U0001f1e6", "\U0001f1e6" * 3, "\U0001f469", "\u200d", "\U0001f3fd", "\u0301" * PIECE]
UNITS += ["x" * (PIECE - 1), "\U0001f1e6" * PIECE, "\U0001f469\u200d" * PIECE]


@given(st.lists(st.sampled_from(UNITS), max_size=40))
def test_pieces_do_not_show(units: list[str]) -> None:
    text = "".join(units)
    assert graphemes(text) == regex.findall(r"\X", text)


@pytest.mark.parametrize(
    ("text", "composed"),
    [
        ("e" + "\u0301" * (MOST_COMPOSED - 1), "é" + "\u0301" * (MOST_COMPOSED - 2)),
        ("e" + "\u0301" * MOST_COMPOSED, "e" + "\u0301" * MOST_COMPOSED),
        ("e\u0301" + "a\u0316\u0301" * 40, "é" + "á\u0316" * 40),
        ("\u03b1\u0313\u0300\u0345" * 300, "\u1f82" * 300),
    ],
)
def test_letters_with_more_marks_than_any_language_has_stay(text: str, composed: str) -> None:
    assert compose(text) == composed


@given(
    st.lists(st.sampled_from(["\u03b1\u0313\u0300\u0345", "e\u0301", "\u1100\u1161\u11a8", "\u0301", "x"]))
)
def test_no_more_than_four_characters_become_one(units: list[str]) -> None:
    text = "".join(units)
    assert 4 * len(compose(text)) >= len(text)
