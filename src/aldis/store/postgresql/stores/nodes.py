"""Implements `NodeStore`."""

from __future__ import annotations

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.nodes import NodeStatus, NodeView
from aldis.store.postgresql.reads import nodes as reads
from aldis.store.postgresql.stores.connections import Connections, from_pool
from aldis.store.postgresql.writes import nodes
from aldis.store.postgresql.writes.ownership import HOLDS_MS


class PostgresqlNodes(Connections):
    """Rows of `node`."""

    held = from_pool(reads.held)

    async def say(self, status: NodeStatus) -> tuple[NodeView, ...]:
        return await self.writer.call(nodes.say, status)

    async def all(self) -> tuple[NodeView, ...]:
        return await self.reads.ask(reads.all_of, HOLDS_MS)

    async def drain(self, name: str, entry: AuditEntry, *, drained: bool) -> bool:
        return await self.writer.call(nodes.drain, nodes.Drain(name, drained, entry))

    async def remove(self, name: str, entry: AuditEntry) -> bool:
        return await self.writer.call(nodes.remove, nodes.Remove(name, entry))

    async def forget(self, commands_s: int, nodes_s: int) -> int:
        return await self.writer.call(nodes.forget, nodes.OldNodes(commands_s, nodes_s))
