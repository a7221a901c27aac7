"""The reads and writes of operators' orders to links."""

from __future__ import annotations

import apsw
import msgspec
from msgspec.structs import astuple

from aldis.accounts.staff import AuditEntry
from aldis.store.link_orders import LinkOrder, Wanted
from aldis.store.sqlite.engine.operations import operation
from aldis.store.sqlite.engine.rows import every
from aldis.store.sqlite.engine.writer import Writer
from aldis.store.sqlite.writes import auditing


class Ordering(msgspec.Struct, frozen=True):
    """An order and what is to be remembered of it."""

    order: LinkOrder
    entry: AuditEntry


class SqliteLinkOrders:
    """`aldis.store.link_orders.LinkOrderStore` over the store's writer and reader."""

    def __init__(self, writer: Writer, reader: apsw.Connection) -> None:
        self._writer = writer
        self._reader = reader

    async def orders(self) -> dict[str, LinkOrder]:
        """See `LinkOrderStore.orders`."""
        rows = every(self._reader, "SELECT link, wanted, actor, at FROM link_order")
        return {link: LinkOrder(link, Wanted(wanted), actor, at) for link, wanted, actor, at in rows}

    async def order(self, order: LinkOrder, entry: AuditEntry) -> None:
        """See `LinkOrderStore.order`."""
        await self._writer.call(give, Ordering(order, entry))


@operation()
def give(db: apsw.Connection, items: list[Ordering]) -> list[None]:
    """Keep orders."""
    for item in items:
        db.execute("INSERT OR REPLACE INTO link_order VALUES (?, ?, ?, ?)", astuple(item.order))
        auditing.write(db, item.entry)
    return [None] * len(items)
