"""What a batch of receipts does, whatever the engine: judged one after the other, on what is known by then."""

from __future__ import annotations

import pytest

from aldis.store.rules.endings import Ending
from aldis.store.rules.receipts import ForgottenAttempt, ReceiptJudge, learnt, may_be_twice
from aldis.traffic.receipt import Receipt, ReceiptState, Spelling, Spellings
from aldis.traffic.states import State

NOW = 1_000_000
TO = "447700900001"


def receipt(name: str, state: ReceiptState = ReceiptState.DELIVERED, at: int = NOW) -> Receipt:
    return Receipt("link", name, state, "000", TO, at, "")


def judging(*segments: tuple[str, int], total: int = 1) -> ReceiptJudge:
    """Know segments (id, number) of message 1."""
    judge = ReceiptJudge()
    names = {name for name, _ in segments} | {"unknown"}
    rows = [(name, 1, number, "submitted", State.SENT, total, TO, "lane", 3) for name, number in segments]
    judge.add("link", names, rows)
    judge.arrange("link", names)
    return judge


def test_the_second_receipt_of_a_batch_knows_of_the_first() -> None:
    judge = judging(("A1", 1), ("A2", 2), total=2)
    assert [judge.take(receipt(name)) for name in ("A1", "unknown", "A2", "A2")] == [True, False, True, True]
    assert [report[:3] for report in judge.reports] == [(1, 1, "delivered"), (1, 2, "delivered")]
    assert judge.endings == [Ending(1, State.SENT, State.DELIVERED, "", NOW)]
    assert judge.tellings() == {1: ("lane", 3)}


@pytest.mark.parametrize("order", [("A", "B"), ("B", "A")])
def test_of_a_segment_that_was_taken_twice_the_attempt_that_has_not_failed_decides(
    order: tuple[str, str],
) -> None:
    judge = judging(("A", 1), ("B", 1))
    judge.add_attempts([(1, 1, "link", "A"), (1, 1, "link", "B")])
    first, second = order
    assert judge.take(receipt(first, ReceiptState.UNDELIVERED))
    assert (judge.reports, judge.endings) == ([], [])
    assert judge.forgotten == [ForgottenAttempt(1, 1, ("link", first), ("link", second))]
    assert judge.take(receipt(second, ReceiptState.UNDELIVERED))  # the last one counts
    assert [ending.state for ending in judge.endings] == [State.UNDELIVERED]
    assert len(judge.forgotten) == 1


def test_only_a_failure_asks_whether_a_segment_was_taken_twice() -> None:
    assert may_be_twice([receipt("A"), receipt("A", ReceiptState.REJECTED)])
    assert not may_be_twice([receipt("A"), receipt("A", ReceiptState.ENROUTE)])


@pytest.mark.parametrize(
    ("counts", "spellings"),
    [
        ((0, 0, 0), Spellings(Spelling.UNKNOWN, Spelling.UNKNOWN)),
        ((5, 0, 0), Spellings(Spelling.SAME, Spelling.UNKNOWN)),
        ((5, 2, 2), Spellings(Spelling.SAME, Spelling.OTHER)),
        ((3, 3, 3), Spellings(Spelling.OTHER, Spelling.OTHER)),
    ],
)
def test_what_was_matched_tells_how_a_carrier_spells(
    counts: tuple[int, int, int], spellings: Spellings
) -> None:
    assert learnt(*counts) == spellings
