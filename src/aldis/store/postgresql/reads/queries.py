"""The reads for customers who ask what became of their messages and what they used."""

from __future__ import annotations

import asyncpg

from aldis.store.contract.queries import FEW, Balance
from aldis.store.postgresql.engine.texts import escaped, unescaped
from aldis.store.postgresql.reads.facts import MESSAGE_FACTS, message_facts, unescaped_row
from aldis.traffic.message import MessageStatus
from aldis.traffic.query import OTHER, Usage
from aldis.traffic.states import State

#: ids grow with time, but those of one moment may be accepted in another order
SLACK_MS = 60_000

_SUBMISSION = f"""
SELECT m.priority, m.coding, m.octets, m.due_at, m.expires_at, m.label, {MESSAGE_FACTS} FROM tracked m
WHERE m.reference = $1 AND m.reference <> '' AND m.account_id = $2 AND m.dialect = $3 AND m.message_id > $4
ORDER BY m.message_id LIMIT $5
"""  # noqa: S608 - the columns are constants

#: what the carrier has taken whole or may still take counts whole, of the rest what it took
USED = f"""CASE WHEN m.sent_at > 0
    OR m.state IN ('{State.QUEUED.value}', '{State.SENDING.value}', '{State.UNCONFIRMED.value}')
    THEN m.segments ELSE (SELECT count(*) FROM segment s WHERE s.message_id = m.message_id) END"""  # noqa: S608 - the states are constants
_USAGE = f"""
WITH counted AS MATERIALIZED (
    SELECT label, country, sum(used)::bigint AS segments, sum(used * price_micros)::bigint AS micros
    FROM (SELECT m.label, m.country, m.price_micros, {USED} AS used FROM tracked m
          WHERE m.message_id >= $1 AND m.message_id <= $2 AND m.account_id = $3
            AND m.accepted_at >= $4 AND m.accepted_at < $5 AND ($6::text IS NULL OR m.label = $6)) each
    GROUP BY label, country HAVING sum(used) > 0),
placed AS (
    SELECT label, row_number() OVER (ORDER BY sum(segments) DESC, label) AS place FROM counted GROUP BY label)
SELECT CASE WHEN place <= $7 THEN label ELSE '{OTHER}' END AS told, country, sum(segments)::bigint,
       sum(micros)::bigint
FROM counted JOIN placed USING (label) GROUP BY told, country ORDER BY min(place) > $7, told, country
"""  # noqa: S608 - the states are a constant

#: by halves, for there is no index of time
_FIRST_FROM = """
WITH RECURSIVE half (low, high) AS (
    SELECT coalesce(min(message_id), 0), coalesce(max(message_id), 0) + 1 FROM message
    UNION ALL
    SELECT CASE WHEN found.accepted_at < $1 THEN found.message_id + 1 ELSE half.low END,
           CASE WHEN found.accepted_at < $1 THEN half.high ELSE (half.low + half.high) / 2 END
    FROM half LEFT JOIN LATERAL (
        SELECT message_id, accepted_at FROM message WHERE message_id >= (half.low + half.high) / 2
        ORDER BY message_id LIMIT 1
    ) found ON true
    WHERE half.low < half.high
)
SELECT low FROM half WHERE low >= high
"""


async def submission(
    db: asyncpg.Connection, account_id: int, dialect: str, reference: str, after: int = 0, limit: int = FEW
) -> list[MessageStatus]:
    """Give the first messages behind an id that an account knows by a reference, in the order of their
    recipients.
    """
    rows = await db.fetch(_SUBMISSION, escaped(reference), account_id, dialect, after, limit)
    return [MessageStatus(message_facts(row[6:]), *unescaped_row(row[:6])) for row in rows]


async def usage(
    db: asyncpg.Connection, account_id: int, since: int, until: int, label: str | None, most_labels: int
) -> list[Usage]:
    """Sum up what an account used of what it sent in a time, by label and country: so many labels, those with
    the most segments, and what else there is as OTHER.
    """
    begin, end = await first_from(db, since - SLACK_MS), await first_from(db, until + SLACK_MS)
    wanted = None if label is None else escaped(label)
    rows = await db.fetch(_USAGE, begin, end, account_id, since, until, wanted, most_labels)
    return [Usage(unescaped(told), *rest) for told, *rest in rows]


async def first_from(db: asyncpg.Connection, instant: int) -> int:
    """Find about the first message that was accepted at or after an instant."""
    return int(await db.fetchval(_FIRST_FROM, instant))


async def balance(db: asyncpg.Connection, account_id: int) -> Balance:
    """Give an account's money: the sum of its purses."""
    sql = """SELECT sum(credited)::bigint, sum(held)::bigint, sum(spent)::bigint FROM purse
             WHERE account_id = $1 HAVING count(*) > 0"""
    return Balance(*(await db.fetchrow(sql, account_id) or ()))
