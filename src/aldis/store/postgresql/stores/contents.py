"""Implements `ContentStore` with rows, so that every gateway reads what any of them has kept.

Who holds what is not known across gateways. So what was kept stays for a day: each request that needs it has
ended by then, and says anew that it needs it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import asyncpg
import msgspec

from aldis.clock import Clock
from aldis.errors import OutcomeUnknown, StoreUnavailable
from aldis.store.contract.content import digest_of
from aldis.store.postgresql.engine.writer import LARGE
from aldis.store.postgresql.stores.connections import Connections
from aldis.store.postgresql.writes import contents

#: kept for so long without a message that needs it
UNUSED_MS = 86_400_000
#: what this process has kept is not written again for so long
KNOWN_MS = UNUSED_MS // 4
#: how many of those are remembered
MAX_KNOWN = 100_000
#: digests that one sweep looks at
AT_ONCE = 256

_READ = "SELECT octets FROM content WHERE digest = $1"
_OLD = "SELECT digest FROM content WHERE digest > $1 AND kept_at < $2 ORDER BY digest LIMIT $3"


async def _read(db: asyncpg.Connection, digest: str) -> bytes | None:
    """Give the octets."""
    octets: bytes | None = await db.fetchval(_READ, digest)
    return octets


async def _old(db: asyncpg.Connection, after: str, before: int) -> list[str]:
    """Name what nobody has kept lately."""
    return [row[0] for row in await db.fetch(_OLD, after, before, AT_ONCE)]


class PostgresqlContents(Connections):
    """Rows of `content`."""

    clock: Clock
    #: what this process has kept, and when
    known: dict[str, int] = msgspec.field(default_factory=dict)
    #: where the next sweep goes on
    swept_up_to: str = ""

    async def keep(self, octets: bytes) -> str:
        digest, now = await asyncio.to_thread(digest_of, octets), self.clock.now()
        if now - self.known.get(digest, 0) < KNOWN_MS:
            return digest
        try:
            if not await self.writer.call(contents.touch, contents.Touch(digest, now)):
                # a transaction of its own, on the lane for what is large
                await self.writer.call(contents.keep, contents.Keep(digest, octets, now), messages=LARGE + 1)
        except OutcomeUnknown as fault:  # the message that needs it is not stored then
            raise StoreUnavailable(str(fault)) from fault
        if len(self.known) >= MAX_KNOWN:
            self.known.clear()
        self.known[digest] = now
        return digest

    def release(self, digests: Iterable[str]) -> None:
        """Let time do it."""

    async def read(self, digest: str) -> bytes | None:
        octets = await self.reads.ask(_read, digest)
        if octets is None or await asyncio.to_thread(digest_of, octets) != digest:
            return None
        return octets

    async def sweep(self, unused: Callable[[list[str]], Awaitable[set[str]]]) -> int:
        before = self.clock.now() - UNUSED_MS
        digests = await self.reads.ask(_old, self.swept_up_to, before)
        self.swept_up_to = digests[-1] if len(digests) == AT_ONCE else ""
        doomed = await unused(digests) if digests else set()
        if not doomed:
            return 0
        return await self.writer.call(contents.forget, contents.ForgetContent(tuple(sorted(doomed)), before))
