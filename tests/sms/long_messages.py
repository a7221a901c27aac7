"""What comes of the segments of one reference, as a table for everybody who puts them together."""

from __future__ import annotations

from typing import NamedTuple

from aldis.sms.reassembly import Times


class Came(NamedTuple):
    """One segment."""

    number: int
    text: str
    at: int = 0
    total: int = 2


Row = tuple[list[Came], list[str]]


def rows(times: Times) -> dict[str, Row]:
    """Give what comes and what is told of it. `repeat` of times may be 0, for who takes no segment of a whole message
    for a repetition.
    """
    patience, repeat, overlap, burst = times.patience, times.repeat, times.overlap, times.burst
    found = _of_one() | _of_several(overlap, burst) | _late(patience, overlap)
    whole = [Came(1, "Hello "), Came(2, "world")]
    found["later than a repetition comes"] = (
        [*whole, Came(2, "world", repeat), Came(1, "c", repeat)],
        ["Hello world", "cworld"],
    )
    return found | (_within(whole, repeat, min(repeat, overlap)) if repeat else {})


def _of_one() -> dict[str, Row]:
    return {
        "in order": ([Came(1, "Hello "), Came(2, "world")], ["Hello world"]),
        "the other way round": ([Came(2, "world"), Came(1, "Hello ")], ["Hello world"]),
        "one is repeated": ([Came(1, "Hello "), Came(1, "Hello ", 1), Came(2, "world", 2)], ["Hello world"]),
        "the reference is used again": (
            [Came(1, "Hello "), Came(2, "world"), Came(1, "New ", 9), Came(2, "york", 9)],
            ["Hello world", "New york"],
        ),
    }


def _of_several(overlap: int, burst: int) -> dict[str, Row]:
    return {
        "it is used again before all has come": (
            [Came(1, "Hello "), Came(1, "New ", overlap), Came(2, "york", overlap), Came(2, "world", overlap)],
            ["New york", "Hello world"],
        ),
        "both come at a time": (
            [Came(1, "Hello "), Came(1, "New ", burst), Came(2, "world", burst), Came(2, "york", burst)],
            ["Hello world", "New york"],
        ),
        "both come at a time, the other way round": (
            [Came(2, "world"), Came(2, "york"), Came(1, "Hello "), Came(1, "New ")],
            ["Hello world", "New york"],
        ),
        "three come at a time": (
            [Came(n, text) for n, texts in ((1, "ace"), (2, "bdf")) for text in texts],
            ["ab", "cd", "ef"],
        ),
        "one comes within another": (
            [Came(1, "a", 0, 3), Came(2, "b", 0, 3), Came(1, "d", 1, 3), Came(3, "c", 1, 3), Came(2, "e", 2, 3),
             Came(3, "f", 2, 3)],
            ["abc", "def"],
        ),
        "a total that differs is another message": (
            [Came(1, "a", total=3), Came(1, "Hello "), Came(2, "world"), Came(2, "b", total=3), Came(3, "c", total=3)],
            ["Hello world", "abc"],
        ),
        "the first of two is the same, and they come at a time": (
            [Came(1, "Hello "), Came(1, "Hello "), Came(2, "world"), Came(2, "you")],
            ["Hello world", "Hello you"],
        ),
    }  # fmt: skip


def _late(patience: int, overlap: int) -> dict[str, Row]:
    later = overlap + 1
    return {
        "it is used again before all has come, and that never comes": (
            [Came(1, "lost "), Came(1, "New ", later), Came(2, "york", later)],
            ["lost ", "New york"],
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
    }


def _within(whole: list[Came], repeat: int, both: int) -> dict[str, Row]:
    """Give what comes while a whole message is still known. `both`: how long that and its repetitions are."""
    a, b, c = (Came(number, text, total=3) for number, text in ((1, "a"), (2, "b"), (3, "c")))
    return {
        "one of a whole message is repeated": (
            [*whole, Came(2, "world", repeat - 1), Came(1, "Hello ", repeat - 1)],
            ["Hello world"],
        ),
        "a whole message is repeated twice": ([*whole, *whole, *whole], ["Hello world"]),
        "the first of two is the same": (
            [*whole, Came(1, "Hello "), Came(2, "you", both - 1)],
            ["Hello world", "Hello you"],
        ),
        "the last of two is the same": (
            [*whole, Came(1, "Brave ", 1), Came(2, "world", 1)],
            ["Hello world", "Brave world"],
        ),
        "the first of two is the same, and comes last": (
            [*whole, Came(2, "you", 1), Came(1, "Hello ", 1)],
            ["Hello world", "Hello you"],
        ),
        "the last of two is the same, and comes first": (
            [*whole, Came(2, "world", 1), Came(1, "Brave ", 1), Came(1, "x", both + 2)],
            ["Hello world", "Brave world"],
        ),
        "the last is repeated, then the reference is used again": (
            [*whole, Came(2, "world", 1), Came(1, "New ", 2), Came(2, "york", 2)],
            ["Hello world", "New york"],
        ),
        "the first is repeated, then the reference is used again": (
            [*whole, Came(1, "Hello ", 1), Came(1, "New ", 2), Came(2, "york", 2)],
            ["Hello world", "New york"],
        ),
        "all is repeated, then the reference is used again": (
            [*whole, *whole, Came(1, "New ", 2), Came(2, "york", 2)],
            ["Hello world", "New york"],
        ),
        "one of three is repeated, and the next comes in disorder": (
            [a, b, c, a, Came(2, "y", 1, 3), Came(1, "x", 1, 3), Came(3, "z", 1, 3)],
            ["abc", "xyz"],
        ),
        "two of three are the same": ([a, b, c, a, b, Came(3, "z", 1, 3)], ["abc", "abz"]),
        "three share their first": (
            [*whole, Came(1, "Hello "), Came(2, "you"), Came(1, "Hello "), Came(2, "there")],
            ["Hello world", "Hello you", "Hello there"],
        ),
    }
