"""Implements `AdmissionStore`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from aldis.store.contract.admission import Acceptance
from aldis.store.contract.consent import OptInKey
from aldis.store.postgresql.stores.connections import Claiming, from_pool
from aldis.store.postgresql.writes import admission
from aldis.traffic.refusal import Refusal


class PostgresqlAdmission(Claiming):
    """Accepts submissions, and tells the claims of them."""

    opted_in: Callable[[Sequence[OptInKey]], Awaitable[set[OptInKey]]]

    available = from_pool(admission.available)
    would_accept = from_pool(admission.judge)

    def take_ids(self, count: int) -> Awaitable[range]:
        return self.writer.call(admission.take_ids, count)

    async def accept(self, acceptance: Acceptance) -> Refusal | None:
        messages, drops = acceptance.messages, self.claims.drops
        refusal = await self.writer.call(admission.accept, acceptance, messages=len(messages))
        if refusal is None:
            self.claims.note_accepted(messages, drops)
        return refusal
