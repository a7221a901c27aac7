"""Implements `RefusalStore`."""

from __future__ import annotations

import asyncpg

from aldis.store.contract.refusals import KeptRefusals, RefusalPage
from aldis.store.postgresql.engine.texts import escaped
from aldis.store.postgresql.reads.facts import unescaped_row
from aldis.store.postgresql.stores.connections import Connections, from_pool
from aldis.store.postgresql.writes import refusals
from aldis.traffic.refused import RefusedRequest

_LATEST = f"""
SELECT refusal_id, {refusals.COLUMNS} FROM refused_request
WHERE refusal_id < $1 AND ($2::text IS NULL OR account = $2) ORDER BY refusal_id DESC LIMIT $3
"""  # noqa: S608 - the columns are a constant


async def _latest(db: asyncpg.Connection, account: str | None, before: int, limit: int) -> RefusalPage:
    """Give refused requests below a number, newest first."""
    wanted = None if account is None else escaped(account)
    rows = await db.fetch(_LATEST, before or 2**62, wanted, limit + 1)
    found = tuple((number, RefusedRequest(*unescaped_row(facts))) for number, *facts in rows[:limit])
    return RefusalPage(found, found[-1][0] if len(rows) > limit else 0)


class PostgresqlRefusals(Connections):
    """Rows of `refused_request`."""

    latest = from_pool(_latest)

    async def keep(self, wanted: KeptRefusals) -> None:
        await self.writer.call(refusals.keep, wanted)
