"""Which messages are set aside."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import asyncpg

from aldis.store.contract.ownership import Lease
from aldis.store.postgresql.engine.texts import unescaped
from aldis.traffic.message import MAX_FAULTS, SUSPECT_CRASHES, PoisonMessage
from aldis.traffic.slots import SLOTS

_COLUMNS = "p.message_id, p.link, p.faults, p.reason, p.failed_at"
#: those that wait: for each its row of the queue, never the other way round
_WAITING = """
FROM poison_message p
CROSS JOIN LATERAL (SELECT link FROM queue WHERE queue.message_id = p.message_id OFFSET 0) q
"""
_ASIDE = f"{_WAITING} WHERE p.faults >= {MAX_FAULTS}"
_ALL = f"SELECT {_COLUMNS} {_ASIDE} ORDER BY p.failed_at DESC LIMIT $1"
_ONE = f"SELECT {_COLUMNS} {_ASIDE} AND p.message_id = $1"
_OF_LINK = f"SELECT p.message_id {_ASIDE} AND q.link = $1"
_SUSPECTS = f"SELECT p.message_id {_WAITING} WHERE p.crashes >= {SUSPECT_CRASHES} AND p.faults < {MAX_FAULTS}"
_NEXT = f"""SELECT message_id FROM queue WHERE message_id = ANY($1::bigint[]) AND link = $2 AND NOT is_marked
            AND message_id % {SLOTS} = ANY($3::integer[]) AND due_at <= $4
            ORDER BY priority DESC, due_at LIMIT 1"""  # noqa: S608 - a number


async def set_aside(db: asyncpg.Connection, limit: int) -> list[PoisonMessage]:
    """Give messages that are set aside and have not ended, the newest fault first."""
    return [_poison(row[:]) for row in await db.fetch(_ALL, limit)]


async def set_aside_of(db: asyncpg.Connection, message_id: int) -> PoisonMessage | None:
    """Tell of one message whether it is."""
    row = await db.fetchrow(_ONE, message_id)
    return None if row is None else _poison(row[:])


async def ids_of(db: asyncpg.Connection, link: str) -> set[int]:
    """Name those that a link must not claim."""
    return {row[0] for row in await db.fetch(_OF_LINK, link)}


async def suspects(db: asyncpg.Connection) -> frozenset[int]:
    """Name those of all links that are to be tried alone, because processes died while they had them."""
    return frozenset(row[0] for row in await db.fetch(_SUSPECTS))


async def next_suspect(
    db: asyncpg.Connection, leases: Sequence[Lease], suspects: Collection[int], now: int
) -> int | None:
    """Give the one of some slots that is to be tried first, if one is due."""
    slots = [lease.slot for lease in leases]
    found: int | None = await db.fetchval(_NEXT, list(suspects), leases[0].link, slots, now)
    return found


def _poison(row: tuple[Any, ...]) -> PoisonMessage:
    message_id, link, faults, reason, failed_at = row
    return PoisonMessage(message_id, link, faults, unescaped(reason), failed_at)
