"""What is shown of a change, and what taking it back gives."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.accounts.history import MASK, Difference, differences, restored

BODIES = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 3), max_size=6).map(msgspec.json.encode)


@given(BODIES, BODIES)
def test_taking_the_newest_change_back_gives_what_was_before(before: bytes, after: bytes) -> None:
    assert msgspec.json.decode(restored(before, after, after)) == msgspec.json.decode(before)


@given(BODIES, BODIES, BODIES)
def test_what_a_change_did_not_touch_stays_as_it_is(before: bytes, after: bytes, now: bytes) -> None:
    old, new, kept = (msgspec.json.decode(body) for body in (before, after, now))
    touched = {name for name in (*old, *new) if old.get(name) != new.get(name)}
    again = {name for name in touched if kept.get(name) not in (old.get(name), new.get(name))}
    if again:
        with pytest.raises(ValueError, match=min(again)):
            restored(before, after, now)
        return
    found = msgspec.json.decode(restored(before, after, now))
    for name in (*old, *new, *kept):
        assert found.get(name) == (old if name in touched else kept).get(name)


@given(BODIES, BODIES)
def test_bodies_differ_where_they_differ(before: bytes, after: bytes) -> None:
    old, new = msgspec.json.decode(before), msgspec.json.decode(after)
    expected = {name for name in (*old, *new) if old.get(name) != new.get(name)}
    assert {difference.path for difference in differences(before, after)} == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"active": True}, {"active": False}, [("active", "yes", "no")]),
        ({"networks": ["a"]}, {"networks": ["a", "b"]}, [("networks", "a", "a, b")]),
        (
            {"senders": [{"value": "1"}, {"value": "2"}]},
            {"senders": [{"value": "2", "keywords": ["k"]}]},
            [("senders / 1 / value", "1", ""), ("senders / 2 / keywords", "", "k")],
        ),
        ([{"link": "a"}], [{"link": "b"}], [("1 / link", "a", "b")]),
        ([{"micros": 50_000}], [], [("1 / price", "0.05", "")]),
        (
            {"postback_secret": {"m": "x"}},
            {"postback_secret": {"m": "y"}},
            [("postback_secret / m", MASK, MASK)],
        ),
        (
            {"postback_headers": {"m": "X-Key: 1"}, "inbound": {"m": "https://u:p@x/"}},
            {"postback_headers": {"m": "X-Key: 2"}, "inbound": {"m": "https://u:q@y/"}},
            [
                ("postback_headers / m", MASK, MASK),
                ("inbound / m", f"https://u:{MASK}@x/", f"https://u:{MASK}@y/"),
            ],
        ),
        (
            {"credentials": []},
            {"credentials": [{"dialect": "d", "identity_digest": "0123456789abcdef", "until": 1000}]},
            [
                ("credentials / d 0123456789ab / valid", "", "yes"),
                ("credentials / d 0123456789ab / until", "", "1970-01-01 00:00:01 UTC"),
            ],
        ),
    ],
)
def test_differences_are_for_people(before: Any, after: Any, expected: list[tuple[str, str, str]]) -> None:
    found = differences(msgspec.json.encode(before), msgspec.json.encode(after))
    assert found == [Difference(*each) for each in expected]
