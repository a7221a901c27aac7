"""Sequence numbers wrap and skip, and what is overdue comes back."""

from __future__ import annotations

from aldis.smpp.window import MAX_SEQUENCE, Window


def test_numbers_start_at_one_wrap_and_skip_those_in_use() -> None:
    window: Window[str] = Window()
    assert window.add("first", 0.0) == 1
    window._sequence = MAX_SEQUENCE
    assert window.next_sequence() == 2


def test_only_the_overdue_come_back() -> None:
    window: Window[str] = Window()
    for moment, name in enumerate("abc"):
        window.add(name, float(moment))
    assert window.take_overdue(1.0) == ["a", "b"]
    assert window.take(3) == "c"
    assert window.take(3) is None
    assert len(window) == 0
