"""Implements `MaintenanceStore`."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import asyncpg

from aldis.store.contract.maintenance import Purged
from aldis.store.contract.ownership import Lease
from aldis.store.postgresql.stores.connections import Claiming, from_pool
from aldis.store.postgresql.stores.old_ranges import OldRanges
from aldis.store.postgresql.writes import counts, maintenance, ownership, recipients
from aldis.store.rules.endings import OPTED_OUT
from aldis.store.rules.maintenance import backup_of

#: above all ids
MAX_ID = 2**63 - 1
#: what a carrier took in part stays with that carrier
_WAITING = f"""
SELECT q.message_id, q.backups FROM queue q
WHERE q.link = $1 AND NOT q.is_marked AND q.backups <> '' AND q.due_at <= $2
  AND q.message_id NOT IN (SELECT unnest($3::bigint[]))
  AND EXISTS (SELECT 1 FROM json_array_elements_text(q.backups::json) b (name) WHERE b.name = ANY($4::text[]))
  AND NOT EXISTS (SELECT 1 FROM segment s WHERE s.message_id = q.message_id)
  AND {ownership.not_anothers("q", "$6")}
LIMIT $5
"""  # noqa: S608 - a constant
_QUEUED_TO_OPTED_OUT = f"""
SELECT q.message_id, q.link FROM queue q JOIN message m ON m.message_id = q.message_id
WHERE NOT q.is_marked AND NOT m.exempt AND EXISTS (
    SELECT 1 FROM opt_out o WHERE o.sender = m.sender AND o.msisdn = m.recipient)
  AND {ownership.not_anothers("q", "$2")}
LIMIT $1
"""  # noqa: S608 - a constant
_UNUSED = """
SELECT asked.digest FROM unnest($1::text[]) AS asked (digest)
WHERE NOT EXISTS (SELECT 1 FROM content_use u WHERE u.digest = asked.digest)
"""
_OLD = """
SELECT m.message_id, m.accepted_at <= $1, e.ended_at <= $1 AND NOT EXISTS (
    SELECT 1 FROM pending_postback p WHERE p.message_id = m.message_id)
FROM message m LEFT JOIN ended e ON e.message_id = m.message_id
WHERE m.message_id > $2 AND m.message_id < $4 ORDER BY m.message_id LIMIT $3
"""


async def _waiting(
    db: asyncpg.Connection,
    link: str,
    up: Sequence[str],
    limit: int,
    now: int,
    claimed: Collection[int],
    holder: str,
) -> list[maintenance.Move]:
    """Choose messages that are due, unclaimed and wait for a link, each with the first of its backups that is
    up; none in a slot that another than the holder has.
    """
    rows = await db.fetch(_WAITING, link, now, list(claimed), up, limit, holder)
    return [maintenance.Move(message_id, *backup_of(link, backups, up)) for message_id, backups in rows]


async def _queued_to_opted_out(db: asyncpg.Connection, limit: int, holder: str) -> list[tuple[int, str]]:
    """Name queued messages to people who have opted out, with their links, but what is in a slot that another
    has; looks at all that is queued.
    """
    return [(message_id, link) for message_id, link in await db.fetch(_QUEUED_TO_OPTED_OUT, limit, holder)]


async def _unused_content(db: asyncpg.Connection, digests: Sequence[str]) -> set[str]:
    """Tell which of these no message needs."""
    return {row[0] for row in await db.fetch(_UNUSED, digests)}


async def _old(
    db: asyncpg.Connection, limit: int, before: int, after: int, end: int
) -> tuple[tuple[int, ...], int]:
    """Name messages below `end` that may be forgotten, and where to look on."""
    rows = await db.fetch(_OLD, before, after, limit, end)
    is_end = len(rows) < limit or not rows[-1][1]
    return tuple(row[0] for row in rows if row[2]), 0 if is_end else rows[-1][0]


class PostgresqlMaintenance(Claiming):
    """Deadlines, failover, retention."""

    ranges: OldRanges

    unused_content = from_pool(_unused_content)

    async def expire(self, lease: Lease, limit: int, now: int, patience_ms: int) -> int:
        item = maintenance.Expire(lease, limit, now, patience_ms, self.claims.everybodys())
        return await self.writer.call(maintenance.expire, item)

    async def cancel_opted_out(self, lease: Lease, limit: int, now: int) -> int:
        found = await self.reads.ask(_queued_to_opted_out, limit, lease.holder)
        hands = [(self.claims.of(link), message_id) for message_id, link in found]
        free = [(link, message_id) for link, message_id in hands if message_id not in link.claimed]
        if not free:
            return 0
        return await self.end_unclaimed(free, OPTED_OUT, now, lease=lease)

    async def fail_over(self, lease: Lease, link: str, up: Sequence[str], limit: int, now: int) -> int:
        claims, moved = self.claims.of(link), 0
        with claims.leaving():
            unavailable = tuple(claims.unavailable)
            found = await self.reads.ask(_waiting, link, up, limit, now, unavailable, lease.holder)
            moves = tuple(each for each in found if each.message_id not in claims.unavailable)
            if moves:
                item = maintenance.Moves(lease, link, moves)
                with self.claims.in_our_hands([(claims, move.message_id) for move in moves]):
                    moved = await self.writer.call(maintenance.move, item, messages=len(moves))
        for name in {link, *(move.link for move in moves)}:
            self.claims.of(name).drop_fresh()
        return moved

    async def purge(self, limit: int, before: int, after: int) -> Purged:
        gone = await self.ranges.forget(limit, before)
        end = MAX_ID if self.ranges.by_row is None else self.ranges.by_row
        ids, following = await self.reads.ask(_old, limit, before, after, end)
        if ids:
            gone += await self.writer.call(maintenance.purge, maintenance.Purge(ids, before))
        return Purged(gone, following)

    async def make_room(self, now: int, retention_ms: int) -> None:
        await self.ranges.make_ahead(now, retention_ms)

    async def purge_inbound(self, limit: int, before: int) -> int:
        return await self.writer.call(maintenance.forget_inbound, maintenance.ForgetInbound(limit, before))

    async def forget_counts(self, now: int) -> None:
        await self.writer.call(counts.forget, now)

    async def index_recipients(self, limit: int, open_ids: int) -> int:
        item = recipients.Filing(limit, open_ids)
        await self.writer.call(recipients.raise_bound, item)
        return await self.writer.call(recipients.file, item, messages=limit)
