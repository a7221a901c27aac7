"""What comes of the segments of one reference, as a table for everybody who puts them together."""

from __future__ import annotations

from typing import NamedTuple


class Came(NamedTuple):
    """One segment."""

    number: int
    text: str
    at: int = 0
    total: int = 2


Row = tuple[list[Came], list[str]]


def rows(patience: int, repeat: int) -> dict[str, Row]:
    """Give what comes and what is told of it. `repeat`: 0 for who takes no segment of a whole message for a
    repetition.
    """
    found: dict[str, Row] = {
        "in order": ([Came(1, "Hello "), Came(2, "world")], ["Hello world"]),
        "the other way round": ([Came(2, "world"), Came(1, "Hello ")], ["Hello world"]),
        "one is repeated": ([Came(1, "Hello "), Came(1, "Hello ", 1), Came(2, "world", 2)], ["Hello world"]),
        "the reference is used again": (
            [Came(1, "Hello "), Came(2, "world"), Came(1, "New ", 9), Came(2, "york", 9)],
            ["Hello world", "New york"],
        ),
        "it is used again before all has come": (
            [Came(1, "lost "), Came(1, "New ", 9), Came(2, "york", 9)],
            ["lost ", "New york"],
        ),
        "a total that differs is another message": (
            [Came(1, "a", total=3), Came(1, "Hello "), Came(2, "world"), Came(2, "b", total=3), Came(3, "c", total=3)],
            ["Hello world", "abc"],
        ),
        "the last moment": ([Came(1, "Hello "), Came(2, "world", patience)], ["Hello world"]),
        "too late": (
            [Came(1, "lost "), Came(2, "york", patience + 1), Came(1, "New ", patience + 2)],
            ["lost ", "New york"],
        ),
        "too late, and the same once more": (
            [Came(1, "New "), Came(1, "New ", patience + 1), Came(2, "york", patience + 1)],
            ["New ", "New york"],
        ),
    }  # fmt: skip
    whole = [Came(1, "Hello "), Came(2, "world")]
    if repeat:
        found["one of a whole message is repeated"] = (
            [*whole, Came(2, "world", repeat - 1), Came(1, "Hello ", repeat - 1)],
            ["Hello world"],
        )
    found["later than a repetition comes"] = (
        [*whole, Came(2, "world", repeat), Came(1, "c", repeat)],
        ["Hello world", "cworld"],
    )
    return found
