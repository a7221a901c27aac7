"""The writes that make postbacks due once more. Each shares its transaction with its audit entry."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg
import msgspec

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.outbox import PostbackFilter, Replayed
from aldis.store.postgresql.engine.operations import operation_on_each
from aldis.store.postgresql.engine.texts import escaped
from aldis.store.postgresql.reads import postback_listing
from aldis.store.postgresql.writes import auditing


class Replay(msgspec.Struct, frozen=True):
    """Postbacks to be made due."""

    postback_ids: tuple[int, ...]
    now: int
    entry: AuditEntry


class TryNow(msgspec.Struct, frozen=True):
    """A batch of what is pending and due later."""

    wanted: PostbackFilter
    limit: int
    now: int
    entry: AuditEntry


class ReplayDeadLetters(msgspec.Struct, frozen=True):
    """A batch of dead letters."""

    wanted: PostbackFilter
    after: int
    limit: int
    now: int
    entry: AuditEntry


#: one statement sees each of them in one of the two tables
_REPLAY = """
WITH again AS (
    UPDATE pending_postback SET due_at = $2, attempts = 0 WHERE postback_id = ANY($1::bigint[])
    RETURNING postback_id
), gone AS (
    DELETE FROM told WHERE postback_id = ANY($1::bigint[])
    RETURNING postback_id, message_id, lane, event, state, error_code, happened_at, last_tried_at,
        last_status, last_fault
), moved AS (
    INSERT INTO pending_postback (postback_id, message_id, lane, event, state, error_code, happened_at,
        last_tried_at, last_status, last_fault, due_at)
    SELECT *, $2 FROM gone RETURNING postback_id
)
SELECT postback_id FROM again UNION ALL SELECT postback_id FROM moved
"""
#: whoever replays a postback wants its account's webhooks tried
_OPEN_AGAIN = f"""
DELETE FROM ended_webhook WHERE account_id IN (
    SELECT coalesce(m.account_id, i.account_id) FROM pending_postback p {postback_listing.ABOUT}
    WHERE p.postback_id = ANY($1::bigint[]))
"""  # noqa: S608 - a constant
_LATER = """
SELECT postback_id FROM pending_postback
WHERE lane = $1 AND due_at > $2 AND $3 IN ('', event) ORDER BY due_at LIMIT $4
"""


@operation_on_each
async def replay(db: asyncpg.Connection, item: Replay) -> int:
    """Make postbacks due; returns how many there were."""
    return await _replay(db, item.postback_ids, item.now, item.entry)


async def _replay(db: asyncpg.Connection, postback_ids: Sequence[int], now: int, entry: AuditEntry) -> int:
    found = [row[0] for row in await db.fetch(_REPLAY, sorted(postback_ids), now)]
    if found:
        await db.execute(_OPEN_AGAIN, found)
        detail = f"{entry.detail} {len(found)} postbacks".strip()
        await auditing.note(db, [msgspec.structs.replace(entry, detail=detail)])
    return len(found)


@operation_on_each
async def try_now(db: asyncpg.Connection, item: TryNow) -> int:
    """Make due what is due later, lane by lane."""
    wanted, ids = item.wanted, list[int]()
    for lane in await postback_listing.lanes_wanted(db, wanted):
        if len(ids) == item.limit:
            break
        bindings = (escaped(lane), item.now, wanted.event, item.limit - len(ids))
        ids += [row[0] for row in await db.fetch(_LATER, *bindings)]
    return await _replay(db, ids, item.now, item.entry)


@operation_on_each
async def replay_dead_letters(db: asyncpg.Connection, item: ReplayDeadLetters) -> Replayed:
    """Make dead letters due, in the order of their ids."""
    ids = await postback_listing.dead_letters_after(db, item.wanted, item.after, item.limit)
    count = await _replay(db, ids, item.now, item.entry)
    return Replayed(count, ids[-1] if len(ids) == item.limit else 0)
