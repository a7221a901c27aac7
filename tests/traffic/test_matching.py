"""What a receipt does to its segment and its message."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sms.test_subscribers import SUBSCRIBERS

from aldis.traffic.matching import NOTHING, SUBMITTED, Candidate, Match, choose, choose_alike, match
from aldis.traffic.receipt import (
    Receipt,
    Spelling,
    Spellings,
    alternative_ids,
    in_upper_case,
    is_for,
    may_mean,
    normalise_id,
)
from aldis.traffic.receipt import ReceiptState as R
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
    [
        *(("abcd-12", "ABCD-12"), (" 007 ", "7"), ("000", "0"), ("ABC-1", "ABC-1"), ("", ""), ("0x", "")),
        *(("0x1F", "1F"), ("0x00abcdef1", "ABCDEF1"), ("Xk3Pa", "Xk3Pa"), ("00Xk3PA", "Xk3PA")),
        *(("1f", "1f"), ("000000a", "a"), ("abc-1", "abc-1")),  # short: in base 62 not 1F
    ],
)
def test_ids_are_brought_to_one_spelling(written: str, normal: str) -> None:
    assert normalise_id(written) == normal


@pytest.mark.parametrize(
    ("one", "other", "related"),
    [
        *(
            ("1F", "31", True),
            ("31", "1F", True),
            ("10", "16", True),
            ("16", "10", True),
            ("1F", "32", False),
        ),
        *(("1f", "31", True), ("1f", "1F", True), ("ABCDEF1", "180150001", True), ("xK", "Xk", False)),
    ],
)
def test_hexadecimal_and_decimal_spellings_find_each_other(one: str, other: str, *, related: bool) -> None:
    assert (other in alternative_ids(one)) is related
    assert (one in alternative_ids(other)) is related


@pytest.mark.parametrize(
    ("one", "other", "unknown", "same", "otherwise"),
    [
        ("10", "16", False, False, True),
        ("1A", "26", True, False, True),
        ("999999", "F423F", True, False, True),
        ("10000000", "268435456", True, True, True),  # no carrier counts so far while a message waits
        ("5F5E100", "100000000", True, True, True),
    ],
)
def test_which_other_spellings_may_be_meant(
    one: str, other: str, *, unknown: bool, same: bool, otherwise: bool
) -> None:
    assert other in alternative_ids(one)
    known = {Spelling.UNKNOWN: unknown, Spelling.SAME: same, Spelling.OTHER: otherwise}
    for spelling, expected in known.items():
        for cases in Spelling:
            spellings = Spellings(numbers=spelling, cases=cases)
            assert may_mean(one, other, spellings) is may_mean(other, one, spellings) is expected


@pytest.mark.parametrize(("one", "other"), [("1f", "1F"), ("aB3x", "AB3X"), ("Xk3Pa-0001", "XK3PA-0001")])
def test_another_case_may_be_meant_unless_the_carrier_tells_cases_apart(one: str, other: str) -> None:
    assert other in alternative_ids(one)
    for numbers, cases in itertools.product(Spelling, Spelling):
        expected = cases is not Spelling.SAME
        assert may_mean(one, other, Spellings(numbers, cases)) is expected
        assert may_mean(other, one, Spellings(numbers, cases)) is expected


@pytest.mark.parametrize("no_number", ["", "ABCD-12", "1_0", "+1", "F" * 21, "=1F", "=aB"])
def test_what_is_no_number_has_no_other_spelling(no_number: str) -> None:
    assert alternative_ids(no_number) == ()


@given(st.text("0123456789ABCFabcfxX-", max_size=9).map(normalise_id))
def test_other_spellings_know_each_other(name: str) -> None:
    for other in alternative_ids(name):
        assert normalise_id(other) == other
        assert name in alternative_ids(other) or in_upper_case(other) == name.upper()


@pytest.mark.parametrize(
    "named",
    [
        "447700900001",
        "+447700900001",
        "00447700900001",
        "07700900001",
        "7700900001",
        "44 7700-900001",
        "900001",
    ],
)
def test_a_number_names_a_recipient(named: str) -> None:
    assert is_for("447700900001", named)


@pytest.mark.parametrize("named", ["", "0", "1", "00001", "447700900002", "74700", "Aldis", "SMSC900002"])
def test_a_number_names_somebody_else_or_nobody(named: str) -> None:
    assert not is_for("447700900001", named)


@pytest.mark.parametrize(("one", "other"), [row for row in SUBSCRIBERS if row[1] is not None])
def test_numbers_with_two_spellings_name_their_subscriber(one: str, other: str) -> None:
    assert is_for(one, other)
    assert is_for(other, one)


US, THEM = "447700900001", "4512345678"
ONE, TWO = Candidate(1, 1, SUBMITTED, US, "A1"), Candidate(2, 1, SUBMITTED, US, "A1")
OLD, OTHER = Candidate(1, 1, R.DELIVERED, US, "A1"), Candidate(3, 1, SUBMITTED, "33698765432", "A1")
PARTS = [Candidate(4, number, SUBMITTED, US, "A1") for number in (3, 2, 1)]
SOME = [*PARTS[:2], PARTS[2]._replace(state=R.DELIVERED)]
#: hexadecimal and decimal of one id
TWINS = [Candidate(5, 1, SUBMITTED, US, "10"), Candidate(5, 2, SUBMITTED, US, "22")]

#: those with the very id, newest first; recipient and destination of the receipt; which is meant
CHOICES = [
    ([ONE], (US, "74700"), [ONE]),
    ([ONE], ("74700", US), [ONE]),  # not exchanged
    ([ONE], ("", ""), [ONE]),
    ([ONE], (THEM, "74700"), [ONE]),  # the SMSC's own
    ([OLD], (THEM, ""), [OLD]),  # repeated
    ([OTHER, ONE], (US, "74700"), [ONE]),
    ([OTHER, ONE], ("74700", US), [ONE]),
    ([OTHER, ONE], ("", ""), [OTHER]),  # the id was used again
    ([OTHER, ONE], (THEM, "74700"), []),
    ([OTHER, OLD], (THEM, "74700"), [OTHER]),  # the only one that waits
    ([OTHER, OLD], (US, "74700"), [OLD]),
    ([TWO, ONE], (US, "74700"), [TWO]),
    ([TWO, OLD], (US, "74700"), [TWO]),
    (PARTS, (US, "74700"), PARTS[::-1]),  # one id for all segments
    (SOME, (THEM, ""), SOME[::-1]),
    ([], (US, ""), []),
]


@pytest.mark.parametrize(("exact", "names", "meant"), CHOICES)
def test_which_segment_is_meant(
    exact: list[Candidate], names: tuple[str, str], meant: list[Candidate]
) -> None:
    assert choose(exact, a_receipt(*names)) == meant


@pytest.mark.parametrize(
    ("alike", "names", "meant"),
    [
        ([ONE], (US, "74700"), [ONE]),
        ([ONE], ("74700", US), [ONE]),
        ([ONE], ("", ""), [ONE]),
        ([ONE], (THEM, "74700"), []),  # the number decides where the id does not
        ([OLD], (US, "74700"), []),
        ([ONE, TWO], (US, "74700"), []),
        ([ONE, OTHER], (US, "74700"), [ONE]),
        ([ONE, OTHER], ("", ""), []),
        (PARTS, (US, "74700"), PARTS[::-1]),
        (TWINS, (US, "74700"), TWINS[:1]),
        ([], (US, ""), []),
    ],
)
def test_which_segment_with_another_spelling_is_meant(
    alike: list[Candidate], names: tuple[str, str], meant: list[Candidate]
) -> None:
    assert choose_alike(alike, a_receipt(*names)) == meant


def a_receipt(recipient: str, destination: str) -> Receipt:
    return Receipt("link", "A1", R.DELIVERED, "", recipient, 0, destination)
