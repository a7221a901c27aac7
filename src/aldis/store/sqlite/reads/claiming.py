"""What a link may claim: the messages that are due, most urgent first, and nobody has. Nothing is written."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import apsw
import msgspec

from aldis.store.contract.sending import Share
from aldis.store.memory.sending import Found
from aldis.store.sqlite.engine.rows import as_array, as_json, every, may, one, whole
from aldis.traffic.content import MMS, KeptPart, from_column
from aldis.traffic.message import ClaimedMessage
from aldis.traffic.states import Event, State

PRIORITIES = (3, 2, 1, 0)


# What a claim reads comes as one JSON text: a thread pays for each row that it steps to with a turn of the
# interpreter's lock.
_WAITING_IN = f"""
(SELECT json_group_array(message_id) FROM (
     SELECT message_id FROM message
     WHERE {may(Event.CLAIMED)} AND link = ?1 AND priority = {{}} AND due_at <= ?2 AND {whole()}
     ORDER BY due_at LIMIT ?3))
"""  # noqa: S608 - the table's states
_WAITING = f"SELECT {', '.join(map(_WAITING_IN.format, PRIORITIES))}"

_CHOSEN = """
SELECT json_group_array(json_array(
           m.message_id, m.sender, m.recipient, m.coding, hex(m.octets), m.segments, m.priority,
           m.attempts + 1, m.expires_at, m.doubts, iif(m.exempt, 0, EXISTS (
               SELECT 1 FROM opt_out o WHERE o.sender = m.sender AND o.msisdn = m.recipient))))
FROM json_each(?) chosen CROSS JOIN message m WHERE m.message_id = chosen.value AND m.expires_at > ?
"""

_IDS = msgspec.json.Decoder(list[int])
_ROWS = msgspec.json.Decoder(list[tuple[int, str, str, int, str, int, int, int, int, int, int]])


def claim(db: apsw.Connection, link: str, limit: int, share: Share, now: int, *, claimed: set[int]) -> Found:
    """Choose due messages that nobody has claimed; on any connection, writing nothing."""
    (lists,) = every(db, _WAITING, (link, now, limit + len(claimed)))
    waiting = {
        priority: [message_id for message_id in _IDS.decode(ids) if message_id not in claimed][:limit]
        for priority, ids in zip(PRIORITIES, lists, strict=True)
    }
    shares = share({priority: len(ids) for priority, ids in waiting.items()}, limit)
    chosen = [message_id for priority in PRIORITIES for message_id in waiting[priority][: shares[priority]]]
    return claim_these(db, chosen, now)


def claim_these(db: apsw.Connection, chosen: Sequence[int], now: int) -> Found:
    """Read messages that were chosen; on any connection, writing nothing."""
    if not chosen:
        return Found([], (), 0)
    rows = _ROWS.decode(one(db, _CHOSEN, (as_json(chosen), now)))
    messages = [
        ClaimedMessage(
            message_id,
            sender,
            recipient,
            coding,
            bytes.fromhex(octets),
            segments,
            priority,
            attempts,
            expires_at,
            _taken(db, message_id) if attempts > 1 or doubts else (),
            _parts(db, message_id) if coding == MMS else (),
            doubts,
        )
        for (
            message_id,
            sender,
            recipient,
            coding,
            octets,
            segments,
            priority,
            attempts,
            expires_at,
            doubts,
            is_blocked,
        ) in rows
        if not is_blocked
    ]
    return Found(messages, tuple(row[0] for row in rows if row[-1]), len(chosen))


def _taken(db: apsw.Connection, message_id: int) -> tuple[int, ...]:
    sql = "SELECT number FROM segment WHERE message_id = ? ORDER BY number"
    return tuple(number for (number,) in every(db, sql, (message_id,)))


def _parts(db: apsw.Connection, message_id: int) -> tuple[KeptPart, ...]:
    return from_column(one(db, "SELECT parts FROM message WHERE message_id = ?", (message_id,)))


def links_of(db: apsw.Connection, message_ids: Collection[int]) -> dict[int, str]:
    """Tell whose messages are, of at least one; those that are not known are left out."""
    sql = "SELECT message_id, link FROM carray(?) asked CROSS JOIN message WHERE message_id = asked.value"
    return dict(every(db, sql, (as_array(message_ids),)))


def states_of(db: apsw.Connection, message_ids: Sequence[int]) -> dict[int, State]:
    """Tell where messages are."""
    sql = (
        """SELECT message_id, state FROM carray(?) asked CROSS JOIN message WHERE message_id = asked.value"""
    )
    return {message_id: State(state) for message_id, state in every(db, sql, (as_array(message_ids),))}
