"""The writes that make postbacks due once more. Each shares its transaction with its audit entry."""

from __future__ import annotations

from collections.abc import Sequence

import apsw
import msgspec

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.outbox import PostbackFilter, Replayed
from aldis.store.memory.postback_cache import PostbackCache
from aldis.store.sqlite.engine.operations import operation_on_each
from aldis.store.sqlite.engine.rows import as_json, every
from aldis.store.sqlite.reads import postback_listing
from aldis.store.sqlite.writes import auditing


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


def _drop_cache(cache: PostbackCache, _item: object) -> None:
    """Have the file asked: these are old rows, of which no transaction tells."""
    cache.forget()


@operation_on_each(owes=_drop_cache)
def replay(db: apsw.Connection, item: Replay) -> int:
    """Make postbacks due; returns how many there were."""
    return _replay(db, item.postback_ids, item.now, item.entry)


#: whoever replays a postback wants its account's webhooks tried
_OPEN_AGAIN = """
DELETE FROM ended_webhook WHERE account_id IN (
    SELECT iif(p.event = 'inbound', i.account_id, m.account_id) FROM json_each(?) CROSS JOIN postback p
        ON p.postback_id = value
    LEFT JOIN message m ON m.message_id = p.message_id AND p.event <> 'inbound'
    LEFT JOIN inbound i ON i.inbound_id = p.message_id AND p.event = 'inbound')
"""


def _replay(db: apsw.Connection, postback_ids: Sequence[int], now: int, entry: AuditEntry) -> int:
    sql = """UPDATE postback SET due_at = ?, done = 0, attempts = 0
             WHERE postback_id IN (SELECT value FROM json_each(?))"""
    db.execute(sql, (now, as_json(postback_ids)))
    count = db.changes()
    if count:
        db.execute(_OPEN_AGAIN, (as_json(postback_ids),))
        auditing.write(db, msgspec.structs.replace(entry, detail=f"{entry.detail} {count} postbacks".strip()))
    return count


_LATER = """
SELECT postback_id FROM postback INDEXED BY postback_due
WHERE lane = ? AND due_at IS NOT NULL AND due_at > ? AND ? IN ('', event) ORDER BY due_at LIMIT ?
"""


@operation_on_each(owes=_drop_cache)
def try_now(db: apsw.Connection, item: TryNow) -> int:
    """Make due what is due later, lane by lane."""
    wanted, ids = item.wanted, list[int]()
    for lane in postback_listing.lanes_wanted(db, wanted):
        if len(ids) == item.limit:
            break
        bindings = (lane, item.now, wanted.event, item.limit - len(ids))
        ids += [postback_id for (postback_id,) in every(db, _LATER, bindings)]
    return _replay(db, ids, item.now, item.entry)


@operation_on_each(owes=_drop_cache)
def replay_dead_letters(db: apsw.Connection, item: ReplayDeadLetters) -> Replayed:
    """Make dead letters due, in the order of their ids."""
    where, bindings = postback_listing.dead_letters_sql(item.wanted)
    sql = f"{postback_listing.DEAD_LETTERS} WHERE {where} AND p.postback_id > ? ORDER BY 1 LIMIT ?"
    ids = [row[0] for row in every(db, sql, (*bindings, item.after, item.limit))]
    count = _replay(db, ids, item.now, item.entry)
    return Replayed(count, ids[-1] if len(ids) == item.limit else 0)
