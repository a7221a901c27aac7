"""The writes of messages from handsets: their segments, the whole ones, and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg
import msgspec

from aldis.errors import AccountLeaves
from aldis.store.contract.admission import Acceptance
from aldis.store.contract.inbound import InboundBatch
from aldis.store.postgresql.engine.operations import Lock, locking, operation_on_each
from aldis.store.postgresql.engine.texts import escaped
from aldis.store.postgresql.writes import admission, consent, content_use, locks, owing
from aldis.store.postgresql.writes.owing import INBOUND, NewPostback
from aldis.store.rules.inbound import (
    ASKED,
    DAY_MS,
    is_to_be_answered,
    kind_of_answer,
    may_answer,
    repeats_within,
)
from aldis.traffic.inbound import NewInbound, Segments
from aldis.traffic.message import NewMessage
from aldis.traffic.refusal import RefusalReason

_FORGET_PARTS = """
DELETE FROM inbound_part
WHERE link = $1 AND sender = $2 AND recipient = $3 AND reference = $4 AND total = $5
"""
_KEEP_PART = "INSERT INTO inbound_part VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
_KEEP = """
INSERT INTO inbound (inbound_id, link, sender, recipient, text, keyword, carrier, segments, account_id,
                     dialect, received_at, parts, lane, fingerprint)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
"""
#: after it too, by a clock that was set back since
_IS_REPETITION = """
SELECT EXISTS (SELECT 1 FROM inbound WHERE sender = $1 AND recipient = $2 AND fingerprint = $3
               AND abs(received_at - $4::bigint) < $5)
"""
_ANSWERED = f"""
SELECT count(*), coalesce(max(received_at) FILTER (WHERE answered = {ASKED}), 0) FROM inbound
WHERE sender = $1 AND recipient = $2 AND answered <> 0 AND received_at > $3
"""  # noqa: S608 - a number


def _locks_of(item: InboundBatch) -> list[Lock]:
    """Lock the conversations; and consent, which words may change and which answers look at."""
    wanted = {locks.conversing(each.sender, each.recipient) for each in item.segments}
    wanted |= {locks.conversing(each.sender, each.recipient) for each in item.messages}
    if any(message.consents for message in item.messages):
        wanted.add(locks.consenting())
    elif any(message.reply for message in item.messages):
        wanted.add(locks.accepting())
    return list(wanted)


@locking(_locks_of)
@operation_on_each
async def record(db: asyncpg.Connection, item: InboundBatch) -> int:
    """Keep segments and whole messages; returns how many of the messages were repetitions."""
    for each in item.segments:
        await _keep_parts(db, each)
    return sum([not await _keep(db, message, item) for message in item.messages])


async def _keep_parts(db: asyncpg.Connection, segments: Segments) -> None:
    people = escaped(segments.sender), escaped(segments.recipient)
    key = (segments.link, *people, segments.reference, segments.total)
    await db.execute(_FORGET_PARTS, *key)
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
        for place, message in enumerate(segments.messages)
        for number, piece in message.parts.items()
    ]
    await db.executemany(_KEEP_PART, rows)


async def _keep(db: asyncpg.Connection, message: NewInbound, item: InboundBatch) -> bool:
    """Keep a message, unless it was kept a moment ago. What it says of consent counts in any case: a carrier
    repeats in order, and STOP, START, STOP are three words.
    """
    changed = [await consent.change(db, each) for each in message.consents]
    sender, recipient, lane = escaped(message.sender), escaped(message.recipient), escaped(message.lane)
    within_ms = repeats_within(message, item.repeat_ms)
    key = (sender, recipient, message.fingerprint, message.received_at, within_ms)
    if await db.fetchval(_IS_REPETITION, *key):
        return False
    facts: Sequence[object] = msgspec.structs.astuple(message)[:14]
    await db.execute(_KEEP, *(escaped(each) if isinstance(each, str) else each for each in facts))
    if message.parts:
        await content_use.note(db, [(message.inbound_id, message.parts)])
    if message.lane:
        postback = NewPostback(message.inbound_id, lane, INBOUND, "", "", message.received_at)
        await owing.owe(db, [postback])
    if message.reply is not None and is_to_be_answered(message, changed):
        await _answer(db, message, message.reply, item)
    return True


async def _answer(db: asyncpg.Connection, message: NewInbound, reply: NewMessage, item: InboundBatch) -> None:
    """Answer a word, as far as it may be."""
    of_a_day = (escaped(message.sender), escaped(message.recipient), message.received_at - DAY_MS)
    count, last_at = await db.fetchrow(_ANSWERED, *of_a_day) or (0, 0)
    if not may_answer(message, item.repeat_ms, count, last_at):
        return
    is_prepaid = reply.account_id in item.prepaid
    (refusal,) = await admission.accept(db, [Acceptance(reply.account_id, is_prepaid, (reply,))])
    if refusal is not None and refusal.reason is RefusalReason.UNAVAILABLE:
        raise AccountLeaves  # the carrier says it again
    if refusal is None:
        sql = "UPDATE inbound SET answered = $1 WHERE inbound_id = $2"
        await db.execute(sql, kind_of_answer(message), message.inbound_id)
