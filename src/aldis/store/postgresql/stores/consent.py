"""Implements `ConsentStore`."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg
from msgspec.structs import astuple

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.consent import ImportRecord, OptInKey
from aldis.store.postgresql.engine.texts import escaped, unescaped
from aldis.store.postgresql.reads.facts import unescaped_row
from aldis.store.postgresql.stores.connections import Claiming, from_pool
from aldis.store.postgresql.writes import consent, consent_imports
from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource

_OPTED_IN = """
SELECT o.sender, o.topic, o.msisdn FROM unnest($1::text[], $2::text[], $3::text[])
    asked (sender, topic, msisdn) JOIN opt_in o USING (sender, topic, msisdn)"""
_HISTORY = """
SELECT sender, topic, msisdn, kind, source, words, at FROM consent
WHERE msisdn = $1 ORDER BY entry_id DESC LIMIT $2
"""
_LIST_IN = """
SELECT msisdn FROM opt_in WHERE sender = $1 AND topic = $2 AND msisdn > $3 ORDER BY msisdn LIMIT $4
"""
_LIST_OUT = "SELECT msisdn FROM opt_out WHERE sender = $1 AND msisdn > $2 ORDER BY msisdn LIMIT $3"

_IMPORTS = "SELECT import_id, record, at FROM consent_import ORDER BY begun_at DESC, import_id"


async def _opted_in(db: asyncpg.Connection, keys: Sequence[OptInKey]) -> set[OptInKey]:
    if not keys:
        return set()
    columns = ([escaped(text) for text in column] for column in zip(*map(astuple, keys), strict=True))
    return {OptInKey(*unescaped_row(row[:])) for row in await db.fetch(_OPTED_IN, *columns)}


async def _history(db: asyncpg.Connection, msisdn: str, limit: int) -> list[ConsentChange]:
    return [
        ConsentChange(sender, topic, number, ConsentKind(kind), ConsentSource(source), words, at)
        for sender, topic, number, kind, source, words, at in map(
            unescaped_row, await db.fetch(_HISTORY, escaped(msisdn), limit)
        )
    ]


async def _list_in(db: asyncpg.Connection, sender: str, topic: str, after: str, limit: int) -> list[str]:
    rows = await db.fetch(_LIST_IN, escaped(sender), escaped(topic), escaped(after), limit)
    return [unescaped(row[0]) for row in rows]


async def _list_out(db: asyncpg.Connection, sender: str, after: str, limit: int) -> list[str]:
    rows = await db.fetch(_LIST_OUT, escaped(sender), escaped(after), limit)
    return [unescaped(row[0]) for row in rows]


async def _imports(db: asyncpg.Connection) -> list[ImportRecord]:
    return [ImportRecord(*row) for row in await db.fetch(_IMPORTS)]


class PostgresqlConsent(Claiming):
    """Consents; the claims hear of those who opt out."""

    opted_in = from_pool(_opted_in)
    history = from_pool(_history)
    list_opted_in = from_pool(_list_in)
    list_opted_out = from_pool(_list_out)
    imports = from_pool(_imports)

    async def change(self, changes: Sequence[ConsentChange], entry: AuditEntry | None = None) -> list[bool]:
        changed = await self.writer.call(
            consent.change_audited, (tuple(changes), entry), messages=len(changes)
        )
        if any(each.kind is ConsentKind.OPT_OUT and not each.topic for each in changes):
            self.claims.drop_fresh()  # what was accepted before may be for somebody who has opted out now
        return changed

    async def keep_import(self, imported: ImportRecord, most: int) -> None:
        await self.writer.call(consent_imports.keep_import, (imported, most))
