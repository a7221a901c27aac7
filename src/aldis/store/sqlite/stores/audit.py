"""Implements `AuditStore`."""

from __future__ import annotations

import msgspec

from aldis.accounts.staff import AuditEntry
from aldis.store.sqlite.engine.read_pool import Scans
from aldis.store.sqlite.engine.writer import Writer
from aldis.store.sqlite.writes import auditing


class SqliteAudit(msgspec.Struct, frozen=True):
    """Lists on the operators' scans."""

    writer: Writer
    scans: Scans

    async def note(self, entry: AuditEntry) -> None:
        await self.writer.call(auditing.note, entry)

    async def log(self, before: int, limit: int, subject: str = "") -> list[tuple[int, AuditEntry]]:
        return await self.scans.ask(auditing.log, before, limit, subject)
