"""Implements `LinkStateStore`."""

from __future__ import annotations

import asyncpg

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.link_states import LinkState, Wanted
from aldis.store.postgresql.stores.connections import Connections, from_pool
from aldis.store.postgresql.writes import link_states


async def _wanted(db: asyncpg.Connection) -> dict[str, LinkState]:
    rows = await db.fetch("SELECT link, wanted, actor, at FROM link_order")
    return {link: LinkState(link, Wanted(wanted), actor, at) for link, wanted, actor, at in rows}


class PostgresqlLinkStates(Connections):
    """Rows of `link_order`."""

    wanted = from_pool(_wanted)

    async def want(self, state: LinkState, entry: AuditEntry) -> None:
        await self.writer.call(link_states.want, (state, entry))
