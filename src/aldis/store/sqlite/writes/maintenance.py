"""The writes of maintenance: end what waited too long, move what waits for a link that is down, forget
what is old.
"""

from __future__ import annotations

from collections.abc import Sequence

import apsw
import msgspec

from aldis.store.contract.maintenance import Purged
from aldis.store.contract.ownership import Lease
from aldis.store.rules.endings import Ending
from aldis.store.rules.maintenance import EARLY_MS, REFUSED_MS, Reviewed, look_at
from aldis.store.sqlite.engine.operations import operation_on_each
from aldis.store.sqlite.engine.rows import as_json, each_alone, every, for_each, for_found, may, whole
from aldis.store.sqlite.writes import endings, ownership, poison, postbacks, recipients
from aldis.traffic.states import Event, State


class Purge(msgspec.Struct, frozen=True):
    """Which messages to look at, and since when they are old."""

    limit: int
    before: int
    after: int


class Expire(msgspec.Struct, frozen=True):
    """Which deadlines to look at."""

    lease: Lease
    limit: int
    now: int
    #: how long a sent message waits for its receipt
    patience_ms: int
    #: claimed by senders
    in_hand: frozenset[int]


_LATER = """
WITH later (message_id, review_at) AS (VALUES {rows})
UPDATE message SET review_at = later.review_at FROM later WHERE message.message_id = later.message_id
"""


#: the oldest have the lowest keys: what is young is not looked at
_FORGET_EARLY = """
DELETE FROM parked_receipt WHERE received_at <= ? AND receipt_id IN (
    SELECT receipt_id FROM parked_receipt ORDER BY receipt_id LIMIT 1000)
"""


@operation_on_each()
def expire(db: apsw.Connection, item: Expire) -> int:
    """End messages whose deadline has passed; look at the others again when it may have."""
    ownership.check(db, [item.lease])
    sql = f"""SELECT message_id, state, expires_at, sent_at, doubts FROM message
              WHERE review_at <= ? AND {whole()} ORDER BY review_at LIMIT ?"""  # noqa: S608 - a constant
    now = item.now
    unsent: list[Ending] = []
    sent: list[Ending] = []
    later: list[tuple[int, int]] = []
    for message_id, state, *rest in every(db, sql, (now, item.limit)):
        message = Reviewed(message_id, State(state), *rest)
        verdict = look_at(message, now, item.patience_ms, item.in_hand)
        if isinstance(verdict, int):
            later.append((message_id, verdict))
        else:
            (sent if message.state is State.SENT else unsent).append(verdict)
    refused = each_alone(db, endings.end_unsent, unsent) + each_alone(db, endings.end_sent, sent)
    poison.set_aside(db, [ending.message_id for ending in refused], now)
    later += [(ending.message_id, now + REFUSED_MS) for ending in refused]
    each_alone(db, lambda inner, rows: for_found(inner, _LATER, rows), later)
    db.execute(_FORGET_EARLY, (now - EARLY_MS,))
    return len(unsent) + len(sent) - len(refused)


class Move(msgspec.Struct, frozen=True, array_like=True):
    """One message, where it is to go, and where it may go after that: JSON."""

    message_id: int
    link: str
    backups: str


_MOVE = f"""
WITH diverted (message_id, link, backups) AS (VALUES {{rows}})
UPDATE message SET link = diverted.link, backups = diverted.backups
FROM diverted WHERE message.message_id = diverted.message_id AND {may(Event.CLAIMED)}
"""  # noqa: S608 - the table's states


class Moves(msgspec.Struct, frozen=True):
    """Messages that move together."""

    lease: Lease
    moves: tuple[Move, ...]


@operation_on_each()
def move(db: apsw.Connection, item: Moves) -> None:
    """Move messages that nobody has in hand, nor will have before this is done."""
    ownership.check(db, [item.lease])
    for_each(db, _MOVE, [msgspec.structs.astuple(each) for each in item.moves])


@operation_on_each()
def purge(db: apsw.Connection, item: Purge) -> Purged:
    """Forget old messages; one that still owes a postback stays until that is done or a dead letter, and one
    whose row refuses it stays.
    """
    sql = """SELECT message_id, accepted_at <= ?1,
                    ended_at > 0 AND ended_at <= ?1 AND NOT EXISTS (
                        SELECT 1 FROM postback p WHERE p.message_id = m.message_id AND p.due_at IS NOT NULL)
             FROM message m WHERE message_id > ?2 ORDER BY message_id LIMIT ?3"""
    rows = every(db, sql, (item.before, item.after, item.limit))
    ids = [message_id for message_id, _, may_go in rows if may_go]
    refused = each_alone(db, _forget, ids)
    is_end = len(rows) < item.limit or not rows[-1][1]
    return Purged(len(ids) - len(refused), 0 if is_end else rows[-1][0])


def _forget(db: apsw.Connection, ids: Sequence[int]) -> None:
    recipients.forget(db, ids)
    postbacks.purge_tries(db, ids)
    for table in ("message", "segment", "late_answer", "poison_message", "postback", "content_use"):
        sql = f"DELETE FROM {table} WHERE message_id IN (SELECT value FROM json_each(?))"  # noqa: S608 - six names
        db.execute(sql, (as_json(ids),))
