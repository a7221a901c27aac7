"""An account moves from one database to another, with all that it has and owes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest

from aldis.app.moving import move as move_store
from aldis.errors import SettingsError, StoreUnavailable
from aldis.store.contract.admission import Acceptance
from aldis.store.contract.inbound import ReviewedRange
from aldis.store.contract.store import Store
from aldis.store.moving.account import MovedAway
from aldis.store.postgresql.account_move.mover import AccountMover
from aldis.store.postgresql.account_move.side import opened
from aldis.store.postgresql.account_move.tables import MovedAccount
from aldis.store.postgresql.stores.health import look_over
from aldis.traffic.bulk import JobState
from aldis.traffic.message import NewMessage
from aldis.traffic.postback import Notify, PostbackResult
from aldis.traffic.receipt import Receipt, ReceiptState
from aldis.traffic.refusal import RefusalReason
from aldis.traffic.states import State
from tests.backends import Place, apply, lapse, open_database, own_maintenance
from tests.fakes.clock import FakeClock
from tests.fakes.postgresql import PostgresServer
from tests.store.building import NOW, POSTPAID, RICH, a_message, accept, money, settle_sent, state_of
from tests.store.conftest import DIRECTORY
from tests.store.test_bulk import a_job
from tests.store.test_inbound import an_inbound, heard

LANE = f"{RICH} https://customer.example:443 00"
BOTH = Notify.SENT | Notify.ENDED


@pytest.fixture
async def other(postgres: PostgresServer, migrated: str) -> AsyncIterator[str]:
    """The address of one more empty database."""
    name = await postgres.create(migrated)
    yield postgres.url(name)
    await postgres.drop(name)


@pytest.fixture
async def cells(database: str, other: str) -> AsyncIterator[list[Store]]:
    """Two cells with one directory, whose accounts have other ids in the second."""
    stores = [await open_database(Place(Path(), url)) for url in (database, other)]
    await apply(stores[0], DIRECTORY, NOW)
    for number, store in enumerate(stores, start=1):
        assert store.cells is not None
        await store.cells.number(number)
    await apply(stores[1], DIRECTORY, NOW)
    yield stores
    for store in stores:
        await store.close()


async def no_switch() -> None:
    pass


async def move(source: str, target: str, switch: Callable[[], Awaitable[None]] = no_switch) -> MovedAway:
    tell = list[str]().append
    async with opened(source) as one, opened(target) as two:
        account = MovedAccount(RICH, "rich")
        return await AccountMover(one, two, account, switch, tell, time.monotonic).run("m")


def noted(message_id: int, **more: object) -> NewMessage:
    return a_message(message_id, notify=BOTH, lane=LANE, **more)


async def rows(database: str, sql: str) -> list[tuple[object, ...]]:
    db = await asyncpg.connect(database, server_settings={"search_path": "aldis"})
    try:
        return [tuple(row) for row in await db.fetch(sql)]
    finally:
        await db.close()


#: by table, rows that are about messages of the account
ALL = """
SELECT 'message', count(*) FROM message WHERE account_id = 1 UNION ALL
SELECT 'queue', count(*) FROM queue UNION ALL SELECT 'sent', count(*) FROM sent UNION ALL
SELECT 'ended', count(*) FROM ended UNION ALL SELECT 'segment', count(*) FROM segment UNION ALL
SELECT 'key', count(*) FROM duplicate_key UNION ALL SELECT 'pending', count(*) FROM pending_postback UNION ALL
SELECT 'told', count(*) FROM told UNION ALL SELECT 'tries', count(*) FROM postback_try UNION ALL
SELECT 'leaving', count(*) FROM leaving_message UNION ALL SELECT 'moves', count(*) FROM account_move"""


async def counts(database: str) -> dict[object, object]:
    return {table: count for table, count in await rows(database, ALL) if count}


async def filled(store: Store) -> None:
    """One waits, one is with the carrier, one has ended and was told; one of another account waits."""
    await settle_sent(store, noted(11), ("A11",))
    await store.receipts.record([Receipt("link", "A11", ReceiptState.DELIVERED, "", "", NOW + 1, "")])
    due = await store.postbacks.due(LANE, 10, NOW + 2)
    result = PostbackResult(due[0].postback_id, NOW + 3, 200, "", None, True)
    await store.postbacks.finish([result])
    due = await store.postbacks.due(LANE, 10, NOW + 2)
    await store.postbacks.finish([PostbackResult(due[0].postback_id, NOW + 4, 500, "", None, False)])
    await settle_sent(store, noted(12), ("A12",))
    await accept(store, noted(13, reference="r13", duplicate_scope="s"))
    await accept(store, a_message(14, account_id=POSTPAID))
    await lapse(store)


async def test_all_that_an_account_has_and_owes_is_there_and_works_on(
    cells: list[Store], database: str, other: str
) -> None:
    here, there = cells
    await filled(here)
    before = await money(here)
    has = await counts(database)
    moved = await move(database, other)
    assert moved.queued == 1
    assert await counts(database) == {"queue": 1}
    assert await counts(other) == has | {"queue": 1}
    assert await money(there) == before
    assert await money(here) == (1_000_000, 0, 0)
    states = [await state_of(there, number) for number in (11, 12, 13)]
    assert states == [State.DELIVERED, State.SENT, State.QUEUED]
    assert await state_of(here, 14) is State.QUEUED
    await there.receipts.record([Receipt("link", "A12", ReceiptState.DELIVERED, "", "", NOW + 9, "")])
    assert await state_of(there, 12) is State.DELIVERED
    events = [(each.event, each.message.message_id) for each in await there.postbacks.due(LANE, 10, NOW + 9)]
    assert events == [("sent", 12)]
    again = noted(15, reference="r13", duplicate_scope="s")
    refused = await there.admission.accept(Acceptance(RICH, prepaid=True, messages=(again,)))
    assert refused is not None
    assert refused.reason is RefusalReason.DUPLICATE
    await settle_sent(there, noted(16), ("A16",))
    assert (await money(there))[1:] == (before[1], before[2] + 50_000)


async def wait_for(condition: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(20):
        while not await condition():
            await asyncio.sleep(0.005)


async def killed_at(lock: str, where: str, source: str, target: str) -> None:
    """Begin to move, and end the mover's connections as a kill does where it waits for a lock."""
    holding = await asyncpg.connect(where, server_settings={"search_path": "aldis"})
    task = asyncio.create_task(move(source, target))
    try:
        async with holding.transaction():
            await holding.execute(lock)
            waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            await wait_for(lambda: holding.fetchval(waits))
            end = """
                SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE application_name = 'aldis migrate moving'"""
            await holding.fetchval(end)
            with pytest.raises(StoreUnavailable):
                await task
    finally:
        await holding.close()


@pytest.mark.parametrize(
    ("lock", "is_there", "state"),
    [
        ("LOCK TABLE segment IN SHARE MODE", True, "copying"),
        ("LOCK TABLE purse IN SHARE MODE", False, "leaving"),
        ("LOCK TABLE gateway IN SHARE MODE", False, "closed"),
        ("LOCK TABLE sent IN SHARE MODE", True, "left"),
        ("LOCK TABLE parked_receipt, content_use IN SHARE MODE", False, "left"),
    ],
)
async def test_a_mover_that_is_killed_goes_on(
    cells: list[Store], database: str, other: str, lock: str, state: str, *, is_there: bool
) -> None:
    here, there = cells
    await filled(here)
    before, has = await money(here), await counts(database)
    await killed_at(lock, other if is_there else database, database, other)
    assert await rows(database, "SELECT state FROM account_move") == [(state,)]
    await move(database, other)
    assert await counts(database) == {"queue": 1}
    assert await counts(other) == has | {"queue": 1}
    assert await money(there) == before
    assert (await money(here), await money(here, POSTPAID)) == ((1_000_000, 0, 0), (-50_000, 50_000, 0))
    await settle_sent(there, noted(16), ("A16",))


async def test_who_gives_it_up_has_all_as_it_was(cells: list[Store], database: str, other: str) -> None:
    here, there = cells
    await filled(here)
    before, has = await money(here), await counts(database)
    await killed_at("LOCK TABLE gateway IN SHARE MODE", database, database, other)
    await abandon(database, other)
    assert await counts(database) == has
    assert await counts(other) == {}
    assert await money(here) == before
    await settle_sent(here, noted(16), ("A16",))
    with pytest.raises(SettingsError, match="is not being moved"):
        await abandon(database, other)
    await move(database, other)
    assert await state_of(there, 16) is State.SENT


async def abandon(source: str, target: str) -> None:
    async with opened(source) as one, opened(target) as two:
        account = MovedAccount(RICH, "rich")
        await AccountMover(one, two, account, no_switch, print, time.monotonic).abandon()


async def test_one_that_has_left_cannot_be_given_up(cells: list[Store], database: str, other: str) -> None:
    await filled(cells[0])
    await killed_at("LOCK TABLE sent IN SHARE MODE", other, database, other)
    with pytest.raises(SettingsError, match="the move can only be completed"):
        await abandon(database, other)


async def test_while_it_is_closed_it_is_unavailable_and_others_are_not(
    cells: list[Store], database: str, other: str
) -> None:
    here = cells[0]
    await filled(here)
    await killed_at("LOCK TABLE gateway IN SHARE MODE", database, database, other)
    directory = await here.directory.load()
    assert (set(directory.leaving), set(directory.closed)) == ({RICH}, {RICH})
    several = [
        here.admission.accept(
            Acceptance(account, prepaid=False, messages=(a_message(number, account_id=account),))
        )
        for account, number in ((RICH, 21), (POSTPAID, 22), (RICH, 23), (POSTPAID, 24))
    ]
    reasons = [refusal.reason if refusal else None for refusal in await asyncio.gather(*several)]
    assert reasons == [RefusalReason.UNAVAILABLE, None, RefusalReason.UNAVAILABLE, None]
    before = await money(here)
    await apply(here, DIRECTORY.replace("1.00", "2.00"), NOW)
    assert (await money(here))[0] == before[0] + 1_000_000
    await move(database, other)
    assert (await money(cells[1]))[0] == before[0] + 1_000_000
    refused = await here.admission.accept(Acceptance(RICH, prepaid=False, messages=(a_message(25),)))
    assert refused is not None
    assert refused.reason is RefusalReason.UNAVAILABLE


async def test_what_a_late_receipt_says_after_it_has_left_comes_along(
    cells: list[Store], database: str, other: str
) -> None:
    here, there = cells
    await settle_sent(here, noted(11), ("A11",))
    await here.maintenance.expire(await own_maintenance(here), 10, NOW + 10**9, 1000)
    for due in await here.postbacks.due(LANE, 10, NOW + 10**9):
        await here.postbacks.finish([PostbackResult(due.postback_id, NOW + 3, 200, "", None, True)])
    for due in await here.postbacks.due(LANE, 10, NOW + 10**9):
        await here.postbacks.finish([PostbackResult(due.postback_id, NOW + 3, 200, "", None, True)])
    assert await state_of(here, 11) is State.UNCONFIRMED
    await lapse(here)

    async def receipt() -> None:
        await here.receipts.record([Receipt("link", "A11", ReceiptState.DELIVERED, "", "", NOW + 10**9, "")])

    await move(database, other, receipt)
    assert await state_of(there, 11) is State.DELIVERED
    (due,) = await there.postbacks.due(LANE, 10, NOW + 10**9)
    assert (due.event, due.state) == ("ended", State.DELIVERED)
    assert await counts(database) == {}


async def test_jobs_and_messages_from_handsets_come_along(
    cells: list[Store], database: str, other: str
) -> None:
    here, there = cells
    job_id = await a_job(here)
    await here.inbound.record(heard(an_inbound(31, account_id=RICH, lane=LANE)))

    async def another() -> None:
        """A gateway that does not know yet takes one more."""
        await here.inbound.record(heard(an_inbound(32, account_id=RICH, lane=LANE)))

    await move(database, other, another)
    job = await there.bulk.job(job_id)
    assert job is not None
    assert (job.state, job.total, job.why) == (JobState.RUNNING, 3, "")
    assert len(await there.bulk.rows(job_id, 0, 10)) == 3
    assert await here.bulk.job(job_id) is None
    assert await rows(database, "SELECT 1 FROM bulk_row UNION ALL SELECT 1 FROM inbound") == []
    due = await there.postbacks.due_inbound(LANE, 10, NOW + 10**9)
    assert [each.inbound.inbound_id for each in due] == [31, 32]


async def test_where_it_cannot_go_is_said_and_nothing_is_changed(
    cells: list[Store], database: str, other: str
) -> None:
    await filled(cells[0])
    has = await counts(database)
    db = await asyncpg.connect(other, server_settings={"search_path": "aldis"})
    await db.execute("UPDATE account SET name = 'poor' WHERE name = 'rich'")
    with pytest.raises(SettingsError, match="does not know rich"):
        await move(database, other)
    await db.execute("UPDATE account SET name = 'rich' WHERE name = 'poor'")
    await db.execute("INSERT INTO account (account_id, name) VALUES (1, 'else')")
    with pytest.raises(SettingsError, match="another account under the id of rich"):
        await move(database, other)
    await db.execute("UPDATE purse SET spent = 1")
    with pytest.raises(SettingsError, match="has money or messages of rich already"):
        await move(database, other)
    await db.close()
    assert await counts(database) == has


async def test_it_comes_back(cells: list[Store], database: str, other: str) -> None:
    here, there = cells
    await filled(here)
    has = await counts(database)
    await move(database, other)
    await settle_sent(there, noted(2**40), ("A40",))
    await lapse(there)
    before = await money(there)
    await move(other, database)
    assert await money(here) == before
    assert await state_of(here, 2**40) is State.SENT
    assert (await counts(database)).keys() == has.keys()
    assert await counts(other) == {}


async def test_who_writes_for_long_keeps_nobody_else_waiting(
    cells: list[Store], database: str, other: str
) -> None:
    await filled(cells[0])
    db = await asyncpg.connect(database, server_settings={"search_path": "aldis"})
    waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'gateway'::regclass"
    async with db.transaction():
        await db.execute("LOCK TABLE gateway IN ROW EXCLUSIVE MODE")
        task = asyncio.create_task(move(database, other))
        await wait_for(lambda: db.fetchval(waits))
        await wait_for(lambda: is_none(db, waits))  # it has given up
    await task
    await db.close()
    assert await state_of(cells[1], 12) is State.SENT


async def is_none(db: asyncpg.Connection, sql: str) -> bool:
    return not await db.fetchval(sql)


async def test_the_doctor_names_it_and_the_store_moves_as_a_whole_only_before_or_after(
    cells: list[Store], database: str, other: str, tmp_path: Path
) -> None:
    await filled(cells[0])
    await killed_at("LOCK TABLE gateway IN SHARE MODE", database, database, other)
    seen = await look_over(database, FakeClock(), is_deep=True)
    assert seen.found == "ok"
    (remark,) = [each for each in seen.remarks if each.says.startswith("account rich")]
    assert remark.says.endswith("and nothing is accepted for it")
    arriving = await look_over(other, FakeClock(), is_deep=True)
    assert (arriving.found, "account rich moves from" in str(arriving.remarks)) == ("ok", True)
    with pytest.raises(SettingsError, match="account rich moves to or from"):
        await move_store(database, "sqlite:///back.db", tmp_path, print)


async def test_a_receipt_that_came_between_finds_its_message(
    cells: list[Store], database: str, other: str
) -> None:
    here, there = cells
    await filled(here)

    await there.receipts.record([Receipt("link", "A17", ReceiptState.DELIVERED, "", "", NOW + 9, "")])
    newest = await there.receipts.unreviewed(["link"])
    await there.receipts.review(ReviewedRange("link", newest["link"], NOW + 10))
    await settle_sent(here, noted(17), ("A17",))
    await lapse(here)

    async def receipt() -> None:
        early = await here.receipts.record(
            [Receipt("link", "A12", ReceiptState.DELIVERED, "", "", NOW + 9, "")]
        )
        assert early.early == 1

    await move(database, other, receipt)
    newest = await there.receipts.unreviewed(["link"])
    await there.receipts.review(ReviewedRange("link", newest["link"], NOW + 10))
    assert [await state_of(there, number) for number in (12, 17)] == [State.DELIVERED] * 2
    assert await rows(database, "SELECT 1 FROM parked_receipt") == []
