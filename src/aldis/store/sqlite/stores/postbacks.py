"""Implements `PostbackStore` for a poster in the gateway's own process."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from aldis.store.sqlite.engine.writer import Runner, Writer
from aldis.store.sqlite.reads.due import DuePostbacks
from aldis.store.sqlite.writes import postbacks
from aldis.traffic.postback import PostbackResult


class SqlitePostbacks(DuePostbacks):
    """Makes the writer, and hears of each transaction what it owes."""

    def __init__(self, runner: Runner, reader: apsw.Connection) -> None:
        super().__init__(reader)
        self.writer = Writer(runner, self.note)

    async def finish(self, results: Sequence[PostbackResult]) -> None:
        await self.writer.call(postbacks.finish, results, messages=len(results))
