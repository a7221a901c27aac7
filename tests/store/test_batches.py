"""What is written in one go is written as if each had come by itself, however many there are."""

from __future__ import annotations

import pytest

from aldis.errors import TransitionRefused
from aldis.store.contract.admission import Acceptance
from aldis.store.contract.store import Store
from aldis.traffic.message import AttemptResult, SubmittedSegment
from aldis.traffic.postback import Notify, PostbackResult
from aldis.traffic.receipt import Receipt, ReceiptState
from aldis.traffic.states import Event, State
from tests.backends import own, own_maintenance
from tests.store.building import NOW, POSTPAID, RICH, a_message, money, settle_sent, state_of

LANE = "http://customer:80"


def _sent(message_id: int) -> AttemptResult:
    return AttemptResult(message_id, Event.SUBMIT_ACCEPTED, (SubmittedSegment(1, f"A{message_id}"),))


@pytest.mark.parametrize("count", [1, 7, 30, 65, 256, 600])
async def test_each_of_many_goes_all_the_way(kept: Store, count: int) -> None:
    numbers = range(1, count + 1)
    messages = tuple(
        a_message(number, account_id=POSTPAID, notify=Notify.ENDED, lane=LANE, price_micros=number)
        for number in numbers
    )
    price = sum(numbers)
    assert await kept.admission.accept(Acceptance(POSTPAID, prepaid=False, messages=messages)) is None
    assert await money(kept, POSTPAID) == (-price, price, 0)
    await kept.sending.record(await own(kept), [_sent(number) for number in numbers], NOW)
    assert await money(kept, POSTPAID) == (-price, 0, price)
    receipts = [Receipt("link", f"A{number}", ReceiptState.DELIVERED, "", "", NOW) for number in numbers]
    assert (await kept.receipts.record(receipts)).early == 0
    assert await kept.metrics.count_by_state() == {"delivered": count}
    due = await kept.postbacks.due(LANE, 1_000, NOW)
    assert sorted(postback.message.message_id for postback in due) == list(numbers)
    await kept.postbacks.finish(
        [PostbackResult(each.postback_id, NOW, 200, "", None, done=True) for each in due]
    )
    assert await kept.postbacks.due(LANE, 1_000, NOW + 1_000_000) == []


async def test_a_message_that_is_named_twice_is_refused_whole_and_so_paid_for_and_told_of_once(
    kept: Store,
) -> None:
    message = a_message(1, notify=Notify.SENT, lane=LANE)
    assert await kept.admission.accept(Acceptance(RICH, prepaid=True, messages=(message,))) is None
    with pytest.raises(TransitionRefused):
        await kept.sending.record(await own(kept), [_sent(1), _sent(1)], NOW)
    assert await money(kept) == (950_000, 50_000, 0)
    assert await kept.postbacks.due(LANE, 10, NOW) == []
    await kept.sending.record(await own(kept), [_sent(1)], NOW)
    assert await money(kept) == (950_000, 0, 50_000)
    assert len(await kept.postbacks.due(LANE, 10, NOW)) == 1


async def test_a_result_moves_only_what_is_where_it_was_claimed(kept: Store) -> None:
    await settle_sent(kept, a_message(1, notify=Notify.SENT, lane=LANE))
    with pytest.raises(TransitionRefused):
        await kept.sending.record(await own(kept), [_sent(1)], NOW + 1)
    assert await money(kept) == (950_000, 0, 50_000)
    assert len(await kept.postbacks.due(LANE, 10, NOW + 1)) == 1


@pytest.mark.parametrize("reported", [ReceiptState.DELIVERED, ReceiptState.UNDELIVERED])
@pytest.mark.parametrize("was_unconfirmed", [False, True])
async def test_who_hears_of_failures_hears_of_those_and_of_what_became_of_them(
    kept: Store, reported: ReceiptState, *, was_unconfirmed: bool
) -> None:
    await settle_sent(kept, a_message(1, notify=Notify.FAILED, lane=LANE))
    if was_unconfirmed:
        assert await kept.maintenance.expire(await own_maintenance(kept), 10, NOW + 1, 0) == 1
        assert await state_of(kept, 1) is State.UNCONFIRMED
    before = 1 if was_unconfirmed else 0
    await kept.receipts.record([Receipt("link", "A1", reported, "", "", NOW + 2)])
    timeline = await kept.search.message(1)
    assert timeline is not None
    is_told = was_unconfirmed or reported is ReceiptState.UNDELIVERED
    assert len(timeline.postbacks) == before + is_told
