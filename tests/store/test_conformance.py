"""What every backend of the store must do; see conftest.py for the backends."""

from __future__ import annotations

import asyncio

import pytest

from aldis.stages.sending.shares import share
from aldis.store.contract.admission import Acceptance
from aldis.store.contract.store import Store
from aldis.traffic.message import AttemptResult, SubmittedSegment
from aldis.traffic.postback import Notify, PostbackEvent, PostbackResult
from aldis.traffic.receipt import Receipt, ReceiptState
from aldis.traffic.refusal import RefusalReason
from aldis.traffic.states import Event, State
from tests.backends import BACKENDS, READS, Place, apply, find, own, own_maintenance
from tests.store.building import NOW, POSTPAID, RICH, a_message, accept, money, settle_sent, state_of
from tests.store.conftest import DIRECTORY


async def test_ids_are_never_given_twice(kept: Store) -> None:
    blocks = await asyncio.gather(*(kept.admission.take_ids(7) for _ in range(20)))
    ids = [message_id for block in blocks for message_id in block]
    assert len(set(ids)) == 140
    assert max(ids) < 2**53


async def test_an_accepted_message_is_queued_and_its_price_held(kept: Store) -> None:
    await accept(kept, a_message(1, segments=2))
    assert await state_of(kept, 1) is State.QUEUED
    assert await money(kept) == (900_000, 100_000, 0)


async def test_what_the_balance_does_not_cover_is_refused_whole(kept: Store) -> None:
    messages = tuple(a_message(number, segments=7) for number in (1, 2, 3))
    refusal = await kept.admission.accept(Acceptance(RICH, prepaid=True, messages=messages))
    assert refusal is not None
    assert refusal.reason is RefusalReason.CREDIT_INSUFFICIENT
    assert await kept.search.message(1) is None
    assert await money(kept) == (1_000_000, 0, 0)


async def test_side_by_side_submissions_cannot_overdraw(kept: Store) -> None:
    asked = [
        kept.admission.accept(Acceptance(RICH, prepaid=True, messages=(a_message(n, segments=3),)))
        for n in range(1, 11)
    ]
    answers = await asyncio.gather(*asked)
    assert answers.count(None) == 6
    assert await money(kept) == (100_000, 900_000, 0)


async def test_a_postpaid_account_may_owe(kept: Store) -> None:
    message = a_message(1, account_id=POSTPAID)
    assert await kept.admission.accept(Acceptance(POSTPAID, prepaid=False, messages=(message,))) is None
    assert await money(kept, POSTPAID) == (-50_000, 50_000, 0)


async def test_of_many_with_one_key_exactly_one_is_accepted(kept: Store) -> None:
    asked = [
        kept.admission.accept(
            Acceptance(RICH, prepaid=True, messages=(a_message(number, reference="k", duplicate_scope="s"),))
        )
        for number in range(1, 65)
    ]
    refusals = [refusal for refusal in await asyncio.gather(*asked) if refusal is not None]
    assert len(refusals) == 63
    assert {refusal.reason for refusal in refusals} == {RefusalReason.DUPLICATE}
    assert await money(kept) == (950_000, 50_000, 0)


async def test_a_refused_message_does_not_use_up_its_key(kept: Store) -> None:
    dear = a_message(1, reference="k", duplicate_scope="s", segments=21)
    assert await kept.admission.accept(Acceptance(RICH, prepaid=True, messages=(dear,))) is not None
    await accept(kept, a_message(2, reference="k", duplicate_scope="s"))


async def test_would_accept_judges_alike_and_stores_nothing(kept: Store) -> None:
    dear = Acceptance(RICH, prepaid=True, messages=(a_message(1, segments=21),))
    refusal = await kept.admission.would_accept(dear)
    assert refusal is not None
    assert refusal.reason is RefusalReason.CREDIT_INSUFFICIENT
    assert await kept.admission.would_accept(Acceptance(RICH, prepaid=True, messages=(a_message(1),))) is None
    assert await kept.search.message(1) is None


async def test_the_urgent_are_claimed_first_and_nothing_twice(kept: Store) -> None:
    for number, priority in enumerate([1, 3, 0, 2], start=1):
        await accept(kept, a_message(number, priority=priority))
    lease = await own(kept)
    first = await kept.sending.claim(lease, 2, share, NOW)
    second = await kept.sending.claim(lease, 10, share, NOW)
    assert [message.message_id for message in first] == [2, 4]
    assert [message.message_id for message in second] == [1, 3]
    assert await kept.sending.claim(lease, 10, share, NOW) == []
    assert await kept.sending.claim(await own(kept, "other"), 10, share, NOW) == []


async def test_what_is_released_or_too_old_is_not_in_anyones_hands(kept: Store) -> None:
    await accept(kept, a_message(1, expires_at=NOW + 1000))
    lease = await own(kept)
    assert [message.message_id for message in await kept.sending.claim(lease, 1, share, NOW)] == [1]
    assert (
        await kept.maintenance.expire(await own_maintenance(kept), 10, NOW + 1000, 10**9) == 0
    )  # claimed: whoever has it in hand settles it
    assert await kept.sending.claim(lease, 1, share, NOW) == []
    kept.sending.release(lease, [1])
    assert await kept.sending.claim(lease, 1, share, NOW + 1000) == []
    assert await kept.maintenance.expire(await own_maintenance(kept), 10, NOW + 10**6, 10**9) == 1
    assert await state_of(kept, 1) is State.EXPIRED


async def test_what_is_due_later_waits(kept: Store) -> None:
    await accept(kept, a_message(1))
    lease = await own(kept)
    await kept.sending.claim(lease, 1, share, NOW)
    later = NOW + 5000
    await kept.sending.record(
        lease, [AttemptResult(1, Event.SUBMIT_DEFERRED, due_at=later, reason="busy")], NOW
    )
    assert await kept.sending.claim(lease, 1, share, later - 1) == []
    (message,) = await kept.sending.claim(lease, 1, share, later + 250)  # found within a quarter of a second
    assert message.attempts == 2


async def test_a_retried_message_knows_which_segments_are_out(kept: Store) -> None:
    await accept(kept, a_message(1, segments=3))
    lease = await own(kept)
    await kept.sending.claim(lease, 1, share, NOW)
    partly = AttemptResult(1, Event.SUBMIT_DEFERRED, (SubmittedSegment(2, "A2"),), NOW, "busy")
    await kept.sending.record(lease, [partly], NOW)
    (message,) = await kept.sending.claim(lease, 1, share, NOW)
    assert message.accepted_segments == (2,)


async def test_sent_turns_the_hold_into_money_spent(kept: Store) -> None:
    await settle_sent(kept, a_message(1, segments=2))
    assert await state_of(kept, 1) is State.SENT
    assert await money(kept) == (900_000, 0, 100_000)


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (Event.SUBMIT_REJECTED, State.REJECTED),
        (Event.ATTEMPTS_EXHAUSTED, State.FAILED),
        (Event.VALIDITY_PASSED, State.EXPIRED),
    ],
)
async def test_what_was_not_sent_is_refunded_but_for_what_the_carrier_took(
    kept: Store, event: Event, state: State
) -> None:
    await accept(kept, a_message(1, segments=3))
    await kept.sending.claim(await own(kept), 1, share, NOW)
    await kept.sending.record(
        await own(kept), [AttemptResult(1, event, (SubmittedSegment(1, "A1"),), reason="no")], NOW
    )
    assert await state_of(kept, 1) is state
    assert await money(kept) == (950_000, 0, 50_000)


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("hold", [False, True])
async def test_what_was_marked_is_never_repeated(kept: Store, *, before: bool, hold: bool) -> None:
    await kept.sending.recover(await own(kept), hold=before, now=NOW)
    await accept(kept, a_message(1))
    await kept.sending.claim(await own(kept), 1, share, NOW)
    await kept.sending.mark(await own(kept), [1])
    assert await state_of(kept, 1) is State.SENDING
    assert await kept.sending.recover(await own(kept), hold=hold, now=NOW) == 1
    assert await state_of(kept, 1) is State.UNCONFIRMED
    assert await money(kept) == (950_000, 0, 50_000)
    assert await kept.sending.recover(await own(kept), hold=hold, now=NOW) == 0


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("hold", [False, True])
async def test_what_waits_after_doubt_is_not_repeated_by_a_link_that_has_come_to_hold_it(
    kept: Store, *, before: bool, hold: bool
) -> None:
    await kept.sending.recover(await own(kept), hold=before, now=NOW)
    for number in (1, 2):
        await accept(kept, a_message(number))
    await accept(kept, a_message(3, link="other"))
    for lease, numbers in ((await own(kept), (1, 2)), (await own(kept, "other"), (3,))):
        claimed = await kept.sending.claim(lease, 9, share, NOW)
        assert {each.message_id for each in claimed} == set(numbers)
        outcomes = [
            AttemptResult(number, Event.SUBMIT_DEFERRED, due_at=NOW, in_doubt=number != 2)
            for number in numbers
        ]
        await kept.sending.record(lease, outcomes, NOW)
    changed = hold and not before
    assert await kept.sending.recover(await own(kept), hold=hold, now=NOW) == int(changed)
    ended = State.UNCONFIRMED if changed else State.QUEUED
    assert [await state_of(kept, number) for number in (1, 2, 3)] == [ended, State.QUEUED, State.QUEUED]
    assert await kept.sending.recover(await own(kept), hold=hold, now=NOW) == 0


@pytest.mark.parametrize("hold", [False, True])
async def test_what_is_sending_on_a_link_that_is_gone_is_not_repeated_when_it_returns(
    kept: Store, *, hold: bool
) -> None:
    await accept(kept, a_message(1))
    await accept(kept, a_message(2, link="gone"))
    await kept.sending.mark(await own(kept), [1, 2])
    assert await kept.sending.recover_orphans(await own_maintenance(kept), ["link"], NOW) == 1
    assert [await state_of(kept, number) for number in (1, 2)] == [State.SENDING, State.UNCONFIRMED]
    assert await money(kept) == (900_000, 50_000, 50_000)
    await kept.sending.recover(await own(kept, "gone"), hold=hold, now=NOW)
    assert await kept.sending.claim(await own(kept, "gone"), 10, share, NOW) == []


def a_receipt(smsc_message_id: str, state: ReceiptState, recipient: str = "447700900001") -> Receipt:
    return Receipt("link", smsc_message_id, state, "012", recipient, NOW + 1000)


async def test_a_receipt_ends_its_message_and_owes_a_postback(kept: Store) -> None:
    await settle_sent(kept, a_message(1, notify=Notify.ENDED, lane="http://x:80"), ids=("A1",))
    assert (await kept.receipts.record([a_receipt("A1", ReceiptState.UNDELIVERED)])).early == 0
    assert await state_of(kept, 1) is State.UNDELIVERED
    (due,) = await kept.postbacks.due("http://x:80", 10, NOW + 1000)
    assert (due.event, due.state, due.error_code) == (PostbackEvent.ENDED, State.UNDELIVERED, "012")


async def test_a_receipt_that_comes_before_its_response_is_parked_and_matched(kept: Store) -> None:
    message = a_message(1)
    await accept(kept, message)
    await kept.sending.claim(await own(kept), 1, share, NOW)
    assert (await kept.receipts.record([a_receipt("A1", ReceiptState.DELIVERED)])).early == 1
    await kept.sending.record(
        await own(kept), [AttemptResult(1, Event.SUBMIT_ACCEPTED, (SubmittedSegment(1, "A1"),))], NOW
    )
    assert await state_of(kept, 1) is State.DELIVERED


async def test_several_segments_make_one_ending(kept: Store) -> None:
    await settle_sent(kept, a_message(1, segments=2), ids=("A1", "A2"))
    await kept.receipts.record([a_receipt("A2", ReceiptState.DELIVERED)])
    assert await state_of(kept, 1) is State.SENT
    await kept.receipts.record([a_receipt("A1", ReceiptState.DELIVERED)])
    assert await state_of(kept, 1) is State.DELIVERED


async def test_a_segment_that_failed_before_the_rest_was_sent_is_not_forgotten(kept: Store) -> None:
    await accept(kept, a_message(1, segments=2))
    lease = await own(kept)
    await kept.sending.claim(lease, 1, share, NOW)
    await kept.sending.record(
        lease,
        [AttemptResult(1, Event.SUBMIT_DEFERRED, (SubmittedSegment(1, "A1"),), NOW, "busy")],
        NOW,
    )
    await kept.receipts.record([a_receipt("A1", ReceiptState.UNDELIVERED)])
    assert await state_of(kept, 1) is State.QUEUED
    await kept.sending.claim(lease, 1, share, NOW)
    await kept.sending.record(
        lease, [AttemptResult(1, Event.SUBMIT_ACCEPTED, (SubmittedSegment(2, "A2"),))], NOW
    )
    assert await state_of(kept, 1) is State.UNDELIVERED


async def test_a_messages_postbacks_are_due_one_after_the_other(kept: Store) -> None:
    await settle_sent(kept, a_message(1, notify=Notify.SENT | Notify.ENDED, lane="l"), ids=("A1",))
    await kept.receipts.record([a_receipt("A1", ReceiptState.DELIVERED)])
    (sent,) = await kept.postbacks.due("l", 10, NOW + 2000)
    assert sent.event is PostbackEvent.SENT
    later = PostbackResult(sent.postback_id, NOW, 503, "HTTP 503", NOW + 60_000, done=False)
    await kept.postbacks.finish([later])
    assert await kept.postbacks.due("l", 10, NOW + 2000) == []
    await kept.postbacks.finish([PostbackResult(sent.postback_id, NOW, 200, "", None, done=True)])
    (ended,) = await kept.postbacks.due("l", 10, NOW + 2000)
    assert ended.event is PostbackEvent.ENDED


async def test_a_repeated_receipt_owes_nothing_twice(kept: Store) -> None:
    await settle_sent(kept, a_message(1, notify=Notify.ENDED, lane="l"), ids=("A1",))
    await kept.receipts.record([a_receipt("A1", ReceiptState.DELIVERED)] * 3)
    assert len(await kept.postbacks.due("l", 10, NOW + 1000)) == 1


async def test_postbacks_are_due_by_lane_and_until_done(kept: Store) -> None:
    for number, lane in ((1, "a"), (2, "b")):
        message = a_message(number, notify=Notify.SENT | Notify.ENDED, lane=lane)
        await settle_sent(kept, message, ids=(f"A{number}",))
    assert await kept.postbacks.lanes("", 10, NOW) == ["a", "b"]
    assert await kept.postbacks.lanes("", 1, NOW) == ["a"]
    assert await kept.postbacks.lanes("a", 10, NOW) == ["b"]
    (due,) = await kept.postbacks.due("a", 10, NOW)
    later = PostbackResult(due.postback_id, NOW, 500, "HTTP 500", NOW + 60_000, done=False)
    await kept.postbacks.finish([later])
    assert await kept.postbacks.lanes("", 10, NOW) == ["b"]
    (due,) = await kept.postbacks.due("a", 10, NOW + 60_000)
    assert due.attempts == 1
    await kept.postbacks.finish([PostbackResult(due.postback_id, NOW, 200, "", None, done=True)])
    assert await kept.postbacks.due("a", 10, NOW + 10**9) == []


async def test_what_waited_too_long_ends(kept: Store) -> None:
    await settle_sent(kept, a_message(2), ids=("A2",))
    await accept(kept, a_message(1, expires_at=NOW + 1000))
    assert await kept.maintenance.expire(await own_maintenance(kept), 10, NOW + 999, 2000) == 0
    assert await kept.maintenance.expire(await own_maintenance(kept), 10, NOW + 1000, 2000) == 1
    assert await state_of(kept, 1) is State.EXPIRED
    assert await kept.maintenance.expire(await own_maintenance(kept), 10, NOW + 2000, 2000) == 1
    assert await state_of(kept, 2) is State.UNCONFIRMED
    assert await money(kept) == (950_000, 0, 50_000)
    await kept.receipts.record([a_receipt("A2", ReceiptState.DELIVERED)])
    assert await state_of(kept, 2) is State.DELIVERED


async def test_only_what_has_ended_and_owes_nothing_is_forgotten(kept: Store) -> None:
    await settle_sent(kept, a_message(1, reference="k", duplicate_scope="s"), ids=("A1",))
    await settle_sent(kept, a_message(2, notify=Notify.ENDED, lane="l"), ids=("A2",))
    await accept(kept, a_message(3))
    await kept.receipts.record([a_receipt(f"A{n}", ReceiptState.DELIVERED) for n in (1, 2)])
    assert (await kept.maintenance.purge(10, NOW - 1, 0)).forgotten == 0
    assert (await kept.maintenance.purge(10, NOW + 10_000, 0)).forgotten == 1
    assert await kept.search.message(1) is None
    assert await kept.search.message(2) is not None
    await accept(kept, a_message(4, reference="k", duplicate_scope="s"))


async def test_a_whole_message_that_the_carrier_cuts_has_one_receipt(kept: Store) -> None:
    await accept(kept, a_message(1, segments=3))
    whole = AttemptResult(1, Event.SUBMIT_ACCEPTED, (SubmittedSegment(0, "A1"),))
    await kept.sending.record(await own(kept), [whole], NOW)
    assert await money(kept) == (850_000, 0, 150_000)
    await kept.receipts.record([a_receipt("A1", ReceiptState.DELIVERED)])
    assert await state_of(kept, 1) is State.DELIVERED
    timeline = await kept.search.message(1)
    assert timeline is not None
    assert [segment.number for segment in timeline.segments] == [0]


async def test_messages_are_found_by_reference(kept: Store) -> None:
    await accept(kept, a_message(1, reference="mine"))
    await accept(kept, a_message(2, recipient="4512345678"))
    assert [m.message_id for m in await find(kept, "mine", 5)] == [1]
    assert [m.message_id for m in await find(kept, "", 5)] == [2, 1]
    assert await find(kept, "nobody", 5) == []
    assert (await kept.metrics.backlog()).of_link("link") == 2
    assert await kept.metrics.count_by_state() == {"queued": 2}


async def test_all_of_it_survives_closing(backend: str, place: Place) -> None:
    store = await BACKENDS[backend](place)
    await apply(store, DIRECTORY, NOW)
    await accept(store, a_message(1))
    taken = await store.admission.take_ids(5)
    await store.close()
    store = await BACKENDS[backend](place)
    assert await state_of(store, 1) is State.QUEUED
    assert (await store.admission.take_ids(1))[0] > taken[-1]
    await store.close()


def test_what_is_said_to_read_is_in_the_contract(kept: Store) -> None:
    """Else a method that is renamed would be tested with one store only, and nobody would know."""
    for name, reads in READS.items():
        for method in reads.split():
            assert callable(getattr(getattr(kept, name), method))


def test_the_store_says_what_time_it_is(kept: Store) -> None:
    assert kept.clock.now() == NOW
