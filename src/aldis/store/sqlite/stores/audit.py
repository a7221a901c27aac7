"""Implements `AuditStore`."""

from __future__ import annotations

from aldis.accounts.staff import AuditEntry
from aldis.store.sqlite.reads import audit
from aldis.store.sqlite.stores.connections import Connections
from aldis.store.sqlite.writes import auditing


class SqliteAudit(Connections):
    """Lists on the operators' scans."""

    async def note(self, entry: AuditEntry) -> None:
        await self.writer.call(auditing.note, entry)

    async def log(self, before: int, limit: int, subject: str = "") -> list[tuple[int, AuditEntry]]:
        return await self.scans.ask(audit.log, before, limit, subject)
