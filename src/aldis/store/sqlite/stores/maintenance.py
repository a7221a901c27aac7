"""Implements `MaintenanceStore`: it lets be what is claimed."""

from __future__ import annotations

from collections.abc import Sequence

from aldis.store.contract.maintenance import Purged
from aldis.store.contract.ownership import Lease
from aldis.store.sqlite.reads import maintenance as reads
from aldis.store.sqlite.stores.cancelling import cancel
from aldis.store.sqlite.stores.connections import Connections
from aldis.store.sqlite.writes import (
    cancelling,
    failover,
    inbound,
    maintenance,
    recipients,
)


class SqliteMaintenance(Connections):
    """Deadlines, failover, retention."""

    async def expire(self, lease: Lease, limit: int, now: int, patience_ms: int) -> int:
        item = maintenance.Expire(lease, limit, now, patience_ms, self.claims.everybodys())
        return await self.writer.call(maintenance.expire, item)

    async def cancel_opted_out(self, lease: Lease, limit: int, now: int) -> int:
        found = await self.scans.ask(reads.queued_to_opted_out, limit)
        hands = [(self.claims.of(link), message_id) for message_id, link in found]
        free = [(link, message_id) for link, message_id in hands if message_id not in link.claimed]
        if not free:
            return 0
        return await cancel(self.writer, self.claims, free, cancelling.OPTED_OUT, now, lease)

    async def fail_over(self, lease: Lease, link: str, up: Sequence[str], limit: int, now: int) -> int:
        claims = self.claims.of(link)
        moves = tuple(reads.waiting(self.reader, link, up, limit, now, claimed=claims.claimed))
        if not moves:
            return 0
        # in our own hands, so that no sender takes them meanwhile
        ids = [move.message_id for move in moves]
        claims.claimed.update(ids)
        claims.drop_fresh()
        try:
            await self.writer.call(failover.move, failover.Moves(lease, moves), messages=len(moves))
        finally:
            claims.claimed.difference_update(ids)
            for name in {link, *(move.link for move in moves)}:
                self.claims.of(name).drop_fresh()
        return len(moves)

    async def purge(self, limit: int, before: int, after: int) -> Purged:
        return await self.writer.call(maintenance.purge, maintenance.Purge(limit, before, after))

    async def purge_inbound(self, limit: int, before: int) -> int:
        return await self.writer.call(inbound.forget, inbound.Forget(limit, before))

    async def unused_content(self, digests: Sequence[str]) -> set[str]:
        return await self.scans.ask(reads.unused_content, list(digests))

    async def index_recipients(self, limit: int, open_ids: int) -> int:
        return await self.writer.call(recipients.file, recipients.Filing(limit, open_ids), messages=limit)
