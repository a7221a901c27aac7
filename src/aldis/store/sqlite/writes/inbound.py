"""The writes of messages from handsets: their segments, the whole ones, and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence

import apsw
import msgspec

from aldis.store.contract.admission import Acceptance
from aldis.store.contract.inbound import InboundBatch
from aldis.store.memory.postback_cache import PostbackCache
from aldis.store.rules.inbound import (
    ASKED,
    DAY_MS,
    is_to_be_answered,
    kind_of_answer,
    may_answer,
    repeats_within,
)
from aldis.store.sqlite.engine.operations import operation_on_each
from aldis.store.sqlite.engine.rows import as_json, each_alone, every, first
from aldis.store.sqlite.reads.inbound import OF_SEGMENTS
from aldis.store.sqlite.writes import admission, consent, content_use, postbacks
from aldis.traffic.inbound import NewInbound
from aldis.traffic.message import NewMessage

_KEEP = """
INSERT INTO inbound (inbound_id, link, sender, recipient, text, keyword, carrier, segments, account_id,
                     dialect, received_at, parts, lane, fingerprint)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_ENQUEUE = """
INSERT INTO postback (message_id, lane, event, state, error_code, happened_at, due_at)
VALUES (?, ?, 'inbound', '', '', ?, ?)
"""

#: what is forgotten with a message, and by which column
_HANGING = (("inbound", "inbound_id"), ("postback", "message_id"), ("content_use", "message_id"))


def _note_lanes(cache: PostbackCache, item: InboundBatch) -> None:
    cache.note_other(message.lane for message in item.messages)


@operation_on_each(owes=_note_lanes)
def record(db: apsw.Connection, item: InboundBatch) -> int:
    """Keep segments and whole messages; returns how many of the messages were repetitions."""
    for each in item.segments:
        key = (each.link, each.sender, each.recipient, each.reference, each.total)
        db.execute(f"DELETE FROM inbound_part WHERE {OF_SEGMENTS}", key)  # noqa: S608 - a constant
        rows = [
            (
                *key,
                place,
                number,
                msgspec.msgpack.encode(piece),
                message.began_at,
                message.whole_at,
                message.is_repetition,
            )
            for place, message in enumerate(each.messages)
            for number, piece in message.parts.items()
        ]
        db.executemany("INSERT INTO inbound_part VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    return sum(not _keep(db, message, item) for message in item.messages)


def _keep(db: apsw.Connection, message: NewInbound, item: InboundBatch) -> bool:
    """Keep a message, unless it was kept a moment ago. What it says of consent counts in any case: a carrier
    repeats in order, and STOP, START, STOP are three words.
    """
    changed = [consent.change(db, each) for each in message.consents]
    sql = """SELECT 1 FROM inbound WHERE sender = ? AND recipient = ? AND fingerprint = ?
             AND abs(received_at - ?) < ? LIMIT 1"""  # after it, by a clock that was set back since
    within_ms = repeats_within(message, item.repeat_ms)
    key = (message.sender, message.recipient, message.fingerprint, message.received_at, within_ms)
    if first(db, sql, key):
        return False
    db.execute(_KEEP, msgspec.structs.astuple(message)[:14])
    if message.parts:
        content_use.note(db, [(message.inbound_id, message.parts)])
    if message.lane:
        db.execute(_ENQUEUE, (message.inbound_id, message.lane, message.received_at, message.received_at))
    if message.reply is not None and is_to_be_answered(message, changed):
        _answer(db, message, message.reply, item)
    return True


def _answer(db: apsw.Connection, message: NewInbound, reply: NewMessage, item: InboundBatch) -> None:
    """Answer a word, as far as it may be."""
    sql = f"""SELECT count(*), ifnull(max(received_at) FILTER (WHERE answered = {ASKED}), 0) FROM inbound
              WHERE sender = ? AND recipient = ? AND answered AND received_at > ?"""  # noqa: S608 - a number
    of_a_day = (message.sender, message.recipient, message.received_at - DAY_MS)
    count, last_at = every(db, sql, of_a_day)[0]
    if not may_answer(message, item.repeat_ms, count, last_at):
        return
    is_prepaid = reply.account_id in item.prepaid
    (refusal,) = admission.accept(db, [Acceptance(reply.account_id, is_prepaid, (reply,))])
    if refusal is None:
        sql = "UPDATE inbound SET answered = ? WHERE inbound_id = ?"
        db.execute(sql, (kind_of_answer(message), message.inbound_id))


class Forget(msgspec.Struct, frozen=True):
    """How many messages to look at, and since when they are old."""

    limit: int
    before: int


@operation_on_each()
def forget(db: apsw.Connection, item: Forget) -> int:
    """Forget old messages; one that still owes a postback stays until that is done or a dead letter."""
    sql = """SELECT inbound_id FROM inbound i WHERE received_at <= ? AND NOT EXISTS (
                 SELECT 1 FROM postback p WHERE p.message_id = i.inbound_id AND p.due_at IS NOT NULL)
             ORDER BY inbound_id LIMIT ?"""
    ids = [inbound_id for (inbound_id,) in every(db, sql, (item.before, item.limit))]
    return len(ids) - len(each_alone(db, _forget, ids))


def _forget(db: apsw.Connection, ids: Sequence[int]) -> None:
    postbacks.purge_tries(db, ids)
    for table, column in _HANGING:
        sql = f"DELETE FROM {table} WHERE {column} IN (SELECT value FROM json_each(?))"  # noqa: S608 - constants
        db.execute(sql, (as_json(ids),))
