"""The store and the table of states, in both directions: whatever may happen to a message, wherever it stands,
happens in the real store exactly as the table says, and changes nothing where the table has no such event.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import pytest

from aldis.errors import TransitionRefused
from aldis.stages.sending.shares import share
from aldis.store.contract.store import Store
from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource
from aldis.traffic.message import AttemptResult, SubmittedSegment
from aldis.traffic.receipt import EVENTS, Receipt, ReceiptState
from aldis.traffic.states import ATTEMPTED, REQUEUED, TRANSITIONS, Event, State, after
from tests.backends import own, own_maintenance
from tests.store.building import NOW, a_message, accept, money, state_of

#: how a message gets where it is wanted: what happens to it, one after the other
WAYS: dict[State, tuple[Event, ...]] = {
    State.QUEUED: (Event.CLAIMED, Event.SUBMIT_DEFERRED),
    State.SENDING: (Event.SUBMIT_DEFERRED, Event.CLAIMED),
    State.SENT: (Event.SUBMIT_ACCEPTED,),
    State.UNCONFIRMED: (Event.CLAIMED, Event.SUBMIT_UNACKNOWLEDGED),
    State.DELIVERED: (Event.SUBMIT_ACCEPTED, Event.RECEIPT_DELIVERED),
    State.UNDELIVERED: (Event.SUBMIT_ACCEPTED, Event.RECEIPT_UNDELIVERED),
    State.EXPIRED: (Event.VALIDITY_PASSED,),
    State.REJECTED: (Event.SUBMIT_REJECTED,),
    State.DELETED: (Event.CANCELLED,),
    State.FAILED: (Event.ATTEMPTS_EXHAUSTED,),
}
#: the first ending of a segment decides for its message, so the carrier names one that it has not reported on
BY_RECEIPT = {event: state for state, event in EVENTS.items()}


def link_of(message_id: int) -> str:
    """Each has a link of its own, because a lost owner loses all of a link's."""
    return f"link{message_id}"


async def attempted(store: Store, message_id: int, event: Event) -> None:
    """Record what an attempt led to, of which the carrier took as much as that allows."""
    taken = SubmittedSegment(1, f"A{message_id}")
    submitted = () if event is Event.RELEASED else (taken,)
    result = AttemptResult(message_id, event, submitted, NOW if event in REQUEUED else 0, "said so")
    await store.sending.record(await own(store, link_of(message_id)), [result], NOW)


async def reported(store: Store, message_id: int, event: Event) -> None:
    """Have the carrier report on the one segment that it took."""
    state = BY_RECEIPT[event]
    await store.receipts.record([Receipt(link_of(message_id), f"A{message_id}", state, "", "", NOW + 1)])


async def cancelled(store: Store, message_id: int) -> None:
    """Have the person say STOP."""
    number = f"4477009{message_id:05}"
    change = ConsentChange("74700", "", number, ConsentKind.OPT_OUT, ConsentSource.HANDSET, "STOP", NOW)
    await store.consent.change([change])
    await store.maintenance.cancel_opted_out(await own_maintenance(store), 1_000, NOW)


async def overdue(store: Store, message_id: int) -> None:
    """Wait for a receipt for too long, and not so long that a validity passes."""
    assert message_id
    await store.maintenance.expire(await own_maintenance(store), 1_000, NOW + 10, 0)


async def happen(store: Store, message_id: int, event: Event) -> None:
    """Have something happen to a message as it happens in life."""
    if event in ATTEMPTED:
        await attempted(store, message_id, event)
    elif event in BY_RECEIPT:
        await reported(store, message_id, event)
    else:
        await OTHERS[event](store, message_id)


async def marked(store: Store, message_id: int) -> None:
    await store.sending.mark(await own(store, link_of(message_id)), [message_id])


async def lost(store: Store, message_id: int) -> None:
    await store.sending.recover(await own(store, link_of(message_id)), hold=True, now=NOW)


OTHERS: dict[Event, Callable[[Store, int], Awaitable[object]]] = {
    Event.CLAIMED: marked,
    Event.CANCELLED: cancelled,
    Event.OWNER_LOST_HELD: lost,
    Event.RECEIPT_OVERDUE: overdue,
}
#: what nobody is told of when it does not fit: others say it, or it is looked for wherever it may be
SILENT = {*BY_RECEIPT, Event.CANCELLED, Event.OWNER_LOST_HELD, Event.RECEIPT_OVERDUE}


async def bring(store: Store, message_id: int, state: State) -> None:
    """Bring a new message to a state."""
    message = a_message(
        message_id, link=link_of(message_id), recipient=f"4477009{message_id:05}", price_micros=10
    )
    await accept(store, message)
    for event in WAYS[state]:
        await happen(store, message_id, event)
    assert await state_of(store, message_id) is state


async def test_everything_that_can_happen_wherever_a_message_stands(kept: Store) -> None:
    for message_id, (state, event) in enumerate(itertools.product(State, Event), start=1):
        await bring(kept, message_id, state)
        before = (await kept.search.message(message_id), await money(kept))
        target = after(state, event)
        if target is not None or event in SILENT:
            await happen(kept, message_id, event)
        else:
            with pytest.raises(TransitionRefused):
                await happen(kept, message_id, event)
            assert (await kept.search.message(message_id), await money(kept)) == before, (state, event)
        now = await state_of(kept, message_id)
        assert now is (state if target is None else target), (state, event)


async def test_a_waiting_message_whose_validity_passes_expires(kept: Store) -> None:
    for message_id, state in enumerate(State, start=1):
        await bring(kept, message_id, state)
    before = await kept.metrics.count_by_state()
    assert await kept.maintenance.expire(await own_maintenance(kept), 1_000, NOW + 172_800_000, 10**12) == 1
    assert await kept.metrics.count_by_state() == {
        **{state: count for state, count in before.items() if state != State.QUEUED},
        State.EXPIRED: before[State.EXPIRED] + 1,
    }


async def test_an_attempt_leads_only_to_what_attempts_lead_to(kept: Store) -> None:
    """Also where the table has the event: these things happen to a message otherwise."""
    for message_id, (state, event) in enumerate(itertools.product(State, set(Event) - ATTEMPTED), start=1):
        await bring(kept, message_id, state)
        with pytest.raises(TransitionRefused):
            await attempted(kept, message_id, event)
        assert await state_of(kept, message_id) is state


async def test_a_refused_result_spoils_its_own_call_only(kept: Store) -> None:
    """All that waits for one commit shares it."""
    for ended, event in enumerate(sorted(ATTEMPTED), start=1):
        one, other = 100 + ended, 200 + ended
        for message_id, state in ((ended, State.DELIVERED), (one, State.SENDING), (other, State.SENDING)):
            await bring(kept, message_id, state)
        results = [AttemptResult(one, Event.SUBMIT_ACCEPTED), AttemptResult(ended, event, due_at=NOW)]
        outcomes = await asyncio.gather(
            kept.sending.record(await own(kept), results, NOW),
            attempted(kept, other, Event.SUBMIT_ACCEPTED),
            return_exceptions=True,
        )
        assert [type(outcome) for outcome in outcomes] == [TransitionRefused, type(None)]
        states = [await state_of(kept, message_id) for message_id in (ended, one, other)]
        assert states == [State.DELIVERED, State.SENDING, State.SENT]


async def test_of_messages_that_are_marked_together_all_wait_or_none_is(kept: Store) -> None:
    await bring(kept, 1, State.QUEUED)
    await bring(kept, 2, State.SENT)
    with pytest.raises(TransitionRefused):
        await kept.sending.mark(await own(kept), [1, 2])
    assert await state_of(kept, 1) is State.QUEUED


async def test_what_is_not_there_has_no_result(kept: Store) -> None:
    for event in sorted(ATTEMPTED):
        with pytest.raises(TransitionRefused):
            await attempted(kept, 1, event)


async def test_a_receipt_for_a_part_of_a_message_that_waits_again_moves_it_when_all_is_out(
    kept: Store,
) -> None:
    """On a link that repeats, nothing was written while it was in flight."""
    await accept(kept, a_message(1, segments=2))
    await kept.sending.claim(await own(kept), 1, share, NOW)
    taken = (SubmittedSegment(1, "A1"),)
    await kept.sending.record(
        await own(kept), [AttemptResult(1, Event.SUBMIT_DEFERRED, taken, NOW, "busy")], NOW
    )
    await kept.receipts.record([Receipt("link", "A1", ReceiptState.UNDELIVERED, "012", "", NOW + 1)])
    assert await state_of(kept, 1) is State.QUEUED
    rest = AttemptResult(1, Event.SUBMIT_ACCEPTED, (SubmittedSegment(2, "A2"),))
    await kept.sending.record(await own(kept), [rest], NOW + 2)
    assert await state_of(kept, 1) is State.UNDELIVERED


def test_the_ways_use_the_table() -> None:
    assert set(WAYS) == set(State)
    assert {event for moves in TRANSITIONS.values() for event in moves} == set(Event)
    assert set(Event) == ATTEMPTED | set(BY_RECEIPT) | set(OTHERS)
