"""Implements `EventStore`: what has happened lately, from the newest rows."""

from __future__ import annotations

from typing import Any

import apsw

from aldis.store.contract.events import EventKind, EventPosition, GatewayEvent
from aldis.store.sqlite.engine.rows import whole
from aldis.store.sqlite.stores.connections import Connections, in_a_thread

#: how many of the newest messages and postbacks are looked through for what happened
RECENT = 20_000

# Neither sent_at nor ended_at has an index, which every message would pay for: whoever watches reads the
# newest rows by their key. Of older messages only those are seen whose postback became due lately. A receipt
# that came with its response has the earlier time of the two, and is told after it all the same.
_HAPPENED = f"""
WITH
floor (message_id, postback_id) AS (SELECT
    ifnull((SELECT max(message_id) FROM message), 0) - :recent,
    ifnull((SELECT max(postback_id) FROM postback), 0) - :recent),
lately AS MATERIALIZED (
    SELECT message_id, account_id, dialect, reference, link, state, sender, recipient, reason,
           accepted_at, sent_at, ended_at
    FROM message WHERE message_id > (SELECT message_id FROM floor)
        AND {whole()} AND (accepted_at >= :since OR sent_at >= :since OR ended_at >= :since)),
told AS MATERIALIZED (
    SELECT * FROM postback WHERE postback_id > (SELECT postback_id FROM floor)
        AND (last_tried_at >= :since OR happened_at >= :since)),
happening AS (
    SELECT accepted_at AS at, 0 AS kind, message_id AS number, message_id, account_id, dialect, reference,
           link, 'queued' AS state, sender, recipient, '' AS reason FROM lately
    UNION ALL
    SELECT sent_at, 1, message_id, message_id, account_id, dialect, reference, link, 'sent', sender,
           recipient, ''
    FROM lately WHERE sent_at > 0
    UNION ALL
    SELECT max(ended_at, sent_at), 2, message_id, message_id, account_id, dialect, reference, link, state,
           sender, recipient, reason
    FROM lately WHERE ended_at > 0
    UNION ALL
    SELECT max(m.ended_at, m.sent_at), 2, m.message_id, m.message_id, m.account_id, m.dialect,
           m.reference, m.link, m.state, m.sender, m.recipient, m.reason
    FROM told p JOIN message m ON m.message_id = p.message_id
    WHERE p.event = 'ended' AND p.message_id <= (SELECT message_id FROM floor)
    UNION ALL
    SELECT p.last_tried_at, 3, p.postback_id, p.message_id, ifnull(m.account_id, i.account_id),
           ifnull(m.dialect, i.dialect), ifnull(m.reference, ''), ifnull(m.link, i.link),
           CASE WHEN p.done THEN 'done' WHEN p.due_at IS NULL THEN 'dead letter' ELSE 'failed' END,
           ifnull(m.sender, i.sender), ifnull(m.recipient, i.recipient),
           CASE WHEN p.last_fault <> '' THEN p.last_fault
                WHEN p.last_status IS NULL THEN '' ELSE 'HTTP ' || p.last_status END
    FROM told p
    LEFT JOIN message m ON p.event <> 'inbound' AND m.message_id = p.message_id
    LEFT JOIN inbound i ON p.event = 'inbound' AND i.inbound_id = p.message_id
    WHERE p.last_tried_at > 0 AND coalesce(m.message_id, i.inbound_id) IS NOT NULL
    UNION ALL
    SELECT received_at, 4, inbound_id, inbound_id, account_id, dialect, '', link, 'received', sender,
           recipient, keyword
    FROM inbound WHERE received_at >= :since)
SELECT * FROM happening WHERE (at, kind, number) > (:since, :kind, :number) AND at <= :until
ORDER BY at, kind, number LIMIT :limit
"""  # noqa: S608 - a constant


def _happened(db: apsw.Connection, position: EventPosition, until: int, limit: int) -> list[GatewayEvent]:
    bindings = {
        "recent": RECENT,
        "since": position.at,
        "kind": position.kind,
        "number": position.number,
        "until": until,
        "limit": limit,
    }
    rows: list[tuple[Any, ...]] = db.execute(_HAPPENED, bindings).fetchall()
    return [GatewayEvent(at, EventKind(kind), *rest) for at, kind, *rest in rows]


class SqliteEvents(Connections):
    """Reads the newest rows."""

    after = in_a_thread(_happened)
