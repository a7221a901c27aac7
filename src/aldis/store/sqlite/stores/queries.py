"""Implements `QueryStore`."""

from __future__ import annotations

from aldis.store.contract.queries import FEW, Balance
from aldis.store.rules.endings import CANCELLED
from aldis.store.sqlite.engine.rows import first
from aldis.store.sqlite.reads import inbound, queries
from aldis.store.sqlite.stores.connections import Connections, in_a_thread
from aldis.traffic.message import MessageStatus
from aldis.traffic.states import State
from aldis.traffic.submission import MOST_MESSAGES


class SqliteQueries(Connections):
    """`scans` are the customers' own: they must not keep the gateway waiting."""

    usage = in_a_thread(queries.usage)
    inbound = in_a_thread(inbound.find)

    async def submission(
        self, account_id: int, dialect: str, reference: str, after: int = 0, limit: int = FEW
    ) -> list[MessageStatus]:
        asked = (account_id, dialect, reference, after, limit)
        if limit > FEW:
            return await self.scans.ask(queries.submission, *asked)
        return queries.submission(self.reader, *asked)

    async def cancel(self, account_id: int, dialect: str, reference: str, now: int) -> int | None:
        found = await self.submission(account_id, dialect, reference)
        if len(found) == FEW:
            found = await self.submission(account_id, dialect, reference, limit=MOST_MESSAGES)
        if not found:
            return None
        if any(
            each.message.state is not State.QUEUED or each.message.attempts or each.due_at <= now
            for each in found
        ):
            return 0
        hands = [(self.claims.of(each.message.link), each.message.message_id) for each in found]
        if any(message_id in link.claimed for link, message_id in hands):
            return 0
        return await self.end_unclaimed(hands, CANCELLED, now)

    async def balance(self, account_id: int) -> Balance:
        sql = "SELECT credited, held, spent FROM account WHERE account_id = ?"
        return Balance(*(first(self.reader, sql, (account_id,)) or ()))
