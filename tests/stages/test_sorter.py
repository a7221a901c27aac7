"""Receipts that are not marked as such, told from messages of handsets by what is known of their ids, and
receipts with two ids.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aldis.sms.dcs import Alphabet
from aldis.sms.reading import Piece
from aldis.stages.receipts import sorter as module
from aldis.stages.receipts.sorter import PATIENCE_S, Sorter
from aldis.store.contract.store import Store
from aldis.telemetry import Metrics, Noted
from aldis.traffic.inbound import DoubtfulReceipt, InboundPart
from aldis.traffic.receipt import Receipt, ReceiptState
from tests.fakes.clock import NOON, FakeClock
from tests.store.building import a_message, accept, settle_sent


class Scene:
    """A sorter between what it asks and those it hands on to."""

    def __init__(self, store: Store) -> None:
        self.clock, self.metrics = FakeClock(), Metrics()
        self.receipts: list[str] = []
        self.messages: list[str] = []
        self.answers: list[bool] = []
        #: what is in flight on the link
        self.unsettled: set[int] = set()
        self.sorter = Sorter(
            store.receipts,
            lambda: {"link": self.unsettled},
            self.clock,
            self.metrics,
            self._take_receipt,
            self._take_message,
        )

    def take(
        self,
        smsc_message_id: str,
        other_id: str = "",
        numbers: tuple[str, str] = ("447700900001", "74700"),
        *,
        is_marked: bool = False,
    ) -> None:
        receipt = Receipt(
            "link", smsc_message_id, ReceiptState.DELIVERED, "", numbers[0], NOON, numbers[1], other_id
        )
        message = InboundPart("link", *numbers, Piece(Alphabet.GSM7, b"id:"), NOON)
        self.sorter.take(DoubtfulReceipt(receipt, None if is_marked else message), self.answers.append)

    def _take_receipt(self, receipt: Receipt, done: Callable[[bool], None]) -> None:
        self.receipts.append(receipt.smsc_message_id)
        done(True)

    def _take_message(self, message: InboundPart, done: Callable[[bool], None]) -> None:
        self.messages.append(message.sender)
        done(True)


@pytest.mark.parametrize("spelling", ["1F4A", "8010"])
async def test_an_id_of_ours_makes_it_a_receipt(demo_store: Store, spelling: str) -> None:
    scene = Scene(demo_store)
    await settle_sent(demo_store, a_message(1), ids=("1F4A",))
    scene.take(spelling)
    assert await scene.sorter.step() == 1
    assert (scene.receipts, scene.messages, scene.answers) == ([spelling], [], [True])
    assert scene.metrics.anomalies.of("link") == (Noted("unmarked_receipt", "", 1),)


async def test_a_response_may_come_a_moment_later(demo_store: Store) -> None:
    scene = Scene(demo_store)
    scene.take("A1")
    assert await scene.sorter.step() == 0
    scene.clock.advance(PATIENCE_S - 1)
    await settle_sent(demo_store, a_message(1), ids=("A1",))
    assert await scene.sorter.step() == 1
    assert (scene.receipts, scene.messages) == (["A1"], [])


async def test_an_id_that_stays_unknown_makes_it_a_message(demo_store: Store) -> None:
    scene = Scene(demo_store)
    scene.take("A1")
    assert await scene.sorter.step() == 0
    assert not scene.sorter.is_drained
    scene.clock.advance(PATIENCE_S)
    assert await scene.sorter.step() == 1
    assert (scene.receipts, scene.messages, scene.answers) == ([], ["447700900001"], [True])
    assert scene.sorter.is_drained


@pytest.mark.parametrize(
    ("numbers", "is_early"),
    [
        (("447700900001", "74700"), True),
        (("07700900001", "74700"), True),
        (("74700", "447700900001"), True),  # not exchanged
        (("447700900002", "74700"), False),
    ],
)
async def test_a_form_of_a_receipt_from_where_a_message_is_going_is_an_early_receipt(
    demo_store: Store, numbers: tuple[str, str], *, is_early: bool
) -> None:
    """However late the response is that will name it."""
    scene = Scene(demo_store)
    in_flight = a_message(1)
    await accept(demo_store, in_flight)
    scene.unsettled.add(in_flight.message_id)
    scene.take("A1", numbers=numbers)
    assert await scene.sorter.step() == 0
    scene.clock.advance(PATIENCE_S)
    assert await scene.sorter.step() == 1
    assert (scene.receipts, scene.messages) == ((["A1"], []) if is_early else ([], [numbers[0]]))


@pytest.mark.parametrize(
    ("ids", "taken"), [(("A1", "ZZ-9"), "A1"), (("ZZ-9", "A1"), "A1"), (("ZZ-9", "ZZ-8"), "ZZ-9")]
)
@pytest.mark.parametrize("is_marked", [True, False])
async def test_of_two_ids_the_one_that_a_message_has_counts(
    demo_store: Store, ids: tuple[str, str], taken: str, *, is_marked: bool
) -> None:
    scene = Scene(demo_store)
    scene.take(*ids, is_marked=is_marked)
    assert await scene.sorter.step() == 0  # before the response
    await settle_sent(demo_store, a_message(1), ids=("A1",))
    scene.clock.advance(PATIENCE_S)
    assert await scene.sorter.step() == 1
    is_receipt = is_marked or taken == "A1"
    assert (scene.receipts, scene.messages) == (([taken], []) if is_receipt else ([], ["447700900001"]))
    noted = {each.kind for each in scene.metrics.anomalies.of("link")}
    assert noted == {
        *(["two_ids"] if taken != ids[0] else []),
        *(["unmarked_receipt"] if is_receipt and not is_marked else []),
    }
    assert scene.answers == [True]


async def test_who_stops_hands_back_what_is_undecided(demo_store: Store) -> None:
    scene = Scene(demo_store)
    scene.take("A1")
    scene.sorter.stop()
    await scene.sorter.run()
    assert (scene.receipts, scene.messages, scene.answers) == ([], [], [False])


async def test_too_many_are_handed_back(demo_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_UNDECIDED", 2)
    scene = Scene(demo_store)
    for number in range(3):
        scene.take(f"A{number}")
    assert scene.answers == [False]
