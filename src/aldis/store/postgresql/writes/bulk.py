"""The writes of sending to many."""

from __future__ import annotations

from collections.abc import Iterable

import asyncpg
import msgspec

from aldis.store.contract.bulk import AddJob, AddRows, BulkChange, MoveJob, PurgeJobs, SettleRows
from aldis.store.postgresql.engine.operations import operation_on_each
from aldis.store.postgresql.engine.texts import all_escaped, escaped
from aldis.store.postgresql.writes import auditing, ownership
from aldis.traffic.bulk import MOVES, JobState

_ENDED = frozenset({JobState.DONE, JobState.CANCELLED})

_ADD = """
INSERT INTO bulk_job (name, account, made_by, made_at, columns, mapping, state, key, fingerprint)
VALUES ($1, $2, $3, $4, $5, $6, 'filling', $7, $8)
ON CONFLICT (account, key) WHERE key <> '' DO NOTHING RETURNING job_id"""
#: the index has those with a key, and a plan for all values must be told so
_KNOWN = "SELECT job_id, fingerprint FROM bulk_job WHERE account = $1 AND key = $2 AND key <> ''"
_MAKE_ROOM = """
UPDATE bulk_job SET total = total + $1 WHERE job_id = $2 AND total = $3 AND state = 'filling'
RETURNING job_id"""
_LOCK = "SELECT state, reached = total, mapping FROM bulk_job WHERE job_id = $1 FOR UPDATE"
_MOVE = "UPDATE bulk_job SET state = $1, mapping = $2, why = $3, ended_at = $4 WHERE job_id = $5"
_SETTLE = """
WITH told AS (
    UPDATE bulk_row r SET message_id = outcome.message_id, fault = outcome.fault
    FROM unnest($2::bigint[], $3::bigint[], $4::text[]) outcome (number, message_id, fault)
    WHERE r.job_id = $1 AND r.number = outcome.number AND r.message_id = 0 AND r.fault = ''
    RETURNING r.message_id <> 0 AS is_accepted),
counted AS (
    SELECT count(*) FILTER (WHERE is_accepted) AS accepted, count(*) FILTER (WHERE NOT is_accepted) AS refused
    FROM told)
UPDATE bulk_job SET
    accepted = bulk_job.accepted + counted.accepted, refused = bulk_job.refused + counted.refused,
    reached = greatest(reached, $5),
    state = CASE WHEN state = 'running' AND $5 >= total THEN 'done' ELSE state END,
    ended_at = CASE WHEN state = 'running' AND $5 >= total THEN $6 ELSE ended_at END
FROM counted WHERE job_id = $1 RETURNING counted.accepted + counted.refused"""
_OLDEST_ENDED = """
SELECT job_id FROM bulk_job WHERE ended_at > 0 AND ended_at < $1 ORDER BY job_id LIMIT 1"""
_FORGET_ROWS = """
WITH gone AS (
    DELETE FROM bulk_row WHERE job_id = $1 AND number IN (
        SELECT number FROM bulk_row WHERE job_id = $1 ORDER BY number LIMIT $2)
    RETURNING number)
SELECT count(*) FROM gone"""


@operation_on_each
async def carry_out(db: asyncpg.Connection, change: BulkChange) -> int:
    """Carry out a change."""
    match change:
        case AddJob():
            return await _add_job(db, change)
        case AddRows():
            return await _add_rows(db, change)
        case MoveJob():
            return await _move(db, change)
        case SettleRows():
            return await _settle(db, change)
        case PurgeJobs(before, limit):
            return await _forget(db, before, limit)


async def _add_job(db: asyncpg.Connection, change: AddJob) -> int:
    key, mapping = escaped(change.key), msgspec.json.encode(change.mapping).decode()
    made = (escaped(change.name), change.account, change.made_by, change.made_at)
    job_id: int | None = await db.fetchval(
        _ADD, *made, _as_json(change.columns), mapping, key, change.fingerprint
    )
    if job_id is None:
        known = await db.fetchrow(_KNOWN, change.account, key)
        return int(known[0]) if known is not None and known[1] == change.fingerprint else 0
    await auditing.note(db, [msgspec.structs.replace(change.entry, subject=f"bulk {job_id}")])
    return job_id


async def _add_rows(db: asyncpg.Connection, change: AddRows) -> int:
    if await db.fetchval(_MAKE_ROOM, len(change.rows), change.job_id, change.after) is None:
        return 0
    rows = [
        (change.job_id, number, _as_json(cells))
        for number, cells in enumerate(change.rows, start=change.after + 1)
    ]
    await db.copy_records_to_table("bulk_row", records=rows, columns=("job_id", "number", "cells"))
    return len(rows)


async def _move(db: asyncpg.Connection, change: MoveJob) -> int:
    """Write where a job stands from now on; one without waiting rows that is to run is done at once."""
    row = await db.fetchrow(_LOCK, change.job_id)
    if row is None or JobState(row[0]) not in MOVES.get(change.to, ()):
        return 0
    state = JobState.DONE if change.to is JobState.RUNNING and row[1] else change.to
    mapping = row[2] if change.mapping is None else msgspec.json.encode(change.mapping).decode()
    ended_at = change.now if state in _ENDED else 0
    await db.execute(_MOVE, state, mapping, escaped(change.why), ended_at, change.job_id)
    if change.entry is not None:
        await auditing.note(db, [change.entry])
    return 1


async def _settle(db: asyncpg.Connection, change: SettleRows) -> int:
    await ownership.check(db, [change.lease])
    numbers = [outcome.number for outcome in change.outcomes]
    ids = [outcome.message_id for outcome in change.outcomes]
    faults = all_escaped([outcome.fault for outcome in change.outcomes])
    settled = await db.fetchval(_SETTLE, change.job_id, numbers, ids, faults, change.reached, change.now)
    return int(settled or 0)


async def _forget(db: asyncpg.Connection, before: int, limit: int) -> int:
    job_id = await db.fetchval(_OLDEST_ENDED, before)
    if job_id is None:
        return 0
    if count := await db.fetchval(_FORGET_ROWS, job_id, limit):
        return int(count)
    await db.execute("DELETE FROM bulk_job WHERE job_id = $1", job_id)
    return 1


def _as_json(texts: Iterable[str]) -> str:
    """Write a list as JSON, which spells a NUL in characters that every column takes."""
    return msgspec.json.encode(list(texts)).decode()
