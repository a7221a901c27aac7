"""The writes of postbacks: what became of tries."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from aldis.store.contract.outbox import EndedWebhook
from aldis.store.memory.postback_cache import PostbackCache
from aldis.store.sqlite.engine.operations import operation
from aldis.store.sqlite.engine.rows import as_json, for_each, for_found
from aldis.traffic.postback import PostbackResult

_FINISH = """
WITH result (postback_id, tried_at, status, fault, due_at, done) AS (VALUES {rows})
UPDATE postback
SET attempts = attempts + 1, last_tried_at = r.tried_at, last_status = r.status, last_fault = r.fault,
    due_at = r.due_at, done = r.done
FROM result r WHERE postback.postback_id = r.postback_id
"""


@operation(owes=PostbackCache.note_finished)
def finish(db: apsw.Connection, batches: list[Sequence[PostbackResult]]) -> list[None]:
    """Write tries."""
    rows = [
        (r.postback_id, r.tried_at, r.http_status, r.fault, r.due_at, int(r.done))
        for results in batches
        for r in results
    ]
    for_found(db, _FINISH, rows)
    told = [
        (r.postback_id, r.tried_at, r.http_status, r.fault, r.answer)
        for results in batches
        for r in results
        if not r.done or r.answer
    ]
    if told:
        for_each(db, "INSERT OR REPLACE INTO postback_try VALUES {rows}", told)
    return [None] * len(batches)


@operation()
def end_webhooks(db: apsw.Connection, items: list[EndedWebhook]) -> list[None]:
    """Note that webhooks have ended; the first time counts."""
    rows = [(item.account_id, item.url, item.ended_at) for item in items]
    for_each(db, "INSERT OR IGNORE INTO ended_webhook VALUES {rows}", rows)
    return [None] * len(items)


def purge_tries(db: apsw.Connection, message_ids: Sequence[int]) -> None:
    """Forget the tries of postbacks about messages that are about to be forgotten."""
    sql = """DELETE FROM postback_try WHERE postback_id IN (
                 SELECT postback_id FROM postback WHERE message_id IN (SELECT value FROM json_each(?)))"""
    db.execute(sql, (as_json(message_ids),))
