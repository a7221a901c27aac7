"""Implements `PostbackStore` for a poster in the gateway's own process."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import apsw

from aldis.store.contract.outbox import EndedWebhook
from aldis.store.contract.ownership import Lease
from aldis.store.sqlite.engine.writer import Runner, Writer
from aldis.store.sqlite.reads.due import DuePostbacks
from aldis.store.sqlite.writes import postbacks
from aldis.traffic.postback import PostbackResult, Webhook


class SqlitePostbacks(DuePostbacks):
    """Makes the writer, and hears of each transaction what it owes."""

    def __init__(self, runner: Runner, reader: apsw.Connection) -> None:
        super().__init__(reader)
        self.writer = Writer(runner, self.note)

    async def finish(self, results: Sequence[PostbackResult], _leases: Collection[Lease] = (), /) -> None:
        await self.writer.call(postbacks.finish, results, messages=len(results))

    async def end_webhook(self, webhook: Webhook, now: int, _leases: Collection[Lease] = (), /) -> None:
        await self.writer.call(postbacks.end_webhooks, EndedWebhook(*webhook, now))
        self.note_ended(webhook)
