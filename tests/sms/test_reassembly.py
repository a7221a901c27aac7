"""How segments become messages: the rules, and the messages of which some are missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sms.long_messages import Came, Row, rows

from aldis.sms.reassembly import MOST_TOGETHER, Reassembly, SharedReference, Times
from aldis.sms.udh import CONCATENATION_8, CONCATENATION_16, Concatenation, concatenation, element, header
from aldis.sms.udh import split_header as split

REMEMBERS, FORGETS = Times(1000, 60, 50, 10), Times(1000, 0, 50, 10)


def put_together(came: list[Came], times: Times) -> list[str]:
    """Give what is told of segments under one reference."""
    known = {total: SharedReference[str](total, []) for total in {each.total for each in came}}
    told = (known[each.total].take(each.number, each.text, 1 + each.at, times) for each in came)
    return ["".join(parts) for messages in told for parts in messages]


@pytest.mark.parametrize("times", [REMEMBERS, FORGETS])
@pytest.mark.parametrize("name", rows(REMEMBERS))
def test_segments_become_messages(name: str, times: Times) -> None:
    if name in rows(times):
        came, told = rows(times)[name]
        assert put_together(came, times) == told


@pytest.mark.parametrize("row", rows(FORGETS).values(), ids=rows(FORGETS))
def test_in_memory_they_do_too(row: Row) -> None:
    came, told = row
    reassembly: Reassembly[str] = Reassembly(FORGETS, 10)
    found: list[list[str]] = []
    for each in came:
        found += reassembly.take("a", Concatenation(7, each.total, each.number), each.text, each.at)
    assert ["".join(parts) for parts in found] == told


@given(st.permutations(range(1, 6)), st.lists(st.integers(1, 5), max_size=5))
def test_parts_in_any_order_and_repeated(order: list[int], repeated: list[int]) -> None:
    reassembly: Reassembly[str] = Reassembly(Times(60), 10)
    for number in repeated[:-1]:
        if number != order[-1]:
            reassembly.take("a", Concatenation(7, 5, number), str(number), 0)
    found = [reassembly.take("a", Concatenation(7, 5, number), str(number), 1) for number in order]
    assert [whole for whole in found if whole] == [[["1", "2", "3", "4", "5"]]]


@given(
    st.lists(
        st.builds(Came, st.integers(1, 3), st.sampled_from("abc"), st.integers(0, 9), st.integers(3, 4))
    ),
    st.sampled_from([Times(5), Times(5, overlap=3), Times(30, overlap=9, burst=4)]),
)
def test_nothing_is_lost_and_nothing_told_twice(came: list[Came], times: Times) -> None:
    """Each segment is told, waits, or has an equal that is told."""
    reassembly: Reassembly[int] = Reassembly(times, 2, lambda one, other: came[one].text == came[other].text)
    told: list[int] = []
    now = 0
    for index, each in enumerate(came):
        now += each.at
        for parts in reassembly.take("a", Concatenation(7, each.total, each.number), index, now):
            told += parts
    told += [index for parts in reassembly.give_up(now + times.patience + 1) for index in parts]
    assert len(reassembly) == 0
    assert len(told) == len(set(told))
    dropped = set(range(len(came))) - set(told)
    assert {came[index][:2] for index in dropped} <= {came[index][:2] for index in told}


SHARED = st.lists(st.integers(0, 1), min_size=2, max_size=5).filter(any)


@given(SHARED, st.data())
def test_two_messages_of_one_reference_both_arrive_whole(differ: list[int], data: st.DataObject) -> None:
    """Whatever they share, and in whatever order each comes: the second behind the first, or both at a time in their
    orders.
    """
    total = len(differ)
    first = [Came(n, f"a{n}", 0, total) for n in range(1, total + 1)]
    second = [Came(n, f"b{n}" if differs else f"a{n}", 0, total) for n, differs in enumerate(differ, start=1)]
    both = ["".join(each.text for each in message) for message in (first, second)]
    if data.draw(st.booleans()):
        came = data.draw(st.permutations(first)) + data.draw(st.permutations(second))
    else:
        left, came = [list(first), list(second)], []
        while left[1]:  # which never overtakes the first
            is_second = not left[0] or (len(left[1]) > len(left[0]) and data.draw(st.booleans()))
            came.append(left[is_second].pop(0))
    came.append(Came(1, "later", 51, total))
    told = put_together(came, REMEMBERS)
    assert told == both


@given(
    st.lists(
        st.builds(Came, st.integers(1, 3), st.text("abc", min_size=1), st.just(0), st.just(3)), max_size=60
    )
)
def test_what_is_kept_of_one_reference_is_bounded(came: list[Came]) -> None:
    known = SharedReference[str](3, [])
    for each in came:
        known.take(each.number, each.text, 1, REMEMBERS)
        assert len(known.messages) <= MOST_TOGETHER
        assert sum(message.is_repetition for message in known.messages) <= 1


def test_parts_of_different_conversations_and_times_do_not_mix() -> None:
    reassembly: Reassembly[str] = Reassembly(Times(60), 2)
    first = Concatenation(1, 2, 1)
    assert reassembly.take("a", first, "old", 0) == []
    assert reassembly.take("b", Concatenation(1, 2, 2), "other", 0) == []
    assert reassembly.take("a", Concatenation(1, 2, 2), "late", 61) == [["old"]]  # a new message by now
    assert reassembly.take("a", first, "new", 62) == [["new", "late"]]
    assert reassembly.give_up(60) == []
    assert reassembly.give_up(61) == [["other"]]
    assert [reassembly.take(number, first, "x", 100) for number in range(3)] == [[], [], [["x"]]]
    assert len(reassembly) == 2  # the oldest made room
    reassembly.clear()
    assert len(reassembly) == 0


EIGHT, SIXTEEN = element(CONCATENATION_8, b"\7\2\1"), element(CONCATENATION_16, b"\1\7\3\2")


@pytest.mark.parametrize(
    ("elements", "place"),
    [
        (EIGHT, Concatenation(7, 2, 1)),
        (SIXTEEN, Concatenation(0x107, 3, 2)),
        # Source: 3GPP TS 23.040 §9.2.3.24: of those that exclude each other, and of repeated ones, the last counts
        (EIGHT + SIXTEEN, Concatenation(0x107, 3, 2)),
        (SIXTEEN + EIGHT, Concatenation(7, 2, 1)),
        (EIGHT + SIXTEEN + EIGHT, Concatenation(7, 2, 1)),
        # what makes no sense is ignored
        (EIGHT + element(CONCATENATION_16, b"\1\7\3\4"), Concatenation(7, 2, 1)),
        (element(CONCATENATION_8, b"\7\2\0"), None),
        (element(CONCATENATION_8, b"\7\0\0"), None),
        (element(CONCATENATION_8, b"\7\2"), None),
        (b"", None),
    ],
)
def test_which_segment_it_is(elements: bytes, place: Concatenation | None) -> None:
    assert concatenation(split(header(elements) + b"x")[0]) == place
