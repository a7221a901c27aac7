"""Implements `MaintenanceStore`: what it looks for are messages for another link, messages to people who have
opted out, content that nobody needs.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import apsw

from aldis.store.contract.maintenance import Purged
from aldis.store.contract.ownership import Lease
from aldis.store.rules.endings import OPTED_OUT
from aldis.store.rules.maintenance import backup_of
from aldis.store.sqlite.engine.rows import as_json, every, may, whole
from aldis.store.sqlite.reads import forgetting
from aldis.store.sqlite.stores.connections import Connections, in_a_thread
from aldis.store.sqlite.writes import inbound, maintenance, recipients
from aldis.traffic.states import Event

#: what a carrier took in part stays with that carrier
_WAITING = f"""
SELECT message_id, backups FROM message m
WHERE link = ?1 AND {may(Event.CLAIMED, of="m")} AND backups <> '' AND due_at <= ?2 AND {whole("m")}
  AND message_id NOT IN (SELECT value FROM json_each(?3))
  AND EXISTS (SELECT 1 FROM json_each(m.backups) b WHERE b.value IN (SELECT value FROM json_each(?4)))
  AND NOT EXISTS (SELECT 1 FROM segment s WHERE s.message_id = m.message_id)
LIMIT ?5
"""  # noqa: S608 - the table's states


def _waiting(
    db: apsw.Connection, link: str, up: Sequence[str], limit: int, now: int, *, claimed: Collection[int]
) -> list[maintenance.Move]:
    """Choose messages that are due, unclaimed and wait for a link, each with the first of its backups that is
    up.
    """
    bindings = (link, now, as_json(claimed), as_json(up), limit)
    return [
        maintenance.Move(message_id, *backup_of(link, backups, up))
        for message_id, backups in every(db, _WAITING, bindings)
    ]


def _unused_content(db: apsw.Connection, digests: Sequence[str]) -> set[str]:
    """Tell which of these no message needs."""
    sql = """SELECT DISTINCT u.digest FROM json_each(?) asked CROSS JOIN content_use u
             WHERE u.digest = asked.value"""
    used = {digest for (digest,) in every(db, sql, (as_json(digests),))}
    return set(digests) - used


def _queued_to_opted_out(db: apsw.Connection, limit: int) -> list[tuple[int, str]]:
    """Name queued messages to people who have opted out, with their links; a scan of all that is queued."""
    sql = f"""SELECT message_id, link FROM message m
              WHERE {may(Event.CANCELLED, of="m")} AND NOT exempt AND {whole("m")} AND EXISTS (
                  SELECT 1 FROM opt_out o WHERE o.sender = m.sender AND o.msisdn = m.recipient) LIMIT ?"""  # noqa: S608 - the table's states
    return every(db, sql, (limit,))


class SqliteMaintenance(Connections):
    """Deadlines, failover, retention."""

    unused_content = in_a_thread(_unused_content)

    async def expire(self, lease: Lease, limit: int, now: int, patience_ms: int) -> int:
        item = maintenance.Expire(lease, limit, now, patience_ms, self.claims.everybodys())
        return await self.writer.call(maintenance.expire, item)

    async def cancel_opted_out(self, lease: Lease, limit: int, now: int) -> int:
        found = await self.scans.ask(_queued_to_opted_out, limit)
        hands = [(self.claims.of(link), message_id) for message_id, link in found]
        free = [(link, message_id) for link, message_id in hands if message_id not in link.claimed]
        if not free:
            return 0
        return await self.end_unclaimed(free, OPTED_OUT, now, lease)

    async def fail_over(self, lease: Lease, link: str, up: Sequence[str], limit: int, now: int) -> int:
        claims = self.claims.of(link)
        moves = tuple(_waiting(self.reader, link, up, limit, now, claimed=claims.unavailable))
        if not moves:
            return 0
        with self.claims.in_our_hands([(claims, move.message_id) for move in moves]):
            await self.writer.call(maintenance.move, maintenance.Moves(lease, moves), messages=len(moves))
        for name in {move.link for move in moves}:
            self.claims.of(name).drop_fresh()
        return len(moves)

    async def purge(self, limit: int, before: int, after: int) -> Purged:
        if not await self.scans.ask(forgetting.read_ahead, limit, before, after):
            return Purged(0, after=0)
        return await self.writer.call(maintenance.purge, maintenance.Purge(limit, before, after))

    async def make_room(self, now: int, retention_ms: int) -> None:
        pass  # there are no ranges

    async def purge_inbound(self, limit: int, before: int) -> int:
        return await self.writer.call(inbound.forget, inbound.Forget(limit, before))

    async def forget_counts(self, now: int) -> None:
        pass  # the one gateway counts in memory

    async def index_recipients(self, limit: int, open_ids: int) -> int:
        return await self.writer.call(recipients.file, recipients.Filing(limit, open_ids), messages=limit)
