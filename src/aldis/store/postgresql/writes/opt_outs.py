"""The writes of which gateways have released what they had claimed for people who opted out.

Entries of `consent` are numbered in the order of their commits, since whoever writes them has the lock
`consenting` to itself. Who feeds links has a lease of one whose time is not over; under one that is given out
later nothing is claimed but with a look at who has opted out by then.
"""

from __future__ import annotations

import asyncpg
import msgspec

from aldis.store.postgresql.engine.operations import operation_on_each

_NEWEST = "SELECT coalesce(max(entry_id), 0) FROM consent"
#: gateways that went without a lease of theirs being left
_FORGET = """
DELETE FROM opt_out_release g WHERE at < clock_timestamp() - interval '1 day'
    AND NOT EXISTS (SELECT 1 FROM lease l WHERE l.holder = g.holder)"""
_RELEASED = """
INSERT INTO opt_out_release (holder, entry_id, at) VALUES ($1, $2, clock_timestamp())
ON CONFLICT (holder) DO UPDATE SET entry_id = EXCLUDED.entry_id, at = EXCLUDED.at"""
#: holders of leases of links: '0' is behind '/'
FEEDING = """
SELECT DISTINCT holder FROM lease
WHERE resource >= 'link/' AND resource < 'link0' AND until > clock_timestamp() AND holder <> $1"""
_NOT_RELEASED = f"""
SELECT count(*) FROM ({FEEDING}) f LEFT JOIN opt_out_release g USING (holder)
WHERE coalesce(g.entry_id, -1) < $2
"""  # noqa: S608 - a constant


class ReleasedUpTo(msgspec.Struct, frozen=True):
    """A gateway, and a change of a consent; None: the newest."""

    holder: str
    up_to: int | None = None


@operation_on_each
async def join(db: asyncpg.Connection, holder: str) -> int:
    """Write that a gateway has released all; returns the newest change."""
    await db.execute(_FORGET)
    newest: int = await db.fetchval(_NEWEST)
    await db.execute(_RELEASED, holder, newest)
    return newest


@operation_on_each
async def released(db: asyncpg.Connection, item: ReleasedUpTo) -> None:
    """Write up to which change a gateway has released all."""
    await db.execute(_RELEASED, item.holder, item.up_to)


@operation_on_each
async def not_released(db: asyncpg.Connection, item: ReleasedUpTo) -> tuple[int, int]:
    """Count the others that have not. It reads in a transaction that commits, which a primary that was
    replaced, and knows nothing of what came later, cannot.
    """
    up_to = await db.fetchval(_NEWEST) if item.up_to is None else item.up_to
    return up_to, await db.fetchval(_NOT_RELEASED, item.holder, up_to)
