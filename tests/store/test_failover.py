"""Messages that wait for a link which is down move to another, whole and once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aldis.stages.sending.shares import share
from aldis.store.contract.ownership import Lease
from aldis.store.contract.store import Store
from aldis.traffic.message import AttemptResult, NewMessage, SubmittedSegment
from aldis.traffic.states import Event
from tests.backends import own, own_maintenance
from tests.store.building import NOW, a_message, accept

B_THEN_C = '["b","c"]'


def waiting(message_id: int, **changes: object) -> NewMessage:
    return a_message(message_id, **{"backups": B_THEN_C, **changes})


async def claimed(kept: Store, lease: Sequence[Lease], now: int = NOW) -> list[int]:
    return [message.message_id for message in await kept.sending.claim(lease, 10, share, now)]


async def test_the_first_backup_that_is_up_is_taken(kept: Store) -> None:
    lease = await own(kept)
    cs = await own(kept, "c")
    assert await claimed(kept, lease) == []
    assert await claimed(kept, cs) == []
    for message in (waiting(1), waiting(2), a_message(3), waiting(4, backups='["d"]')):
        await accept(kept, message)
    assert await kept.maintenance.fail_over(await own_maintenance(kept), "link", ["c"], 10, NOW) == 2
    assert await kept.maintenance.fail_over(await own_maintenance(kept), "link", ["c"], 10, NOW) == 0
    assert await claimed(kept, cs) == [1, 2]
    assert await claimed(kept, lease) == [3, 4]


async def test_what_a_sender_holds_stays(kept: Store) -> None:
    lease = await own(kept)
    await accept(kept, waiting(1))
    assert await claimed(kept, lease) == [1]
    assert await kept.maintenance.fail_over(await own_maintenance(kept), "link", ["b"], 10, NOW) == 0
    kept.sending.release(lease, [1])
    assert await kept.maintenance.fail_over(await own_maintenance(kept), "link", ["b"], 10, NOW) == 1


async def test_what_a_carrier_took_in_part_stays(kept: Store) -> None:
    lease = await own(kept)
    await accept(kept, waiting(1, segments=2))
    assert await claimed(kept, lease) == [1]
    again = AttemptResult(1, Event.SUBMIT_DEFERRED, (SubmittedSegment(1, "A1"),), due_at=NOW)
    await kept.sending.record(lease, [again], NOW)
    assert await kept.maintenance.fail_over(await own_maintenance(kept), "link", ["b"], 10, NOW) == 0


async def test_nobody_claims_what_is_on_its_way(kept: Store) -> None:
    lease = await own(kept)
    bs = await own(kept, "b")
    assert await claimed(kept, lease) == []
    await accept(kept, waiting(1))
    moving = asyncio.ensure_future(
        kept.maintenance.fail_over(await own_maintenance(kept), "link", ["b"], 10, NOW)
    )
    await asyncio.sleep(0)  # it is on its way to the writer
    assert await claimed(kept, lease) == []
    assert await moving == 1
    assert await claimed(kept, lease) == []
    assert await claimed(kept, bs) == [1]


async def test_what_cannot_move_is_not_in_the_way(kept: Store) -> None:
    cs = await own(kept, "c")
    for number in range(1, 6):
        await accept(kept, waiting(number, backups='["b"]'))
    await accept(kept, waiting(6, backups='["c"]'))
    await accept(kept, waiting(7, backups='["c"]', due_at=NOW + 1000))
    assert await kept.maintenance.fail_over(await own_maintenance(kept), "link", ["c"], 3, NOW) == 1
    assert await claimed(kept, cs) == [6]


async def test_there_is_a_way_back(kept: Store) -> None:
    lease = await own(kept)
    await accept(kept, waiting(1))
    assert await kept.maintenance.fail_over(await own_maintenance(kept), "link", ["c"], 10, NOW) == 1
    assert await kept.maintenance.fail_over(await own_maintenance(kept), "c", ["b"], 10, NOW) == 1
    assert await kept.maintenance.fail_over(await own_maintenance(kept), "b", ["link"], 10, NOW) == 1
    assert await claimed(kept, lease) == [1]
