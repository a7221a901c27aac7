"""Implements `EventStore`: what has happened lately, from the newest rows."""

from __future__ import annotations

import asyncpg

from aldis.store.contract.events import EventKind, EventPosition, GatewayEvent
from aldis.store.postgresql.reads.facts import unescaped_row
from aldis.store.postgresql.stores.connections import Connections, from_pool

#: how many of the newest messages and postbacks are looked through for what happened
RECENT = 20_000

# Of older messages only those are seen whose postback became due lately. A receipt that came with its
# response has the earlier time of the two, and is told after it all the same.
_HAPPENED = """
WITH
lately AS MATERIALIZED (
    SELECT message_id, account_id, dialect, reference, link, state, sender, recipient, reason,
           accepted_at, sent_at, ended_at
    FROM tracked WHERE message_id >= $6 AND (accepted_at >= $1 OR sent_at >= $1 OR ended_at >= $1)),
told AS MATERIALIZED (
    SELECT * FROM postback WHERE postback_id >= $7 AND (last_tried_at >= $1 OR happened_at >= $1)),
happening (at, kind, number, message_id, account_id, dialect, reference, link, state, sender, recipient,
           reason) AS (
    SELECT accepted_at, 0, message_id, message_id, account_id, dialect, reference, link, 'queued', sender,
           recipient, '' FROM lately
    UNION ALL
    SELECT sent_at, 1, message_id, message_id, account_id, dialect, reference, link, 'sent', sender,
           recipient, '' FROM lately WHERE sent_at > 0
    UNION ALL
    SELECT greatest(ended_at, sent_at), 2, message_id, message_id, account_id, dialect, reference, link,
           state, sender, recipient, reason FROM lately WHERE ended_at > 0
    UNION ALL
    SELECT greatest(m.ended_at, m.sent_at), 2, m.message_id, m.message_id, m.account_id, m.dialect,
           m.reference, m.link, m.state, m.sender, m.recipient, m.reason
    FROM told p JOIN tracked m ON m.message_id = p.message_id WHERE p.event = 'ended' AND p.message_id < $6
    UNION ALL
    SELECT p.last_tried_at, 3, p.postback_id, p.message_id, coalesce(m.account_id, i.account_id),
           coalesce(m.dialect, i.dialect), coalesce(m.reference, ''), coalesce(m.link, i.link),
           CASE WHEN p.done THEN 'done' WHEN p.due_at IS NULL THEN 'dead letter' ELSE 'failed' END,
           coalesce(m.sender, i.sender), coalesce(m.recipient, i.recipient),
           CASE WHEN p.last_fault <> '' THEN p.last_fault
                WHEN p.last_status IS NULL THEN '' ELSE 'HTTP ' || p.last_status END
    FROM told p
    LEFT JOIN tracked m ON p.event <> 'inbound' AND m.message_id = p.message_id
    LEFT JOIN inbound i ON p.event = 'inbound' AND i.inbound_id = p.message_id
    WHERE p.last_tried_at > 0 AND coalesce(m.message_id, i.inbound_id) IS NOT NULL
    UNION ALL
    SELECT received_at, 4, inbound_id, inbound_id, account_id, dialect, '', link, 'received', sender,
           recipient, keyword FROM inbound WHERE received_at >= $1)
SELECT * FROM happening WHERE (at, kind, number) > ($1, $2, $3) AND at <= $4
ORDER BY at, kind, number LIMIT $5
"""
_OLDEST_MESSAGE = """
SELECT coalesce(min(message_id), 0) FROM (
    SELECT message_id FROM message ORDER BY message_id DESC LIMIT $1) newest
"""
_OLDEST_POSTBACK = """
SELECT coalesce(max(newest), 0) - $1::bigint FROM (
    SELECT max(postback_id) AS newest FROM pending_postback UNION ALL SELECT max(postback_id) FROM told) each
"""


async def _happened(
    db: asyncpg.Connection, position: EventPosition, until: int, limit: int
) -> list[GatewayEvent]:
    message_id = await db.fetchval(_OLDEST_MESSAGE, RECENT)
    postback_id = await db.fetchval(_OLDEST_POSTBACK, RECENT)
    bindings = (position.at, position.kind, position.number, until, limit, message_id, postback_id)
    rows = await db.fetch(_HAPPENED, *bindings)
    return [GatewayEvent(at, EventKind(kind), *unescaped_row(rest)) for at, kind, *rest in rows]


class PostgresqlEvents(Connections):
    """Reads the newest rows."""

    after = from_pool(_happened)
