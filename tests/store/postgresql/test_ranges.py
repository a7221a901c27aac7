"""Messages are kept by ranges of ids: made ahead, dropped whole, and read whichever of them a message is in."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple
from uuid import uuid4

import asyncpg
import pytest

from aldis.clock import SystemClock
from aldis.errors import StoreUnavailable
from aldis.store import migrate
from aldis.store.contract.admission import Acceptance
from aldis.store.contract.store import Store
from aldis.store.postgresql.engine.migrations import MIGRATIONS
from aldis.store.postgresql.engine.opening import open_engine
from aldis.store.postgresql.engine.ranges import (
    BLOCK_BITS,
    DIVIDED,
    LENGTH,
    Range,
    drop,
    fill_gaps,
    highest_block,
    length_for,
    make_ahead,
    read_detached,
    read_ranges,
)
from aldis.store.postgresql.stores import health
from aldis.store.postgresql.stores.old_ranges import LOOK_EVERY_MS
from aldis.traffic.ids import first_id_at
from aldis.traffic.receipt import Receipt, ReceiptState
from tests.fakes.postgresql import PostgresServer
from tests.store.building import NOW, POSTPAID, a_message, accept, settle_sent, state_of

DAY_MS = 86_400_000
BLOCK_MS = 1 << BLOCK_BITS - 12
LIMIT = 100


#: what is written of a message, by table
KEPT = {
    "ended": "message_id, 'delivered', '', accepted_at, link, accepted_at, 1, 0",
    "segment": "message_id, 1, link, message_id::text, accepted_at",
    "told": "message_id, message_id, 'l', 'ended', 'delivered', '', 1, true, 1, 1, 200, ''",
    "postback_try": "message_id, 1, 200, ''",
    "content_use": "'d', message_id",
    "late_answer": "link, 'x', message_id, 1",
    "message_recipient": f"message_id >> {BLOCK_BITS}, recipient, message_id",
}


class House(NamedTuple):
    """A store, and somebody else in its database."""

    store: Store
    other: asyncpg.Connection

    async def counts(self, *tables: str) -> list[int]:
        return [await self.other.fetchval(f"SELECT count(*) FROM {table}") for table in tables]

    async def give_ids(self, message_id: int) -> None:
        """Have ids been given up to one."""
        sql = "INSERT INTO counter VALUES ('next_id', $1) ON CONFLICT (name) DO UPDATE SET value = $1"
        await self.other.execute(sql, message_id)

    async def names(self) -> set[str]:
        """Name the partitions that there are."""
        return {name for each in await read_ranges(self.other) for _, name in each.partitions}

    async def keep(self, ahead: Range, number: int, **changes: Any) -> int:
        """Keep a message that ended, was told of, and has something in each table; gives its id."""
        message_id = ahead.first_id + number
        reference = f"r{message_id}"
        await accept(
            self.store,
            a_message(
                message_id, account_id=POSTPAID, reference=reference, duplicate_scope="genesys", **changes
            ),
        )
        for table, values in KEPT.items():
            sql = f"INSERT INTO {table} SELECT {values} FROM message WHERE message_id = $1"
            await self.other.execute(sql, message_id)
        await self.other.execute("DELETE FROM queue WHERE message_id = $1", message_id)
        return message_id

    async def goes(self, old: Range, before: int, looks: int = 60) -> bool:
        """Forget what may be forgotten, as maintenance does, a minute after the other; tells whether a range
        has gone. Who looks after the server's tables may be in the way of some looks.
        """
        name = dict(old.partitions)["message"]
        for look in range(looks):
            await self.store.maintenance.purge(LIMIT, before + look * LOOK_EVERY_MS, 0)
            if await self.other.fetchval("SELECT to_regclass($1) IS NULL", name):
                return True
        return False


@pytest.fixture
def house(store_and_other: tuple[Store, asyncpg.Connection]) -> House:
    return House(*store_and_other)


#: all that hangs on a message which has ended
OF_MESSAGE = (
    *(each.table for each in DIVIDED),
    "duplicate_key",
    "postback_try",
    "content_use",
    "late_answer",
)


async def test_a_new_database_has_room_for_more_than_a_range(house: House) -> None:
    first, ahead = await read_ranges(house.other)
    now = await highest_block(house.other)
    assert (first.begin, ahead.begin) == (0, first.end)
    assert ahead.end > now + LENGTH
    assert len(first.partitions) == len(ahead.partitions) == len(DIVIDED)


async def test_each_partition_has_the_indexes_and_the_storage_of_the_first(house: House) -> None:
    sql = """
    SELECT c.relname, c.reloptions, (SELECT array_agg(d ORDER BY d) FROM (
        SELECT regexp_replace(pg_get_indexdef(indexrelid), '^.* USING ', '') FROM pg_index WHERE indrelid = c.oid) i (d))
    FROM pg_class c WHERE c.relname = ANY($1::text[]) AND c.relnamespace = 'aldis'::regnamespace"""
    first, ahead = await read_ranges(house.other)
    for (table, old), (_, new) in zip(first.partitions, ahead.partitions, strict=True):
        found = {name: more for name, *more in await house.other.fetch(sql, [old, new])}
        assert found[old] == found[new], table
        assert len(set(found[old][1])) == len(found[old][1]), table


async def test_a_year_of_ids_has_eight_ranges_at_a_time(house: House) -> None:
    retention_ms = 30 * DAY_MS
    begin = await house.other.fetchval("SELECT (extract(epoch FROM now()) * 1000)::bigint")
    store = house.store.maintenance
    for day in range(0, 400, 2):
        now = begin + day * DAY_MS
        await house.give_ids(first_id_at(now))
        await store.make_room(now, retention_ms)
        found = await read_ranges(house.other)
        while found[0].end_id <= first_id_at(now - retention_ms):
            assert await house.goes(found[0], now - retention_ms)
            found = await read_ranges(house.other)
        assert len(found) <= 8
        assert all(one.end == following.begin for one, following in pairwise(found))
        assert found[-1].end > (first_id_at(now) >> BLOCK_BITS) + length_for(retention_ms)
        assert found[0].first_id <= first_id_at(now - retention_ms)
    assert found[0].begin > first_id_at(begin) >> BLOCK_BITS


@pytest.mark.parametrize("days", [1, 7, 30, 365, 3650])
def test_a_range_is_a_fifth_of_what_is_kept(days: int) -> None:
    assert 0 <= days * DAY_MS - 5 * length_for(days * DAY_MS) * BLOCK_MS < 6 * BLOCK_MS


async def test_what_is_old_goes_with_its_range_and_nothing_else_does(house: House) -> None:
    await house.give_ids((await read_ranges(house.other))[-1].end_id)
    _, ahead, after, *_ = await make_ahead(house.other)
    await house.store.maintenance.make_room(NOW, 30 * DAY_MS)
    for number in range(LIMIT + 20):
        await house.keep(ahead, number)
    stays = await house.keep(after, 1)
    old = ahead.end * BLOCK_MS
    assert not await house.goes(ahead, old - DAY_MS, looks=4)
    assert await house.goes(ahead, old)
    assert await house.counts(*OF_MESSAGE) == [1] * len(OF_MESSAGE)
    assert await state_of(house.store, stays) == "delivered"
    assert not {name for _, name in ahead.partitions} & await house.names()
    again = a_message(
        after.first_id + 9, account_id=POSTPAID, reference=f"r{ahead.first_id}", duplicate_scope="genesys"
    )
    await accept(house.store, again)


WAITING = {
    "queued": "INSERT INTO queue (message_id, link, priority, due_at, expires_at, review_at)"
    " SELECT message_id, link, 1, 1, 1, 1 FROM gone",
    "sent": "INSERT INTO sent SELECT message_id, link, 1, 1, 0 FROM gone",
    "owes a postback": "INSERT INTO pending_postback (message_id, lane, event, state, error_code, happened_at, due_at)"
    " SELECT message_id, 'l', 'ended', 'delivered', '', 1, 1 FROM gone",
    "ended late": "INSERT INTO ended SELECT message_id, 'delivered', '', $2, link, 1, 1, 0 FROM gone",
    "from a handset": "INSERT INTO inbound (inbound_id, link, sender, recipient, text, keyword, carrier, segments,"
    " dialect, lane, received_at, fingerprint)"
    " SELECT message_id, link, '', '', '', '', '', 1, '', '', 1, '' FROM gone",
}


@pytest.mark.parametrize("why", WAITING)
async def test_what_still_waits_keeps_its_range(house: House, why: str) -> None:
    _, ahead = await read_ranges(house.other)
    message_id = await house.keep(ahead, 1)
    await house.keep(ahead, 2)
    await house.store.maintenance.make_room(NOW, 30 * DAY_MS)
    old = ahead.end * BLOCK_MS
    await house.other.execute("DELETE FROM ended WHERE message_id = $1", message_id)
    gone = f"WITH gone AS (SELECT * FROM message WHERE message_id = $1 AND $2::bigint > 0) {WAITING[why]}"
    await house.other.execute(gone, message_id, old + DAY_MS)
    assert not await house.goes(ahead, old, looks=4)
    assert await house.counts("message", "duplicate_key") == [2, 2]
    await house.other.execute(
        "DELETE FROM queue; DELETE FROM sent; DELETE FROM pending_postback; DELETE FROM inbound"
    )
    if why == "ended late":
        assert not await house.goes(ahead, old + DAY_MS // 2, looks=4)
    assert await house.goes(ahead, old + 2 * DAY_MS)
    assert await house.counts(*OF_MESSAGE) == [0] * len(OF_MESSAGE)


async def test_a_range_that_something_keeps_for_long_is_forgotten_row_by_row(house: House) -> None:
    _, ahead = await read_ranges(house.other)
    stays = await house.keep(ahead, 1)
    await house.keep(ahead, 2)
    await house.other.execute("DELETE FROM ended WHERE message_id = $1", stays)
    await house.other.execute("INSERT INTO sent VALUES ($1, 'link', 1, 1, 0)", stays)
    retention_ms = 30 * DAY_MS
    late = (ahead.end + 2 * length_for(retention_ms)) * BLOCK_MS
    await house.store.maintenance.make_room(late + retention_ms, retention_ms)
    assert not await house.goes(ahead, late, looks=4)
    assert await house.counts("message", "segment") == [1, 1]


async def test_an_open_transaction_keeps_a_range_and_nobody_else(house: House, database: str) -> None:
    await house.give_ids((await read_ranges(house.other))[-1].end_id)
    first, ahead, after, *_ = await make_ahead(house.other)
    await drop(house.other, first)
    await house.keep(ahead, 1)
    old = await asyncpg.connect(database, server_settings={"search_path": "aldis"})
    await old.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    assert await old.fetchval("SELECT count(*) FROM told") == 1
    before = ahead.end * BLOCK_MS
    await house.store.maintenance.make_room(NOW, 30 * DAY_MS)
    assert not await house.goes(ahead, before, looks=6)
    assert await old.fetchval("SELECT count(*) FROM told") == 1
    assert [each.is_pending for each in await read_detached(house.other)] == [True]
    seen = await health.look_over(database, SystemClock())
    assert any(remark.says.startswith("old ranges are not dropped to the end") for remark in seen.remarks)
    await accept(house.store, a_message(after.first_id, account_id=POSTPAID))
    await old.execute("COMMIT")
    await old.close()
    assert await house.goes(ahead, before + DAY_MS)
    assert await read_detached(house.other) == []
    assert not {name for _, name in ahead.partitions} & await house.names()
    assert await house.counts("message") == [1]


async def test_nothing_is_dropped_while_data_moves_elsewhere(house: House) -> None:
    _, ahead = await read_ranges(house.other)
    await house.keep(ahead, 1)
    await house.store.maintenance.make_room(NOW, 30 * DAY_MS)
    await house.other.execute("INSERT INTO moving VALUES ('source', 'there', 'm', false)")
    assert not await house.goes(ahead, ahead.end * BLOCK_MS, looks=4)
    await house.other.execute("DELETE FROM moving")
    assert await house.goes(ahead, ahead.end * BLOCK_MS + DAY_MS)


async def test_ids_without_a_range_are_refused_for_now_and_the_doctor_says_so(
    house: House, database: str
) -> None:
    ranges = await read_ranges(house.other)
    message = a_message(ranges[-1].end_id + 1, account_id=POSTPAID)
    with pytest.raises(StoreUnavailable, match="no range of message has room"):
        await house.store.admission.accept(Acceptance(POSTPAID, False, (message,)))
    await house.give_ids(message.message_id)
    seen = await health.look_over(database, SystemClock())
    assert [
        remark.is_fault for remark in seen.remarks if "room for new messages ends in 0 h" in remark.says
    ] == [True]
    await house.store.maintenance.make_room(NOW, 30 * DAY_MS)
    await accept(house.store, message)
    seen = await health.look_over(database, SystemClock())
    assert not any("room for new messages" in remark.says for remark in seen.remarks)


async def test_a_clock_that_leapt_makes_one_range_of_what_lies_between(house: House) -> None:
    before = await read_ranges(house.other)
    await house.give_ids(before[-1].end_id + (1000 << BLOCK_BITS))
    await house.store.maintenance.make_room(NOW, 30 * DAY_MS)
    found = await read_ranges(house.other)
    assert len(found) <= len(before) + 3
    assert all(one.end == following.begin for one, following in pairwise(found))


async def test_a_receipt_finds_its_message_in_any_range(house: House) -> None:
    ranges = await read_ranges(house.other)
    ids = [1, ranges[0].end_id - 1, ranges[1].first_id, ranges[1].end_id - 1]
    for place, message_id in enumerate(ids):
        await settle_sent(house.store, a_message(message_id, account_id=POSTPAID), (f"A{place}",))
    receipts = [
        Receipt("link", f"A{place}", ReceiptState.DELIVERED, "", "447700900001", NOW)
        for place in range(len(ids))
    ]
    await house.store.receipts.record(receipts)
    assert [await state_of(house.store, message_id) for message_id in ids] == ["delivered"] * len(ids)


async def test_what_comes_from_another_database_may_be_older_than_all_ranges(house: House) -> None:
    first, ahead = await read_ranges(house.other)
    await drop(house.other, first)
    message = a_message(7, account_id=POSTPAID)
    with pytest.raises(StoreUnavailable, match="no range"):
        await house.store.admission.accept(Acceptance(POSTPAID, False, (message,)))
    async with house.other.transaction():
        await fill_gaps(house.other)
    await accept(house.store, message)
    assert [(each.begin, each.end) for each in await read_ranges(house.other)] == [
        (0, first.end),
        (ahead.begin, ahead.end),
    ]


async def test_a_database_that_is_full_is_brought_there_as_it_is(postgres: PostgresServer) -> None:
    name = await postgres.create()
    db = await asyncpg.connect(postgres.url(name), server_settings={"search_path": "aldis"})
    await db.execute("CREATE SCHEMA aldis")
    await db.execute(
        "CREATE TABLE schema_migration (number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL)"
    )
    for each in migrate.load(MIGRATIONS):
        if each.number < 13:
            await db.execute(each.sql)
            await db.execute(
                "INSERT INTO schema_migration VALUES ($1, $2, $3)", each.number, each.name, each.checksum
            )
    far = first_id_at(await db.fetchval("SELECT (extract(epoch FROM now()) * 1000)::bigint")) + (
        3 << BLOCK_BITS
    )
    for message_id in (1, 2, far):
        await db.execute(
            """INSERT INTO message (message_id, submission_id, account_id, dialect, reference, duplicate_scope, link,
                   priority, sender, recipient, country, coding, octets, segments, price_micros, notify, lane,
                   callback_url, echo, accepted_at, due_at, expires_at)
               VALUES ($1, $1, 1, 'd', 'r', '', 'l', 1, 's', 'r', 'c', 0, '', 1, 0, 0, '', '', '', 1, 1, 1)""",
            message_id,
        )
        await db.execute("INSERT INTO ended VALUES ($1, 'delivered', '', 1, 'l', 1, 1, 0)", message_id)
        await db.execute("INSERT INTO segment VALUES ($1, 1, 'l', 'x', 1)", message_id)
        await db.execute(
            "INSERT INTO told VALUES ($1, $1, 'l', 'ended', '', '', 1, false, 1, 1, 200, '')", message_id
        )
        await db.execute(
            f"INSERT INTO message_recipient VALUES ($1::bigint >> {BLOCK_BITS}, 'r', $1)", message_id
        )
    files = "SELECT array_agg(relfilenode ORDER BY relfilenode) FROM pg_class WHERE oid = ANY($1::oid[])"
    moved = "SELECT array_agg(oid) FROM pg_class WHERE relname = ANY($1::text[])"
    tables = await db.fetchval(moved, [each.table for each in DIVIDED])
    before = await db.fetchval(files, tables)
    await (await open_engine(postgres.url(name), "one", uuid4())).close()
    assert await db.fetchval(files, tables) == before  # no table was written anew
    for table, *_ in DIVIDED:
        assert await db.fetchval(f"SELECT count(*) FROM {table}") == 3
        assert await db.fetchval(f"SELECT count(*) FROM {table}_first") == 3
    assert await db.fetchval("SELECT count(*) FROM tracked WHERE state = 'delivered'") == 3
    assert await db.fetchval("SELECT count(*) FROM postback") == 3
    first, ahead = await read_ranges(db)
    assert first.end_id > far
    assert ahead.begin == first.end
    await db.close()
    await postgres.drop(name)
