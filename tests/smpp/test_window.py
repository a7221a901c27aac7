"""Sequence numbers wrap and skip, and what is overdue comes back."""

from __future__ import annotations

from aldis.smpp.window import MAX_OVERDUE, MAX_SEQUENCE, Window


def test_numbers_start_at_one_wrap_and_skip_those_in_use() -> None:
    window: Window[str] = Window()
    assert window.add("first", 0.0) == 1
    window._sequence = MAX_SEQUENCE
    assert window.next_sequence() == 2


def test_only_the_overdue_come_back() -> None:
    window: Window[str] = Window()
    for moment, name in enumerate("abc"):
        window.add(name, float(moment))
    assert window.clear_overdue(1.0) == ["a", "b"]
    assert window.take(3) == "c"
    assert window.take(3) is None
    assert len(window) == 0


def test_what_has_left_its_place_is_answered_once_and_bounded() -> None:
    window: Window[int] = Window()
    for number in range(MAX_OVERDUE + 1):
        window.add(number, 0.0)
    assert len(window.clear_overdue(0.0)) == MAX_OVERDUE + 1
    assert window.take_overdue(1) is None  # the oldest is forgotten
    assert (window.take_overdue(2), window.take_overdue(2)) == (1, None)
    assert window.take_all() == []  # their owner has heard of them
    assert window.take_overdue(3) is None
