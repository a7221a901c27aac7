"""Texts with tags: filled as written, and never more work or text than a message can need."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.sms.segments import TooLong
from aldis.traffic.template import MOST, Template


@pytest.mark.parametrize(
    ("text", "tags", "values", "filled"),
    [
        ("Hello %N%, %C%", ["%N%", "%C%"], ["Ann", "77"], "Hello Ann, 77"),
        ("%N%", ["%N%", "%C%"], ["%C%", "x"], "%C%"),
        ("aab ab a", ["a", "aab", "ab"], ["1", "2", "3"], "2 3 1"),
        (".*+[](", [".*", "+["], ["a", "b"], "ab]("),
        ("nothing", ["%N%"], ["x"], "nothing"),
        ("%N%", ["%N%"], [""], ""),
    ],
)
def test_every_tag_is_replaced_once_the_longest_first(
    text: str, tags: list[str], values: list[str], filled: str
) -> None:
    assert Template(text, tags).filled(values) == filled


@given(
    st.text("ab%", max_size=40),
    st.lists(st.text("ab%", min_size=1, max_size=5), min_size=1, max_size=6, unique=True),
)
def test_a_tag_that_stands_for_itself_changes_nothing(text: str, tags: list[str]) -> None:
    assert Template(text, tags).filled(tags) == text


def test_neither_text_nor_values_can_make_it_long() -> None:
    with pytest.raises(TooLong):
        Template("x" * (MOST + 1), ["x"])
    with pytest.raises(TooLong):
        Template("x" * MOST, ["x"]).filled(["y" * 1000])
    # what would take a search through all tags at every place takes one walk down their common beginnings
    tags = ["a" * length + "c" for length in range(1, 50)] + ["b"]
    assert Template("a" * MOST, tags).filled(["x"] * len(tags)) == "a" * MOST
