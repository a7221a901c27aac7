"""Implements `LinkStateStore`."""

from __future__ import annotations

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.link_states import LinkState, Wanted
from aldis.store.sqlite.engine.rows import every
from aldis.store.sqlite.stores.connections import Connections
from aldis.store.sqlite.writes import link_states


class SqliteLinkStates(Connections):
    """Rows of `link_order`."""

    async def wanted(self) -> dict[str, LinkState]:
        rows = every(self.reader, "SELECT link, wanted, actor, at FROM link_order")
        return {link: LinkState(link, Wanted(wanted), actor, at) for link, wanted, actor, at in rows}

    async def want(self, state: LinkState, entry: AuditEntry) -> None:
        await self.writer.call(link_states.want, (state, entry))
