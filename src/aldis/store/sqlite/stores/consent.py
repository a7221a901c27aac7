"""Implements `ConsentStore`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.consent import ImportRecord, OptInKey
from aldis.store.sqlite.engine.rows import every
from aldis.store.sqlite.stores.connections import Connections
from aldis.store.sqlite.writes import consent, consent_imports
from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource


class SqliteConsent(Connections):
    """Consents; the claims hear of those who opt out."""

    opted_in: Callable[[Sequence[OptInKey]], Awaitable[set[OptInKey]]]

    async def change(self, changes: Sequence[ConsentChange], entry: AuditEntry | None = None) -> list[bool]:
        changed = await self.writer.call(
            consent.change_audited, (tuple(changes), entry), messages=len(changes)
        )
        if any(each.kind is ConsentKind.OPT_OUT and not each.topic for each in changes):
            self.claims.drop_fresh()  # as `SqliteInbound.record`
        return changed

    async def history(self, msisdn: str, limit: int) -> list[ConsentChange]:
        sql = """SELECT sender, topic, msisdn, kind, source, words, at FROM consent
                 WHERE msisdn = ? ORDER BY entry_id DESC LIMIT ?"""
        return [
            ConsentChange(sender, topic, number, ConsentKind(kind), ConsentSource(source), words, at)
            for sender, topic, number, kind, source, words, at in every(self.reader, sql, (msisdn, limit))
        ]

    async def list_opted_in(self, sender: str, topic: str, after: str, limit: int) -> list[str]:
        sql = """SELECT msisdn FROM opt_in WHERE sender = ? AND topic = ? AND msisdn > ?
                 ORDER BY msisdn LIMIT ?"""
        return [msisdn for (msisdn,) in every(self.reader, sql, (sender, topic, after, limit))]

    async def list_opted_out(self, sender: str, after: str, limit: int) -> list[str]:
        sql = "SELECT msisdn FROM opt_out WHERE sender = ? AND msisdn > ? ORDER BY msisdn LIMIT ?"
        return [msisdn for (msisdn,) in every(self.reader, sql, (sender, after, limit))]

    async def keep_import(self, imported: ImportRecord, most: int) -> None:
        await self.writer.call(consent_imports.keep_import, (imported, most))

    async def imports(self) -> list[ImportRecord]:
        sql = "SELECT import_id, record, at FROM consent_import ORDER BY begun_at DESC, import_id"
        return [ImportRecord(*row) for row in every(self.reader, sql)]
