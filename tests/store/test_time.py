"""What a clock that was set back would let wait is made due; what customers asked for later stays."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from aldis.accounts.staff import AuditEntry
from aldis.stages.sending.shares import share
from aldis.store.contract.ownership import Lease
from aldis.store.contract.store import Store
from aldis.traffic.message import AttemptResult
from aldis.traffic.postback import Notify, PostbackResult
from aldis.traffic.states import Event
from tests.backends import own, own_maintenance
from tests.store.building import NOW, a_message, accept, settle_sent

HOUR_MS, LONGEST_MS = 3_600_000, 360_000
#: by a clock that was an hour ahead
AHEAD = NOW + HOUR_MS


async def claimable(kept: Store, lease: Sequence[Lease], now: int) -> set[int]:
    """Claim what is due, and give it back."""
    found = {each.message_id for each in await kept.sending.claim(lease, 100, share, now)}
    kept.sending.release(lease, list(found))
    return found


async def tried(kept: Store, message_id: int, event: Event, due_at: int) -> None:
    await accept(kept, a_message(message_id, accepted_at=AHEAD, due_at=AHEAD))
    lease = await own(kept)
    found = await kept.sending.claim(lease, 100, share, AHEAD)
    kept.sending.release(lease, [each.message_id for each in found if each.message_id != message_id])
    await kept.sending.record(lease, [AttemptResult(message_id, event, due_at=due_at, reason="x")], AHEAD)


@pytest.mark.parametrize("is_asked_before", [False, True])
async def test_what_waits_by_a_clock_that_was_set_back_is_due(kept: Store, *, is_asked_before: bool) -> None:
    later = NOW + 2 * HOUR_MS
    await accept(kept, a_message(1, accepted_at=AHEAD, due_at=AHEAD, expires_at=AHEAD + 5_000))
    await accept(kept, a_message(2, accepted_at=AHEAD, due_at=later, expires_at=later + HOUR_MS))
    await accept(kept, a_message(3, due_at=later, expires_at=later + HOUR_MS))
    await tried(kept, 4, Event.SUBMIT_DEFERRED, AHEAD + 60_000)
    await tried(kept, 5, Event.RELEASED, AHEAD + 1)
    await tried(kept, 6, Event.SUBMIT_DEFERRED, NOW + LONGEST_MS)
    lease = await own(kept)
    if is_asked_before:
        assert await claimable(kept, lease, NOW) == set()
    assert await kept.time.make_due(2, NOW, LONGEST_MS) == 2
    assert await kept.time.make_due(2, NOW, LONGEST_MS) == 1
    assert await kept.time.make_due(2, NOW, LONGEST_MS) == 0
    assert await claimable(kept, lease, NOW) == {1, 4, 5}
    assert await claimable(kept, lease, NOW + LONGEST_MS) == {4, 5, 6}  # 1 is valid for five seconds
    assert await claimable(kept, lease, later) == {2, 3, 4, 5, 6}


async def test_a_release_makes_nothing_due_later(kept: Store) -> None:
    await accept(kept, a_message(1))
    lease = await own(kept)
    await kept.sending.claim(lease, 1, share, NOW)
    await kept.sending.record(lease, [AttemptResult(1, Event.RELEASED, due_at=AHEAD, reason="x")], AHEAD)
    assert await claimable(kept, lease, NOW) == {1}


async def test_postbacks_keep_their_distance_from_the_try_before(kept: Store) -> None:
    for number in (1, 2, 3):
        message = a_message(number, notify=Notify.ENDED, lane="l", expires_at=AHEAD - 1, review_at=AHEAD - 1)
        await accept(kept, message)
    assert await kept.maintenance.expire(await own_maintenance(kept), 10, AHEAD, 0) == 3
    first, second, third = [each.postback_id for each in await kept.postbacks.due("l", 10, AHEAD)]
    for postback_id, wait_ms in ((first, 60_000), (second, 3 * HOUR_MS)):
        result = PostbackResult(postback_id, AHEAD, 500, "", AHEAD + wait_ms, done=False)
        await kept.postbacks.finish([result])
    while await kept.time.make_due(10, NOW, LONGEST_MS):
        pass

    async def due(now: int) -> list[int]:
        """Name what is due."""
        lanes = await kept.postbacks.lanes("", 10, now)
        return [each.postback_id for each in await kept.postbacks.due("l", 10, now)] if lanes else []

    assert await due(NOW) == [third]
    assert await due(NOW + 60_000) == [third, first]
    assert await due(NOW + 3 * HOUR_MS - 1_000) == [third, first]
    assert await due(NOW + 3 * HOUR_MS) == [third, first, second]


async def test_the_newest_instant_is_what_was_believed(kept: Store) -> None:
    assert await kept.time.newest_instant() == 0
    await settle_sent(kept, a_message(1))
    assert await kept.time.newest_instant() == NOW
    await kept.time.pulse(NOW + 5, is_believed=False)
    assert await kept.time.newest_instant() == NOW
    await kept.time.pulse(NOW + 7, is_believed=True)
    assert await kept.time.newest_instant() == NOW + 7
    await kept.time.pulse(NOW + 3, is_believed=True)  # an operator said so
    assert await kept.time.newest_instant() == NOW + 3


async def test_an_operator_agrees(kept: Store) -> None:
    assert await kept.time.clock_agreed_at() == 0
    await kept.time.agree_on_clock(NOW, AuditEntry(NOW, "ann", "command line", "agree on clock", "clock"))
    assert await kept.time.clock_agreed_at() == NOW
    assert [each.action for _, each in await kept.audit.log(0, 1)] == ["agree on clock"]
