"""Implements `QueryStore`."""

from __future__ import annotations

from aldis.store.contract.queries import FEW
from aldis.store.postgresql.reads import inbound, queries
from aldis.store.postgresql.stores.connections import Claiming, from_pool
from aldis.store.rules.cancelling import is_early
from aldis.store.rules.endings import CANCELLED
from aldis.traffic.submission import MOST_MESSAGES

#: what another gateway sends is called back no later than this before it is due: to be kept takes less
ELSEWHERE_MS = 10_000


class PostgresqlQueries(Claiming):
    """The pool is the customers' own: they must not keep the gateway waiting."""

    submission = from_pool(queries.submission)
    usage = from_pool(queries.usage)
    inbound = from_pool(inbound.find)
    balance = from_pool(queries.balance)

    async def cancel(self, account_id: int, dialect: str, reference: str, now: int) -> int | None:
        found = await self.submission(account_id, dialect, reference)
        if len(found) == FEW:
            found = await self.submission(account_id, dialect, reference, limit=MOST_MESSAGES)
        if not found:
            return None
        hands = [(self.claims.of(each.message.link), each.message.message_id) for each in found]
        if not is_early(found, now) or any(message_id in link.claimed for link, message_id in hands):
            return 0
        return await self.end_unclaimed(hands, CANCELLED, now, free_from=now + ELSEWHERE_MS)
