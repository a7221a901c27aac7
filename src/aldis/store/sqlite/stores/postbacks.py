"""Implements `PostbackStore` for a poster in the gateway's own process."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from aldis.store.sqlite.engine.writer import Writer
from aldis.store.sqlite.reads.due import DuePostbacks
from aldis.store.sqlite.writes import postbacks
from aldis.traffic.postback import PostbackResult


class SqlitePostbacks(DuePostbacks):
    """Hears of each transaction what it owes."""

    def __init__(self, writer: Writer, reader: apsw.Connection) -> None:
        super().__init__(reader)
        self._writer = writer
        writer.on_ran = self.note

    async def finish(self, results: Sequence[PostbackResult]) -> None:
        await self._writer.call(postbacks.finish, results, messages=len(results))
