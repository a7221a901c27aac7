"""Implements `QueryStore`."""

from __future__ import annotations

from aldis.store.contract.queries import Balance
from aldis.store.sqlite.engine.rows import first
from aldis.store.sqlite.reads import inbound, queries
from aldis.store.sqlite.stores.cancelling import cancel
from aldis.store.sqlite.stores.connections import Connections
from aldis.store.sqlite.writes import cancelling
from aldis.traffic.inbound import InboundFacts
from aldis.traffic.message import MessageStatus
from aldis.traffic.query import Usage
from aldis.traffic.states import State


class SqliteQueries(Connections):
    """`scans` are the customers' own: they must not keep the gateway waiting."""

    async def submission(self, account_id: int, dialect: str, reference: str) -> list[MessageStatus]:
        return queries.submission(self.reader, account_id, dialect, reference)

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
        return await cancel(self.writer, self.claims, hands, cancelling.CANCELLED, now)

    async def usage(self, account_id: int, since: int, until: int, label: str | None) -> list[Usage]:
        return await self.scans.ask(queries.usage, account_id, since, until, label)

    async def inbound(
        self, account_id: int | None, since: int, until: int, page: tuple[int, int]
    ) -> tuple[list[InboundFacts], int]:
        return await self.scans.ask(inbound.find, account_id, since, until, page)

    async def balance(self, account_id: int) -> Balance:
        sql = "SELECT credited, held, spent FROM account WHERE account_id = ?"
        return Balance(*(first(self.reader, sql, (account_id,)) or ()))
