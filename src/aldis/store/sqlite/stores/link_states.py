"""Implements `LinkStateStore`."""

from __future__ import annotations

import apsw
import msgspec

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.link_states import LinkState, Wanted
from aldis.store.sqlite.engine.rows import every
from aldis.store.sqlite.engine.writer import Writer
from aldis.store.sqlite.writes import link_orders


class SqliteLinkStates(msgspec.Struct, frozen=True):
    """Rows of `link_order`."""

    writer: Writer
    reader: apsw.Connection

    async def wanted(self) -> dict[str, LinkState]:
        rows = every(self.reader, "SELECT link, wanted, actor, at FROM link_order")
        return {link: LinkState(link, Wanted(wanted), actor, at) for link, wanted, actor, at in rows}

    async def want(self, state: LinkState, entry: AuditEntry) -> None:
        await self.writer.call(link_orders.want, link_orders.Want(state, entry))
