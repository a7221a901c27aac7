"""What postbacks are pending: which lanes have work, what is due in one, what a transaction has made due."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import asyncpg

from aldis.store.memory.told_postbacks import MadeDue, Snapshot
from aldis.store.postgresql.engine.texts import escaped, unescaped
from aldis.store.postgresql.reads.facts import INBOUND_FACTS, MESSAGE_FACTS, inbound_facts, message_facts
from aldis.traffic.inbound import DueInbound
from aldis.traffic.postback import DuePostback, PostbackEvent, Webhook
from aldis.traffic.slots import SLOTS
from aldis.traffic.states import State

#: whether a postback is about a message of these slots
_OF_SLOTS = f"p.message_id % {SLOTS} = ANY"
_SNAPSHOT = "SELECT pg_current_snapshot()::text"

#: the lanes behind a name; walks the index from lane to lane instead of over all that is due: a dead endpoint
#: may have a million rows
LANES = """
WITH RECURSIVE lane (name) AS (
    (SELECT lane FROM pending_postback WHERE lane > $1 ORDER BY lane LIMIT 1)
    UNION ALL
    SELECT (SELECT o.lane FROM pending_postback o WHERE o.lane > lane.name ORDER BY o.lane LIMIT 1)
    FROM lane WHERE lane.name IS NOT NULL
)
"""
_DUE_LANES = f"""{LANES}
SELECT s.snapshot, l.name FROM ({_SNAPSHOT} AS snapshot) s LEFT JOIN (
    SELECT name FROM lane
    WHERE EXISTS (SELECT 1 FROM pending_postback p WHERE p.lane = lane.name AND p.due_at <= $2
        AND {_OF_SLOTS}($4::bigint[]))
    LIMIT $3
) l ON true
"""  # noqa: S608 - constants

#: of one message the earliest that is pending
_FIRST = """NOT EXISTS (
    SELECT 1 FROM pending_postback earlier
    WHERE earlier.message_id = p.message_id AND earlier.postback_id < p.postback_id)"""
_COLUMNS = f"""p.postback_id, p.lane, p.event, p.state, p.error_code, p.happened_at, p.attempts,
    p.last_tried_at, {MESSAGE_FACTS}"""
_DUE = f"""
SELECT s.snapshot, d.* FROM ({_SNAPSHOT} AS snapshot) s LEFT JOIN (
    SELECT p.due_at AS place, {_COLUMNS}
    FROM pending_postback p JOIN tracked m ON m.message_id = p.message_id
    WHERE p.lane = $1 AND p.due_at <= $2 AND p.event <> 'inbound'
      AND p.postback_id NOT IN (SELECT unnest($3::bigint[])) AND {_OF_SLOTS}($5::bigint[]) AND {_FIRST}
    ORDER BY p.due_at, p.postback_id LIMIT $4
) d ON true ORDER BY d.place, d.postback_id
"""  # noqa: S608 - constants
_JUST_MADE_DUE = f"""
SELECT pg_current_xact_id()::text::bigint, {_COLUMNS}
FROM pending_postback p JOIN tracked m ON m.message_id = p.message_id
WHERE p.postback_id = ANY($1::bigint[]) AND p.event <> 'inbound' AND p.due_at <= p.happened_at
  AND {_OF_SLOTS}($2::bigint[]) AND {_FIRST}
ORDER BY p.postback_id
"""  # noqa: S608 - constants
_ONE = f"SELECT {_COLUMNS} FROM postback p JOIN tracked m USING (message_id) WHERE p.postback_id = $1"  # noqa: S608 - constants

_INBOUND_COLUMNS = f"p.postback_id, p.lane, p.attempts, p.last_tried_at, {INBOUND_FACTS}"
_DUE_INBOUND = f"""
SELECT {_INBOUND_COLUMNS} FROM pending_postback p JOIN inbound i ON i.inbound_id = p.message_id
WHERE p.lane = $1 AND p.due_at <= $2 AND p.event = 'inbound'
  AND p.postback_id NOT IN (SELECT unnest($3::bigint[])) AND {_OF_SLOTS}($5::bigint[])
ORDER BY p.due_at, p.postback_id LIMIT $4
"""  # noqa: S608 - constants
_ONE_INBOUND = f"""
SELECT {_INBOUND_COLUMNS} FROM postback p JOIN inbound i ON i.inbound_id = p.message_id
WHERE p.postback_id = $1
"""  # noqa: S608 - constants


class DueLanes(NamedTuple):
    """Which lanes have work."""

    names: list[str]
    seen: Snapshot
    ended_webhooks: frozenset[Webhook]


class DueInLane(NamedTuple):
    """What is due in a lane."""

    postbacks: list[DuePostback]
    seen: Snapshot


async def due_lanes(
    db: asyncpg.Connection, after: str, limit: int, now: int, slots: Collection[int]
) -> DueLanes:
    """Name the lanes with work behind a name."""
    rows = await db.fetch(_DUE_LANES, escaped(after), now, limit, slots)
    names = [unescaped(name) for _, name in rows if name is not None]
    ended = await db.fetch("SELECT account_id, url FROM ended_webhook")
    return DueLanes(
        names, _snapshot(rows[0][0]), frozenset(Webhook(account, unescaped(url)) for account, url in ended)
    )


async def due(
    db: asyncpg.Connection,
    lane: str,
    limit: int,
    now: int,
    besides: Collection[int],
    slots: Collection[int],
) -> DueInLane:
    """Give a lane's due postbacks, oldest first."""
    rows = await db.fetch(_DUE, escaped(lane), now, list(besides), limit, slots)
    return DueInLane([_due(row[2:]) for row in rows if row[1] is not None], _snapshot(rows[0][0]))


async def due_inbound(
    db: asyncpg.Connection,
    lane: str,
    limit: int,
    now: int,
    besides: Collection[int],
    slots: Collection[int],
) -> list[DueInbound]:
    """Give a lane's due postbacks about messages from handsets, oldest first."""
    rows = await db.fetch(_DUE_INBOUND, escaped(lane), now, list(besides), limit, slots)
    return [_due_inbound(row[:]) for row in rows]


async def just_made_due(
    db: asyncpg.Connection, postback_ids: Sequence[int], lanes: Collection[str], slots: Collection[int]
) -> MadeDue:
    """Give what the open transaction has made due: of these postbacks those of some slots that nothing is
    before.
    """
    rows = await db.fetch(_JUST_MADE_DUE, postback_ids, slots)
    return MadeDue(rows[0][0] if rows else 0, [_due(row[1:]) for row in rows], lanes)


async def due_of(db: asyncpg.Connection, postback_id: int) -> DuePostback | DueInbound | None:
    """Give one, whether it is due or not."""
    if (row := await db.fetchrow(_ONE, postback_id)) is not None:
        return _due(row[:])
    if (row := await db.fetchrow(_ONE_INBOUND, postback_id)) is not None:
        return _due_inbound(row[:])
    return None


def _due(row: Sequence[Any]) -> DuePostback:
    postback_id, lane, event, state, error_code, happened_at, attempts, last_tried_at, *facts = row
    return DuePostback(
        postback_id,
        unescaped(lane),
        PostbackEvent(event),
        State(state),
        unescaped(error_code),
        happened_at,
        attempts,
        message_facts(facts),
        last_tried_at > 0,
    )


def _due_inbound(row: Sequence[Any]) -> DueInbound:
    postback_id, lane, attempts, last_tried_at, *facts = row
    return DueInbound(
        postback_id, unescaped(lane), attempts, inbound_facts(facts), was_tried=last_tried_at > 0
    )


def _snapshot(text: str) -> Snapshot:
    """Read `xmin:xmax:xip,xip`. Source: PostgreSQL 18 §9.27.8 "Transaction ID and Snapshot Information"."""
    lowest, following, still_open = text.split(":")
    return Snapshot(int(lowest), int(following), frozenset(map(int, filter(None, still_open.split(",")))))
