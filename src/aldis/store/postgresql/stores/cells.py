"""Implements `CellStore`."""

from __future__ import annotations

from collections.abc import Collection

import asyncpg

from aldis.store.contract.cells import WITHHELD
from aldis.store.contract.ownership import Lease
from aldis.store.postgresql.stores.connections import Claiming
from aldis.store.postgresql.writes import cells, maintenance, ownership

_WAITING = f"""
SELECT q.link, q.message_id, q.backups FROM leaving_message l JOIN queue q USING (message_id)
WHERE l.account_id = ANY($1::bigint[]) AND NOT l.is_out AND NOT q.is_marked
    AND NOT starts_with(q.link, '{WITHHELD}')
    AND q.message_id NOT IN (SELECT unnest($2::bigint[])) AND {ownership.not_anothers("q", "$4")}
LIMIT $3
"""  # noqa: S608 - constants


async def _waiting(
    db: asyncpg.Connection, accounts: Collection[int], claimed: Collection[int], limit: int, holder: str
) -> dict[str, list[maintenance.Move]]:
    """Choose what is to be withheld, by link."""
    found: dict[str, list[maintenance.Move]] = {}
    rows = await db.fetch(_WAITING, list(accounts), list(claimed), limit, holder)
    for link, message_id, backups in rows:
        found.setdefault(link, []).append(maintenance.Move(message_id, WITHHELD + link, backups))
    return found


class PostgresqlCells(Claiming):
    """The counter `cell`; what is withheld is in `queue` under another link."""

    async def number(self, wanted: int) -> int:
        return await self.writer.call(cells.number, wanted)

    async def withhold(self, lease: Lease, accounts: Collection[int], limit: int) -> int:
        claimed = self.claims.everybodys()
        found = await self.reads.ask(_waiting, accounts, claimed, limit, lease.holder)
        return sum([await self._withhold(lease, link, moves) for link, moves in found.items()])

    async def _withhold(self, lease: Lease, link: str, moves: list[maintenance.Move]) -> int:
        claims = self.claims.of(link)
        free = tuple(each for each in moves if each.message_id not in claims.claimed)
        if not free:
            return 0
        with self.claims.in_our_hands([(claims, each.message_id) for each in free]):
            item = maintenance.Moves(lease, link, free)
            return await self.writer.call(maintenance.move, item, messages=len(free))

    async def release(self, holder: str, accounts: Collection[int], closed: Collection[int]) -> None:
        states = tuple((each, "closed" if each in closed else "leaving") for each in accounts)
        await self.writer.call(cells.release, cells.Release(holder, states))
