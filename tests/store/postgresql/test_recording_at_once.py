"""What becomes of one message when two transactions hear of it in the same moment: the second one sees what the
first has written, whichever that is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from aldis.stages.sending.shares import share
from aldis.store.contract.ownership import Lease
from aldis.store.contract.store import Store
from aldis.store.postgresql.engine.opening import open_engine
from aldis.store.postgresql.engine.operations import Operation
from aldis.store.postgresql.engine.writer import Writer
from aldis.store.postgresql.store import open_postgresql
from aldis.store.postgresql.writes import endings, late_answers, maintenance, owing, receipts, sending
from aldis.store.rules.endings import OPTED_OUT
from aldis.traffic.message import AttemptResult, LateAnswer, SubmittedSegment
from aldis.traffic.receipt import Receipt, ReceiptState
from aldis.traffic.states import Event, State
from tests.backends import apply, own, own_maintenance
from tests.fakes.clock import FakeClock
from tests.store.building import NOW, a_message, accept, money, state_of
from tests.store.conftest import DIRECTORY
from tests.store.postgresql.at_once import behind

#: when nothing is valid any more
LATER = NOW + 172_800_000
IN_DOUBT = AttemptResult(1, Event.SUBMIT_DEFERRED, due_at=NOW, in_doubt=True)

#: an operation and what it is given
Heard = tuple[Operation[Any, Any], Any]


class Gateways(NamedTuple):
    """Two on one database."""

    one: Store
    two: Writer
    database: str

    async def hear(self, first: Heard, second: Heard) -> None:
        """Commit one after the other, which has begun in between."""
        await behind(self.database, *first, lambda: self.two.call(*second))


@pytest.fixture
async def gateways(database: str) -> AsyncIterator[Gateways]:
    one = await open_postgresql(database, FakeClock(), "one", uuid4())
    await apply(one, DIRECTORY, NOW)
    two = await open_engine(database, "two", uuid4(), owing.PostbackOutbox(lambda _: None))
    yield Gateways(one, two.writer, database)
    await two.close()
    await one.close()


def a_receipt(link: str = "link", name: str = "A1") -> Heard:
    return receipts.record, (Receipt(link, name, ReceiptState.DELIVERED, "", "447700900001", NOW),)


def a_late_answer(link: str = "link") -> Heard:
    return late_answers.record_late, late_answers.RecordLate(link, (LateAnswer(1, 1, "A1"),), NOW)


def a_result(lease: Lease, event: Event, *names: str) -> Heard:
    submitted = tuple(SubmittedSegment(number, name) for number, name in enumerate(names, start=1))
    return sending.record_results, sending.RecordResults(
        (lease,), lease.link, (AttemptResult(1, event, submitted),), NOW
    )


def a_deadline(lease: Lease) -> Heard:
    return maintenance.expire, maintenance.Expire(lease, 10, LATER, 0, frozenset())


async def in_doubt(store: Store, link: str = "link") -> Lease:
    """Have a message wait to be repeated; gives its slot's lease."""
    await accept(store, a_message(1, link=link))
    leases = await own(store, link)
    await store.sending.claim(leases, 1, share, NOW)
    await store.sending.record(leases, [IN_DOUBT], NOW)
    return leases[1]


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize(
    ("ending", "state"),
    [
        ("stop", State.DELIVERED),
        ("deadline", State.DELIVERED),
        (Event.SUBMIT_UNACKNOWLEDGED, State.DELIVERED),
        (Event.SUBMIT_ACCEPTED, State.DELIVERED),
        (Event.SUBMIT_REJECTED, State.REJECTED),
    ],
)
@pytest.mark.parametrize("link", ["link", "other"])
async def test_a_receipt_of_an_attempt_in_doubt_counts_when_its_message_is_settled_in_this_moment(
    gateways: Gateways, ending: str, state: State, link: str, *, is_first: bool
) -> None:
    """Also where it was another link that had it before."""
    lease = await in_doubt(gateways.one)
    await gateways.two.call(*a_late_answer(link))
    maintaining = await own_maintenance(gateways.one)
    if ending == "stop":
        settled: Heard = endings.cancel, endings.Cancel((1,), OPTED_OUT, NOW, "test", maintaining)
    elif ending == "deadline":
        settled = a_deadline(maintaining)
    else:
        settled = a_result(lease, Event(ending))
    both = [a_receipt(link), settled]
    await gateways.hear(*both if is_first else both[::-1])
    if ending == "deadline" and is_first:  # it left alone what another had, and comes again
        await gateways.two.call(*settled)
    assert await state_of(gateways.one, 1) is state


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_receipt_counts_that_comes_when_it_is_given_up(gateways: Gateways, *, is_first: bool) -> None:
    """Of a segment that one link named, and a message that another one has sent."""
    lease = await in_doubt(gateways.one)
    await gateways.two.call(*a_result(lease, Event.SUBMIT_ACCEPTED, "B1"))
    await gateways.two.call(*a_late_answer("other"))
    both = [a_receipt("other"), a_deadline(await own_maintenance(gateways.one))]
    await gateways.hear(*both if is_first else both[::-1])
    assert await state_of(gateways.one, 1) is State.DELIVERED


@pytest.mark.parametrize("event", [Event.SUBMIT_REJECTED, Event.ATTEMPTS_EXHAUSTED])
async def test_what_was_taken_is_paid_though_the_message_fails_in_this_moment(
    gateways: Gateways, event: Event
) -> None:
    lease = await in_doubt(gateways.one)
    await gateways.hear(a_late_answer(), a_result(lease, event))
    assert await money(gateways.one) == (950_000, 0, 50_000)


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_late_answer_whose_receipt_was_early_ends_what_is_sent_in_this_moment(
    gateways: Gateways, *, is_first: bool
) -> None:
    lease = await in_doubt(gateways.one)
    await gateways.one.receipts.record(a_receipt()[1])
    both = [a_late_answer(), a_result(lease, Event.SUBMIT_ACCEPTED, "B1")]
    await gateways.hear(*both if is_first else both[::-1])
    assert await state_of(gateways.one, 1) is State.DELIVERED


async def test_a_late_answer_hastens_what_waits_and_leaves_alone_what_is_marked(gateways: Gateways) -> None:
    lease = await in_doubt(gateways.one)
    await gateways.one.sending.mark([lease], [1])
    await gateways.two.call(*a_late_answer())
    assert await state_of(gateways.one, 1) is State.SENDING
