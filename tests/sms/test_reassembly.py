"""How segments become messages: the rules, and the messages of which some are missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sms.long_messages import Came, Row, rows

from aldis.sms.dcs import Alphabet
from aldis.sms.reading import Piece, text_of
from aldis.sms.reassembly import LongMessage, Reassembly, Times
from aldis.sms.udh import CONCATENATION_8, CONCATENATION_16, Concatenation, concatenation, element, header
from aldis.sms.udh import split_header as split

PATIENCE = 1000


@pytest.mark.parametrize("repeat", [0, 60])
@pytest.mark.parametrize("name", rows(PATIENCE, 60))
def test_segments_become_messages(name: str, repeat: int) -> None:
    if name not in rows(PATIENCE, repeat):
        return
    came, told = rows(PATIENCE, repeat)[name]
    at_once = {total: LongMessage[str](total, {}, 1) for total in (2, 3)}
    found = [
        "".join(parts)
        for each in came
        for parts in at_once[each.total].take(each.number, each.text, 1 + each.at, Times(PATIENCE, repeat))
    ]
    assert found == told


@pytest.mark.parametrize("row", rows(PATIENCE, 0).values(), ids=rows(PATIENCE, 0))
def test_in_memory_they_do_too(row: Row) -> None:
    came, told = row
    reassembly: Reassembly[str] = Reassembly(PATIENCE, 10)
    found: list[list[str]] = []
    for each in came:
        found += reassembly.take("a", Concatenation(7, each.total, each.number), each.text, each.at)
    assert ["".join(parts) for parts in found] == told


@given(st.permutations(range(1, 6)), st.lists(st.integers(1, 5), max_size=5))
def test_parts_in_any_order_and_repeated(order: list[int], repeated: list[int]) -> None:
    reassembly: Reassembly[str] = Reassembly(60, 10)
    for number in repeated[:-1]:
        if number != order[-1]:
            reassembly.take("a", Concatenation(7, 5, number), str(number), 0)
    found = [reassembly.take("a", Concatenation(7, 5, number), str(number), 1) for number in order]
    assert [whole for whole in found if whole] == [[["1", "2", "3", "4", "5"]]]


@given(
    st.lists(st.builds(Came, st.integers(1, 3), st.sampled_from("abc"), st.integers(0, 9), st.integers(3, 4)))
)
def test_nothing_is_lost_and_nothing_told_twice(came: list[Came]) -> None:
    """Each segment is told, waits, or was there already."""
    reassembly: Reassembly[int] = Reassembly(5, 2, lambda one, other: came[one].text == came[other].text)
    told: list[int] = []
    now = 0
    for index, each in enumerate(came):
        now += each.at
        for parts in reassembly.take("a", Concatenation(7, each.total, each.number), index, now):
            told += parts
    told += [index for parts in reassembly.give_up(now + 6) for index in parts]
    assert len(reassembly) == 0
    assert len(told) == len(set(told))
    dropped = set(range(len(came))) - set(told)
    assert all(any(came[i][:2] == came[d][:2] for i in range(d)) for d in dropped)


def test_parts_of_different_conversations_and_times_do_not_mix() -> None:
    reassembly: Reassembly[str] = Reassembly(60, 2)
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


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        ([(Alphabet.GSM7, b"Hello "), (Alphabet.GSM7, b"world")], "Hello world"),
        ([(Alphabet.GSM7, b"x\x1b"), (Alphabet.GSM7, b"e")], "x€"),
        ([(Alphabet.UCS2, b"\xd8\x3d"), (Alphabet.UCS2, b"\xdc\x4d")], "\U0001f44d"),
        # a handset that changes in the middle
        (
            [(Alphabet.GSM7, b"Hello "), (Alphabet.UCS2, b"\x04\x36\x04\x36"), (Alphabet.GSM7, b"!")],
            "Hello жж!",
        ),
    ],
)
def test_segments_are_read_as_each_is_written(pieces: list[tuple[Alphabet, bytes]], text: str) -> None:
    assert text_of([Piece(alphabet, octets) for alphabet, octets in pieces]) == text
