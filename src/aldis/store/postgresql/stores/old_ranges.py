"""Makes ranges ahead, and drops those that are old. One gateway does it: whoever looks after maintenance."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg

from aldis.store.postgresql.engine import ranges
from aldis.store.postgresql.engine.faults import FAULTS, translated
from aldis.store.postgresql.engine.ranges import Range
from aldis.store.postgresql.engine.schema_locks import RANGES
from aldis.store.postgresql.engine.writer import Writer
from aldis.store.postgresql.writes import old_ranges
from aldis.traffic.ids import first_id_at

#: it is looked for old ranges, and whether new ones are needed, this often
LOOK_EVERY_MS = 60_000
#: an old transaction may keep a range for so long, and maintenance with it; then it is left to the next look
DROP_WAIT = "300ms"
#: nobody moves anything from or to this database: a range that is dropped would not be noticed there
_IS_STILL = "SELECT NOT EXISTS (SELECT 1 FROM account_move) AND NOT EXISTS (SELECT 1 FROM moving)"
_WAITS = """
SELECT EXISTS (SELECT 1 FROM queue WHERE message_id >= $1 AND message_id < $2)
    OR EXISTS (SELECT 1 FROM sent WHERE message_id >= $1 AND message_id < $2)
    OR EXISTS (SELECT 1 FROM inbound WHERE inbound_id >= $1 AND inbound_id < $2)
    OR EXISTS (SELECT 1 FROM pending_postback WHERE message_id >= $1 AND message_id < $2)"""
_NEWEST_END = "SELECT coalesce(max(ended_at), 0) FROM ended WHERE message_id >= $1 AND message_id < $2"


class OldRanges:
    """The ranges of a database."""

    def __init__(self, connect: Callable[[], Awaitable[asyncpg.Connection]], writer: Writer) -> None:
        """`connect`: makes a connection that may change the schema."""
        self._connect = connect
        self._writer = writer
        self._made_at = self._looked_at = 0
        #: messages below this id are forgotten row by row; None: all
        self.by_row: int | None = None
        #: by the end of a range: when the last of its messages ended
        self._newest_end: dict[int, int] = {}
        #: the one that is about to go, and from which id on it has to be looked at
        self._going: tuple[Range, int] | None = None

    async def make_ahead(self, now: int, retention_ms: int) -> None:
        """Make ranges for new ids where they are missing."""
        if 0 <= now - self._made_at < LOOK_EVERY_MS:
            return
        length = ranges.length_for(retention_ms)
        async with self._alone() as db:
            if db is not None:
                made = await ranges.make_ahead(db, length)
                stuck = (first_id_at(now - retention_ms) >> ranges.BLOCK_BITS) - length
                self.by_row = max(
                    (each.end_id for each in made if not each.begin or each.end <= stuck), default=0
                )
                self._made_at = now

    async def forget(self, limit: int, before: int) -> int:
        """Take a step towards dropping the oldest range whose messages all ended before an instant and owe
        nothing: forget what up to `limit` of them have elsewhere, and drop it after the last. Returns how
        many messages these were.
        """
        if self._going is None and not await self._look(before):
            return 0
        if self._going is None:
            return 0
        old, begin = self._going
        item = old_ranges.Beside(begin, old.end_id, limit)
        count, last = await self._writer.call(old_ranges.forget_beside, item)
        self._going = old, last + 1
        if count < limit:
            self._going = None
            async with self._alone() as db:
                if db is not None and await self._is_over(db, old, before):
                    await ranges.drop(db, old)
                    self._newest_end.pop(old.end, None)
                    self._looked_at = 0
        return count

    async def _look(self, before: int) -> bool:
        """Choose the range that is to go next."""
        if 0 <= before - self._looked_at < LOOK_EVERY_MS:
            return False
        self._looked_at = before
        async with self._alone() as db:
            if db is None or not await db.fetchval(_IS_STILL):
                return False
            await ranges.drop_detached(db, await ranges.read_detached(db))
            for each in await ranges.read_ranges(db):
                if each.end_id <= first_id_at(before) and await self._is_over(db, each, before):
                    self._going = each, each.first_id
                    return True
        return False

    async def _is_over(self, db: asyncpg.Connection, old: Range, before: int) -> bool:
        """Tell whether all messages of a range ended before an instant, and owe nothing. When the last ended
        is asked once nothing waits, and once more when that is old.
        """
        bounds = old.first_id, old.end_id
        if await db.fetchval(_WAITS, *bounds) or self._newest_end.get(old.end, 0) > before:
            return False
        self._newest_end[old.end] = await db.fetchval(_NEWEST_END, *bounds)
        return self._newest_end[old.end] <= before

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[asyncpg.Connection | None]:
        """Give a connection while no other gateway does the same, or None."""
        db = await self._connect()
        try:
            await db.execute(f"SET lock_timeout = '{DROP_WAIT}'")
            yield db if await db.fetchval("SELECT pg_try_advisory_lock($1)", RANGES) else None
        except asyncpg.LockNotAvailableError:
            pass  # an older transaction has it; the next look goes on
        except FAULTS as fault:
            raise translated(fault) from None
        finally:
            db.terminate()
