"""What maintenance does beside others that write: it leaves to the next round what they have."""

from __future__ import annotations

from typing import Any, NamedTuple

import asyncpg
import pytest

from aldis.store.contract.maintenance import Purged
from aldis.store.contract.store import Store
from aldis.store.postgresql.writes import locks
from aldis.traffic.message import NewMessage
from aldis.traffic.postback import Notify, PostbackResult
from tests.backends import own_maintenance
from tests.store.building import NOW, POSTPAID, a_message, accept

PATIENCE_MS = 2_000
LATER = NOW + 10_000


class House(NamedTuple):
    """A store, and somebody else in its database."""

    store: Store
    other: asyncpg.Connection

    async def ask(self, sql: str, *bindings: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.other.fetch(sql, *bindings)]

    async def states(self) -> dict[int, str]:
        return dict(await self.ask("SELECT message_id, state FROM tracked"))

    async def accept(self, *messages: NewMessage) -> None:
        for message in messages:
            await accept(self.store, message)

    async def send(self, *message_ids: int) -> None:
        """Bring messages to `sent`."""
        await self.other.execute("DELETE FROM queue WHERE message_id = ANY($1::bigint[])", message_ids)
        sql = "INSERT INTO sent SELECT message_id, link, $2, 1, 0 FROM message WHERE message_id = ANY($1::bigint[])"
        await self.other.execute(sql, message_ids, NOW)

    async def expire(self, now: int = LATER, limit: int = 10) -> int:
        return await self.store.maintenance.expire(await own_maintenance(self.store), limit, now, PATIENCE_MS)


@pytest.fixture
def house(store_and_other: tuple[Store, asyncpg.Connection]) -> House:
    return House(*store_and_other)


async def test_what_is_over_ends_and_the_rest_is_looked_at_later(house: House) -> None:
    await house.accept(
        a_message(1, expires_at=NOW + 1),
        a_message(2),
        a_message(3, notify=Notify.ENDED, lane="l"),
        a_message(4, expires_at=NOW + 1),
    )
    await house.send(3)
    await house.other.execute("UPDATE queue SET is_marked = true WHERE message_id = 4")
    assert await house.expire(NOW + 1) == 1
    assert await house.expire(NOW + PATIENCE_MS) == 1
    assert await house.expire(NOW + PATIENCE_MS) == 0
    assert await house.states() == {1: "expired", 2: "queued", 3: "unconfirmed", 4: "sending"}
    (due,) = await house.store.postbacks.due("l", 10, LATER)
    assert due.state == "unconfirmed"


async def test_a_message_that_somebody_writes_to_is_left_alone(house: House) -> None:
    await house.accept(a_message(1, expires_at=NOW), a_message(2, expires_at=NOW))
    async with house.other.transaction():
        await house.other.execute("SELECT 1 FROM queue WHERE message_id = 1 FOR UPDATE")
        assert await house.expire() == 1
    assert await house.expire() == 1


async def test_nothing_is_overdue_on_a_link_whose_receipts_are_being_recorded(house: House) -> None:
    await house.accept(a_message(1), a_message(2, link="other"))
    await house.send(1, 2)
    kind, key, _ = locks.reporting("link")
    async with house.other.transaction():
        await house.other.execute("SELECT pg_advisory_xact_lock($1, $2)", kind, key)
        assert await house.expire() == 1
        assert await house.states() == {1: "sent", 2: "unconfirmed"}
    assert await house.expire() == 1


async def test_one_whose_row_refuses_its_ending_keeps_no_other(house: House) -> None:
    await house.accept(*(a_message(number, expires_at=NOW) for number in range(1, 6)))
    await house.accept(a_message(6), a_message(7))
    await house.send(6, 7)
    sql = "ALTER TABLE ended ADD CONSTRAINT refusing CHECK (message_id NOT IN (3, 6)) NOT VALID"
    await house.other.execute(sql)
    assert await house.expire() == 5
    states = await house.states()
    assert {number: states[number] for number in (3, 6)} == {3: "queued", 6: "sent"}
    assert sum(state in {"queued", "sent"} for state in states.values()) == 2
    assert await house.ask("SELECT message_id FROM poison_message ORDER BY 1") == [(3,), (6,)]
    assert await house.expire() == 0


async def test_only_what_has_ended_and_owes_nothing_is_forgotten(house: House) -> None:
    key = a_message(1, expires_at=NOW, reference="k", duplicate_scope="s")
    await house.accept(key, a_message(2, expires_at=NOW, notify=Notify.ENDED, lane="l"), a_message(3))
    assert await house.expire() == 2
    purge = house.store.maintenance.purge
    assert await purge(10, LATER - 1, 0) == Purged(0, 0)
    assert await purge(2, LATER, 0) == Purged(1, 2)
    assert await purge(2, LATER, 2) == Purged(0, 0)
    assert await house.states() == {2: "expired", 3: "queued"}
    await house.accept(a_message(4, account_id=POSTPAID), a_message(5, reference="k", duplicate_scope="s"))
    (due,) = await house.store.postbacks.due("l", 10, LATER)
    result = PostbackResult(due.postback_id, NOW, 500, "no", None, done=False, answer="x")
    await house.store.postbacks.finish([result])
    assert await purge(10, LATER, 0) == Purged(1, 0)
    for table in ("told", "pending_postback", "postback_try", "ended"):
        assert await house.ask(f"SELECT count(*) FROM {table}") == [(0,)]


async def test_a_message_that_ends_anew_while_it_is_forgotten_stays(house: House) -> None:
    await house.accept(a_message(1))
    await house.send(1)
    assert await house.expire() == 1
    transaction = house.other.transaction()
    await transaction.start()
    await house.other.execute("UPDATE ended SET state = 'delivered', ended_at = $1", LATER + 1)
    await house.store.maintenance.unused_content([])  # another read while that is open
    await transaction.commit()
    assert await house.store.maintenance.purge(10, LATER, 0) == Purged(0, 0)


async def test_messages_go_to_a_backup_that_is_up(house: House) -> None:
    await house.accept(a_message(1, backups='["b", "c"]'), a_message(2), a_message(3, backups='["b"]'))
    lease = await own_maintenance(house.store)
    assert await house.store.maintenance.fail_over(lease, "link", ["c"], 10, NOW) == 1
    assert await house.ask("SELECT link, backups FROM queue WHERE message_id = 1") == [("c", '["link","b"]')]
    assert await house.store.maintenance.fail_over(lease, "c", ["link"], 10, NOW) == 1
    assert await house.store.maintenance.fail_over(lease, "link", ["b", "c"], 1, NOW) == 1


async def test_who_has_opted_out_gets_nothing_that_waits(house: House) -> None:
    await house.accept(*(a_message(number, recipient="14805550199") for number in (1, 2)), a_message(3))
    await house.other.execute("INSERT INTO opt_out VALUES ('74700', '14805550199', 0)")
    await house.other.execute("UPDATE queue SET is_marked = true WHERE message_id = 2")
    assert await house.store.maintenance.cancel_opted_out(await own_maintenance(house.store), 10, NOW) == 1
    assert await house.states() == {1: "deleted", 2: "sending", 3: "queued"}


async def test_a_number_is_written_down_once_all_have_ended_that_did_not_see_how_far(house: House) -> None:
    index = house.store.maintenance.index_recipients
    await house.accept(a_message(1), a_message(5))
    transaction = house.other.transaction()
    await transaction.start()
    await house.other.execute("SELECT pg_current_xact_id()")
    assert await index(10, 1) == 0
    await house.accept(a_message(3, recipient="14805550109"))  # its id was taken before
    await transaction.commit()
    assert await index(10, 1) == 4
    found = await house.ask("SELECT message_id, recipient FROM message_recipient ORDER BY 1")
    assert found == [(1, "447700900001"), (3, "14805550109")]
    await house.accept(a_message(2))
    assert [row[0] for row in await house.ask("SELECT message_id FROM message_recipient ORDER BY 1")] == [
        1,
        2,
        3,
    ]
    assert await index(10, 0) == 1
    assert await index(10, 0) == 0
