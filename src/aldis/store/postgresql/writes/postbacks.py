"""The writes of postbacks: what became of tries."""

from __future__ import annotations

import asyncpg
import msgspec

from aldis.store.contract.outbox import EndedWebhook
from aldis.store.contract.ownership import Lease
from aldis.store.postgresql.engine.operations import operation
from aldis.store.postgresql.engine.texts import escaped
from aldis.store.postgresql.writes import ownership
from aldis.store.postgresql.writes.owing import note_free
from aldis.traffic.postback import PostbackResult

#: gives the postbacks that were behind those that are not pending any more
_FINISH = """
WITH result AS (
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::text[], $5::bigint[], $6::boolean[])
        AS r (postback_id, tried_at, status, fault, due_at, done)
), again AS (
    UPDATE pending_postback p SET attempts = p.attempts + 1, last_tried_at = r.tried_at,
        last_status = r.status, last_fault = r.fault, due_at = r.due_at
    FROM result r WHERE p.postback_id = r.postback_id AND r.due_at IS NOT NULL
), gone AS (
    DELETE FROM pending_postback p USING result r
    WHERE p.postback_id = r.postback_id AND r.due_at IS NULL
    RETURNING p.postback_id, p.message_id, p.lane, p.event, p.state, p.error_code, p.happened_at, r.done,
        p.attempts + 1, r.tried_at, r.status, r.fault
), moved AS (
    INSERT INTO told (postback_id, message_id, lane, event, state, error_code, happened_at, done, attempts,
        last_tried_at, last_status, last_fault)
    SELECT * FROM gone
)
SELECT p.postback_id FROM gone JOIN pending_postback p
    ON p.message_id = gone.message_id AND p.postback_id > gone.postback_id
"""
_KEEP_TRIES = """
INSERT INTO postback_try (postback_id, tried_at, status, fault, answer)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::text[], $5::text[])
ON CONFLICT (postback_id, tried_at) DO UPDATE
SET status = EXCLUDED.status, fault = EXCLUDED.fault, answer = EXCLUDED.answer
"""
_END_WEBHOOKS = """
INSERT INTO ended_webhook (account_id, url, ended_at)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[]) ORDER BY 1, 2 ON CONFLICT DO NOTHING
"""


class Finish(msgspec.Struct, frozen=True):
    """What became of tries, and the leases of their slots."""

    results: tuple[PostbackResult, ...]
    leases: tuple[Lease, ...]


class End(msgspec.Struct, frozen=True):
    """A webhook that has ended, and the leases under which that was heard."""

    webhook: EndedWebhook
    leases: tuple[Lease, ...]


@operation()
async def finish(db: asyncpg.Connection, items: list[Finish]) -> list[None]:
    """Write tries; of two at one postback the last."""
    await ownership.check(db, [lease for item in items for lease in item.leases])
    last = {result.postback_id: result for item in items for result in item.results}
    rows = [
        (r.postback_id, r.tried_at, r.http_status, escaped(r.fault), r.due_at, r.done)
        for _, r in sorted(last.items())
    ]
    if rows:
        note_free(row[0] for row in await db.fetch(_FINISH, *zip(*rows, strict=True)))
    tries = {
        (r.postback_id, r.tried_at): (r.http_status, escaped(r.fault), escaped(r.answer))
        for item in items
        for r in item.results
        if not r.done or r.answer
    }
    if tries:
        kept = [(*key, *said) for key, said in sorted(tries.items())]
        await db.execute(_KEEP_TRIES, *zip(*kept, strict=True))
    return [None] * len(items)


@operation()
async def end_webhooks(db: asyncpg.Connection, items: list[End]) -> list[None]:
    """Note that webhooks have ended; the first time counts."""
    await ownership.check(db, [lease for item in items for lease in item.leases])
    ended = [item.webhook for item in items]
    rows = [(each.account_id, escaped(each.url), each.ended_at) for each in ended]
    await db.execute(_END_WEBHOOKS, *zip(*rows, strict=True))
    return [None] * len(items)
