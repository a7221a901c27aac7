"""What a receipt does to its segment and its message."""

from __future__ import annotations

import pytest

from aldis.traffic.matching import NOTHING, SUBMITTED, Match, match
from aldis.traffic.receipt import ReceiptState as R
from aldis.traffic.receipt import alternative_ids, is_for, normalise_id
from aldis.traffic.states import State

S = State

CASES = [
    (S.SENT, SUBMITTED, [], 1, R.DELIVERED, Match(R.DELIVERED, S.DELIVERED)),
    (S.SENT, SUBMITTED, [], 1, R.UNDELIVERED, Match(R.UNDELIVERED, S.UNDELIVERED)),
    (S.SENT, SUBMITTED, [], 1, R.ENROUTE, Match(R.ENROUTE, None)),
    (S.SENT, R.ENROUTE, [], 1, R.ENROUTE, NOTHING),
    (S.SENT, R.ENROUTE, [], 1, R.EXPIRED, Match(R.EXPIRED, S.EXPIRED)),
    (S.DELIVERED, R.DELIVERED, [], 1, R.DELIVERED, NOTHING),  # the carrier repeats itself
    (S.DELIVERED, R.DELIVERED, [], 1, R.UNDELIVERED, NOTHING),  # or changes its mind
    (S.SENT, SUBMITTED, [SUBMITTED], 2, R.DELIVERED, Match(R.DELIVERED, None)),
    (S.SENT, SUBMITTED, [R.DELIVERED], 2, R.DELIVERED, Match(R.DELIVERED, S.DELIVERED)),
    (S.SENT, SUBMITTED, [R.DELIVERED], 2, R.EXPIRED, Match(R.EXPIRED, S.EXPIRED)),  # a hole in the text
    (S.EXPIRED, SUBMITTED, [R.EXPIRED], 2, R.DELIVERED, Match(R.DELIVERED, None)),
    (S.SENDING, SUBMITTED, [], 2, R.DELIVERED, Match(R.DELIVERED, None)),  # the other is not out yet
    (S.UNCONFIRMED, SUBMITTED, [], 1, R.DELIVERED, Match(R.DELIVERED, S.DELIVERED)),  # better late
]


@pytest.mark.parametrize(("message", "segment", "others", "total", "reported", "verdict"), CASES)
def test_a_receipt_and_its_effect(
    message: S, segment: str, others: list[str], total: int, reported: R, verdict: Match
) -> None:
    assert match(message, segment, others, total, reported) == verdict


@pytest.mark.parametrize(
    ("written", "normal"),
    [("1f", "1F"), (" 007 ", "7"), ("000", "0"), ("ABC-1", "ABC-1"), ("0x1F", "X1F"), ("", "")],
)
def test_ids_are_brought_to_one_spelling(written: str, normal: str) -> None:
    assert normalise_id(written) == normal


@pytest.mark.parametrize(
    ("one", "other", "related"),
    [("1F", "31", True), ("31", "1F", True), ("10", "16", True), ("16", "10", True), ("1F", "32", False)],
)
def test_hexadecimal_and_decimal_spellings_find_each_other(one: str, other: str, *, related: bool) -> None:
    assert (other in alternative_ids(one)) is related
    assert (one in alternative_ids(other)) is related


@pytest.mark.parametrize("no_number", ["", "ABC-1", "1_0", "+1", "F" * 21, "é"])
def test_what_is_no_number_has_no_other_spelling(no_number: str) -> None:
    assert alternative_ids(no_number) == ()


def test_a_receipt_is_about_the_number_it_names() -> None:
    assert is_for("447700900001", "447700900001")
    assert is_for("447700900001", "+447700900001")
    assert is_for("447700900001", "07700900001")
    assert is_for("447700900001", "")
    assert not is_for("447700900001", "447700900002")
