"""Implements `OptOutStore`, `NonceStore`, `FailureStore` and `RateStore`."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from uuid import UUID

import asyncpg

from aldis.store.contract.shared import Borrowing, Failures, Loan, OptedOut, SharedStore, Tries
from aldis.store.memory.claims import Claims
from aldis.store.postgresql.engine.read_pool import ReadPool
from aldis.store.postgresql.engine.texts import unescaped
from aldis.store.postgresql.engine.writer import Writer
from aldis.store.postgresql.stores.connections import Claiming, Connections
from aldis.store.postgresql.writes import failures, nonces, opt_outs, rates
from aldis.traffic.consent import ConsentKind

_CHANGES = """
SELECT entry_id, sender, msisdn, topic = '' AND kind = $3 FROM consent
WHERE entry_id > $1 ORDER BY entry_id LIMIT $2"""


async def _opted_out(db: asyncpg.Connection, after: int, limit: int) -> OptedOut:
    rows = await db.fetch(_CHANGES, after, limit, ConsentKind.OPT_OUT)
    people = {(unescaped(sender), unescaped(number)) for _, sender, number, has_left in rows if has_left}
    return OptedOut(people, rows[-1][0] if rows else after)


class PostgresqlOptOuts(Claiming):
    """Rows of `opt_out_release`."""

    async def join(self, holder: str) -> int:
        return await self.writer.call(opt_outs.join, holder)

    async def opted_out(self, after: int, limit: int) -> OptedOut:
        found = await self.reads.ask(_opted_out, after, limit)
        if found.people:
            self.claims.drop_fresh()  # what was accepted before may be for one of them
        return found

    async def released(self, holder: str, up_to: int) -> None:
        await self.writer.call(opt_outs.released, opt_outs.ReleasedUpTo(holder, up_to))

    async def not_released(self, holder: str, up_to: int | None) -> tuple[int, int]:
        return await self.writer.call(opt_outs.not_released, opt_outs.ReleasedUpTo(holder, up_to))


class PostgresqlNonces(Connections):
    """Rows of `nonce`."""

    async def take(self, credential: str, timestamp: int, nonce: str) -> bool:
        said = f"{credential} {timestamp} {nonce}".encode("utf-8", "surrogatepass")
        key = UUID(bytes=blake2b(said, digest_size=16).digest())
        return await self.writer.call(nonces.take, (key, timestamp))


class PostgresqlFailures(Connections):
    """Rows of `failure`."""

    async def tell(self, tries: Tries) -> tuple[bool, Sequence[Failures]]:
        return await self.writer.call(failures.tell, tries)


class PostgresqlRates(Connections):
    """Rows of `rate`."""

    async def borrow(self, asked: Borrowing) -> Loan:
        return await self.writer.call(rates.borrow, asked)


def shared_store(writer: Writer, reads: ReadPool, claims: Claims) -> SharedStore:
    """Make what gateways share."""
    return SharedStore(
        opt_outs=PostgresqlOptOuts(writer, reads, claims),
        nonces=PostgresqlNonces(writer, reads),
        failures=PostgresqlFailures(writer, reads),
        rates=PostgresqlRates(writer, reads),
    )
