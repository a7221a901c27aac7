"""Implements `QueryStore`."""

from __future__ import annotations

from aldis.store.contract.queries import Balance
from aldis.store.sqlite.engine.rows import first
from aldis.store.sqlite.reads import inbound, queries
from aldis.store.sqlite.stores.connections import Connections, in_a_thread, on_the_loop
from aldis.store.sqlite.writes import endings
from aldis.traffic.states import State


class SqliteQueries(Connections):
    """`scans` are the customers' own: they must not keep the gateway waiting."""

    submission = on_the_loop(queries.submission)
    usage = in_a_thread(queries.usage)
    inbound = in_a_thread(inbound.find)

    async def cancel(self, account_id: int, dialect: str, reference: str, now: int) -> int | None:
        found = queries.submission(self.reader, account_id, dialect, reference)
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
        return await self.end_unclaimed(hands, endings.CANCELLED, now)

    async def balance(self, account_id: int) -> Balance:
        sql = "SELECT credited, held, spent FROM account WHERE account_id = ?"
        return Balance(*(first(self.reader, sql, (account_id,)) or ()))
