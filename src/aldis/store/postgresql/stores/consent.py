"""Implements `ConsentStore`."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg
from msgspec.structs import astuple

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.consent import OptInKey
from aldis.store.postgresql.stores.connections import Connections, from_pool
from aldis.store.postgresql.writes import consent
from aldis.traffic.consent import ConsentChange

_OPTED_IN = """
SELECT o.sender, o.topic, o.msisdn FROM opt_in o JOIN unnest($1::text[], $2::text[], $3::text[])
    asked (sender, topic, msisdn) USING (sender, topic, msisdn)"""


async def _opted_in(db: asyncpg.Connection, keys: Sequence[OptInKey]) -> set[OptInKey]:
    columns = (list(each) for each in zip(*map(astuple, keys), strict=True))
    return {OptInKey(*row) for row in await db.fetch(_OPTED_IN, *columns)} if keys else set()


class PostgresqlConsent(Connections):
    """Consents."""

    opted_in = from_pool(_opted_in)

    async def change(self, changes: Sequence[ConsentChange], entry: AuditEntry | None = None) -> list[bool]:
        return await self.writer.call(consent.change_audited, (tuple(changes), entry), messages=len(changes))

    async def history(self, msisdn: str, limit: int) -> list[ConsentChange]:
        raise NotImplementedError

    async def list_opted_in(self, sender: str, topic: str, after: str, limit: int) -> list[str]:
        raise NotImplementedError

    async def list_opted_out(self, sender: str, after: str, limit: int) -> list[str]:
        raise NotImplementedError
