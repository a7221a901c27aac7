"""A large submission of which a part is stored: nobody sees it, few rows are written at a time, and what a crash leaves
is removed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import apsw
import msgspec
import pytest

from aldis.errors import StoreUnavailable
from aldis.stages.sending.shares import share
from aldis.store.contract.admission import Acceptance
from aldis.store.contract.events import EventPosition
from aldis.store.contract.search import Grouping, MessageFilter
from aldis.store.contract.store import Store
from aldis.store.sqlite.engine.connection import open_to_keep
from aldis.store.sqlite.engine.rows import one
from aldis.store.sqlite.stores.admission import SqliteAdmission
from aldis.store.sqlite.writes import staging
from aldis.store.sqlite.writes.staging import PIECE, StagedAcceptance, StagedMessages
from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource
from aldis.traffic.refusal import RefusalReason
from aldis.traffic.states import State
from tests.backends import apply, open_store, own, own_maintenance
from tests.store.building import NOW, POSTPAID, a_message, accept
from tests.store.conftest import DIRECTORY

FIRST, COUNT = 1000, 3 * PIECE
ACCEPTANCE = StagedAcceptance(FIRST, COUNT, POSTPAID, False, 0, (), None)
LONG_AFTER = NOW + 10**9


def a_part(start: int, count: int = PIECE) -> StagedMessages:
    first = a_message(FIRST, account_id=POSTPAID, reference="r", label="spring", backups='["other"]')
    messages = [
        msgspec.structs.replace(first, message_id=start + number, recipient=f"4477{number:08d}")
        for number in range(count)
    ]
    return StagedMessages(FIRST, tuple(messages))


async def call(store: Store, operation: Any, item: Any) -> Any:
    return await cast("SqliteAdmission", store.admission).writer.call(operation, item)


async def seen(store: Store) -> list[object]:
    """Give what every reader finds."""
    search, queries = store.search, store.queries
    filters = (
        MessageFilter(),
        MessageFilter(message_id=FIRST),
        MessageFilter(reference="r"),
        MessageFilter(number="447700000000"),
        MessageFilter(label="spring", account_id=POSTPAID),
        MessageFilter(states=(State.QUEUED,)),
    )
    return [
        *[await search.messages(each, 0, 2 * COUNT) for each in filters],
        await search.message(FIRST),
        await search.ahead("link", 0, LONG_AFTER, LONG_AFTER),
        [part async for part in search.recipients(0)],
        *[await search.sums(MessageFilter(), by, 10) for by in Grouping],
        await queries.submission(POSTPAID, "genesys", "r", 0, 2 * COUNT),
        await queries.usage(POSTPAID, 0, LONG_AFTER, None, 10),
        await queries.cancel(POSTPAID, "genesys", "r", 0),
        await store.metrics.backlog(),
        await store.metrics.count_by_state(),
        await store.events.after(EventPosition(0), LONG_AFTER, 2 * COUNT),
    ]


async def changed(store: Store) -> list[object]:
    """Give what everybody who looks for something to do finds."""
    lease = await own_maintenance(store)
    stop = ConsentChange("74700", "", "447700000001", ConsentKind.OPT_OUT, ConsentSource.HANDSET, "", NOW)
    await store.consent.change([stop])
    while await store.maintenance.index_recipients(10**6, 0):
        pass
    return [
        await store.maintenance.cancel_opted_out(lease, 10, NOW),
        await store.maintenance.fail_over(lease, "link", ["other"], 10, NOW),
        await store.maintenance.expire(lease, 10, LONG_AFTER, 1),
        await store.sending.claim(await own(store, "link"), 10, share, NOW),
    ]


async def test_nobody_sees_a_part_of_it(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    await apply(store, DIRECTORY, NOW)
    await accept(store, a_message(1, account_id=POSTPAID))
    before = await seen(store)
    await call(store, staging.stage, a_part(FIRST))
    await call(store, staging.stage, a_part(FIRST + PIECE))
    assert await seen(store) == before
    taken = msgspec.structs.replace(a_part(FIRST).messages[0], message_id=2, duplicate_scope="s")
    await accept(store, taken)  # whose reference is nobody's yet
    await call(store, staging.stage, a_part(FIRST + 2 * PIECE))
    assert await call(store, staging.accept_staged, ACCEPTANCE) is None
    assert await store.metrics.count_by_state() == {State.QUEUED: COUNT + 2}
    assert len(await store.queries.submission(POSTPAID, "genesys", "r", 0, 2 * COUNT)) == COUNT + 1
    await store.close()


async def test_nobody_works_on_a_part_of_it(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    await apply(store, DIRECTORY, NOW)
    await call(store, staging.stage, a_part(FIRST))
    assert await changed(store) == [0, 0, 0, []]
    page = await store.search.messages(MessageFilter(number="447700000001"), 0, 10)
    assert page.found == ()
    await store.close()


@pytest.fixture
def db(tmp_path: Path) -> apsw.Connection:
    db = open_to_keep(tmp_path / "aldis.db")
    db.execute("INSERT INTO account (account_id, name) VALUES (?, 'postpaid')", (POSTPAID,))
    return db


def rows(db: apsw.Connection) -> tuple[int, list[tuple[Any, ...]]]:
    return one(db, "SELECT count(*) FROM message"), db.execute(
        "SELECT first_id, last_id FROM staged_submission ORDER BY 1"
    ).fetchall()


def test_each_write_is_small(db: apsw.Connection) -> None:
    """Nobody waits for more than a piece, and least of all for the acceptance."""
    for number in range(3):
        before = db.total_changes()
        staging.stage(db, [a_part(FIRST + number * PIECE)])
        assert db.total_changes() - before == PIECE + 1
    assert rows(db) == (COUNT, [(FIRST, FIRST + COUNT - 1)])
    before = db.total_changes()
    assert staging.accept_staged(db, [ACCEPTANCE]) == [None]
    assert db.total_changes() - before == 1
    assert rows(db) == (COUNT, [])


def test_what_is_not_accepted_is_removed_piece_by_piece(db: apsw.Connection) -> None:
    staging.stage(db, [a_part(FIRST)])
    staging.stage(db, [a_part(FIRST + PIECE + 7)])  # the ids between are others'
    others = msgspec.structs.replace(a_part(FIRST + PIECE, 7), stage=FIRST + PIECE)
    staging.stage(db, [others])
    assert rows(db)[1] == [
        (FIRST, FIRST + PIECE - 1),
        (FIRST + PIECE, FIRST + PIECE + 6),
        (FIRST + PIECE + 7, FIRST + 2 * PIECE + 6),
    ]
    assert staging.remove(db, [FIRST]) == [True]
    assert staging.remove(db, [FIRST]) == [False]
    assert rows(db) == (7, [(FIRST + PIECE, FIRST + PIECE + 6)])
    assert staging.remove(db, [staging.ALL]) == [False]
    assert rows(db) == (0, [])


def test_what_is_not_all_there_is_not_accepted(db: apsw.Connection) -> None:
    staging.stage(db, [a_part(FIRST)])
    with pytest.raises(StoreUnavailable):
        staging.accept_staged(db, [ACCEPTANCE])


def test_a_refusal_leaves_it_unseen(db: apsw.Connection) -> None:
    staging.stage(db, [a_part(FIRST, COUNT)])
    poor = msgspec.structs.replace(ACCEPTANCE, prepaid=True, price=1)
    (refusal,) = staging.accept_staged(db, [poor])
    assert refusal is not None
    assert refusal.reason is RefusalReason.CREDIT_INSUFFICIENT
    assert rows(db)[1] == [(FIRST, FIRST + COUNT - 1)]


async def test_the_next_start_removes_what_a_crash_left(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    await apply(store, DIRECTORY, NOW)
    for number in range(2):
        await call(store, staging.stage, a_part(FIRST + number * PIECE))
    await store.close()
    store = open_store(tmp_path)
    await store.sending.recover_orphans(await own_maintenance(store), [], NOW)
    again = Acceptance(POSTPAID, False, a_part(FIRST, COUNT).messages)
    assert await store.admission.accept(again) is None  # under the same ids
    assert await store.metrics.count_by_state() == {State.QUEUED: COUNT}
    await store.close()
