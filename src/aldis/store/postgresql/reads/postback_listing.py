"""The operators' reads of postbacks: what is pending by account and endpoint, dead letters, tries of one."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from aldis.store.contract.outbox import (
    MOST_COUNTED,
    EndedWebhook,
    LaneFacts,
    PostbackFilter,
    PostbackPage,
    PostbackRow,
    PostbackTry,
)
from aldis.store.postgresql.engine.texts import escaped, unescaped
from aldis.store.postgresql.reads.conditions import Where, conditions
from aldis.store.postgresql.reads.due_postbacks import LANES
from aldis.store.postgresql.reads.facts import unescaped_row
from aldis.store.rules.postbacks import (
    MOST_WALKED,
    Tried,
    by_place,
    facts_of,
    looked_at,
    postback_row,
    wanted_of,
)

#: scheme, host and port of a lane (`traffic.postback.lane_of`); all of one that has no account
_ENDPOINT = """CASE WHEN strpos(p.lane, ' ') = 0 THEN p.lane
    ELSE substr(p.lane, strpos(p.lane, ' ') + 1, length(p.lane) - strpos(p.lane, ' ') - 3) END"""
_ACCOUNT = "CASE WHEN p.event = 'inbound' THEN i.account_id ELSE m.account_id END"
_COLUMNS = f"""p.postback_id, p.message_id, p.lane, p.event, p.state, p.happened_at, p.attempts,
    p.last_tried_at, p.last_status, p.last_fault, {{due_at}}, p.done, {_ACCOUNT}, coalesce(m.reference, ''),
    coalesce(CASE WHEN p.event = 'inbound' THEN i.sender ELSE m.recipient END, '')"""
#: to whom it is about
ABOUT = """LEFT JOIN message m ON m.message_id = p.message_id AND p.event <> 'inbound'
LEFT JOIN inbound i ON i.inbound_id = p.message_id AND p.event = 'inbound'"""
_ANY = f"SELECT {_COLUMNS.format(due_at='p.due_at')} FROM postback p {ABOUT}"  # noqa: S608 - constants
_DEAD_LETTERS = f"SELECT {_COLUMNS.format(due_at='NULL::bigint')} FROM told p {ABOUT} WHERE NOT p.done"  # noqa: S608 - constants

_COUNTED = f"""{LANES}
SELECT name, (
    SELECT count(*) FROM (SELECT 1 FROM pending_postback p WHERE p.lane = lane.name LIMIT $2) counted)
FROM lane WHERE name IS NOT NULL LIMIT $3
"""  # noqa: S608 - a constant
_OF_LANE = """SELECT happened_at, due_at, last_tried_at, last_status, last_fault
        FROM pending_postback p WHERE p.lane = l.lane"""
_OF_LANES = f"""
SELECT l.place, found.* FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS l (place, lane, most)
CROSS JOIN LATERAL (
    (SELECT * FROM ({_OF_LANE} ORDER BY due_at LIMIT l.most) first)
    UNION ALL (SELECT * FROM ({_OF_LANE} ORDER BY due_at DESC LIMIT l.most) last)
) found
"""  # noqa: S608 - a constant
_TRIES = """
SELECT postback_id, tried_at, status, fault, answer FROM postback_try
WHERE postback_id = ANY($1::bigint[]) ORDER BY postback_id, tried_at
"""


async def lanes(db: asyncpg.Connection, limit: int) -> list[LaneFacts]:
    """Tell what is pending, by account and endpoint."""
    rows = await db.fetch(_COUNTED, "", MOST_COUNTED, MOST_WALKED)
    places = by_place([(unescaped(lane), count) for lane, count in rows], limit)
    asked = [
        (number, escaped(lane), looked_at(counts))
        for number, (_, counts) in enumerate(places)
        for lane in counts
    ]
    tried: dict[int, list[Tried]] = {}
    if asked:
        for place, *facts, fault in await db.fetch(_OF_LANES, *zip(*asked, strict=True)):
            happened_at, due_at, tried_at, status = facts
            tried.setdefault(place, []).append((happened_at, due_at, tried_at, status, unescaped(fault)))
    return [facts_of(place, counts, tried.get(number, [])) for number, (place, counts) in enumerate(places)]


async def lanes_wanted(db: asyncpg.Connection, wanted: PostbackFilter) -> list[str]:
    """Name the lanes that a filter asks for, of those with anything pending."""
    rows = await db.fetch(_COUNTED, "", 1, MOST_WALKED)
    return wanted_of([unescaped(lane) for lane, _ in rows], wanted)


def dead_letters_asked(wanted: PostbackFilter, numbered_from: int) -> Where:
    """Write what a filter asks of dead letters."""
    asked: dict[str, object] = {
        f"{_ENDPOINT} = {{}}": wanted.lane,
        "p.event = {}": wanted.event,
        f"{_ACCOUNT} = {{}}": wanted.account_id,
    }
    return conditions(asked, numbered_from)


async def dead_letters(
    db: asyncpg.Connection, wanted: PostbackFilter, before: int, limit: int
) -> PostbackPage:
    """Give dead letters, newest first."""
    where, bindings = dead_letters_asked(wanted, 3)
    sql = f"{_DEAD_LETTERS}{where} AND p.postback_id < $1 ORDER BY p.postback_id DESC LIMIT $2"
    found = tuple(
        postback_row(unescaped_row(row[:])) for row in await db.fetch(sql, before or 2**62, limit, *bindings)
    )
    return PostbackPage(found, found[-1].postback_id if len(found) == limit else 0)


async def dead_letters_after(
    db: asyncpg.Connection, wanted: PostbackFilter, after: int, limit: int
) -> list[int]:
    """Name dead letters with ids above one, in order."""
    where, bindings = dead_letters_asked(wanted, 3)
    sql = f"""SELECT p.postback_id FROM told p {ABOUT}
              WHERE NOT p.done{where} AND p.postback_id > $1 ORDER BY 1 LIMIT $2"""  # noqa: S608 - constants
    return [row[0] for row in await db.fetch(sql, after, limit, *bindings)]


async def postback(db: asyncpg.Connection, postback_id: int) -> PostbackRow | None:
    """Give one."""
    row = await db.fetchrow(f"{_ANY} WHERE p.postback_id = $1", postback_id)
    return None if row is None else postback_row(unescaped_row(row[:]))


async def of_message(db: asyncpg.Connection, message_id: int) -> tuple[PostbackRow, ...]:
    """Give those about a message, oldest first."""
    rows = await db.fetch(f"{_ANY} WHERE p.message_id = $1 ORDER BY p.postback_id", message_id)
    return tuple(postback_row(unescaped_row(row[:])) for row in rows)


async def tries(db: asyncpg.Connection, postback_ids: Sequence[int]) -> dict[int, tuple[PostbackTry, ...]]:
    """Give the tries that are kept, by postback, oldest first."""
    found: dict[int, tuple[PostbackTry, ...]] = {}
    for postback_id, *facts in await db.fetch(_TRIES, postback_ids):
        found[postback_id] = (*found.get(postback_id, ()), PostbackTry(*unescaped_row(facts)))
    return found


async def tries_of(db: asyncpg.Connection, postback_id: int) -> tuple[PostbackTry, ...]:
    """Give the tries of one that are kept."""
    return (await tries(db, [postback_id])).get(postback_id, ())


async def ended_webhooks(db: asyncpg.Connection, limit: int) -> list[EndedWebhook]:
    """Tell where nothing is posted any more."""
    sql = "SELECT account_id, url, ended_at FROM ended_webhook ORDER BY ended_at DESC LIMIT $1"
    return [EndedWebhook(*unescaped_row(row[:])) for row in await db.fetch(sql, limit)]
