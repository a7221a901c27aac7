"""Implements `AdmissionStore`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from aldis.store.contract.admission import Acceptance
from aldis.store.contract.consent import OptInKey
from aldis.store.sqlite.engine.writer import LARGE
from aldis.store.sqlite.stores.connections import Connections, on_the_loop
from aldis.store.sqlite.writes import admission
from aldis.traffic.refusal import Refusal


class SqliteAdmission(Connections):
    """Accepts submissions, and tells the claims of them."""

    opted_in: Callable[[Sequence[OptInKey]], Awaitable[set[OptInKey]]]

    available = on_the_loop(admission.available)

    def take_ids(self, count: int) -> Awaitable[range]:
        return self.writer.call(admission.take_ids, count)

    async def would_accept(self, acceptance: Acceptance) -> Refusal | None:
        if len(acceptance.messages) > LARGE:
            return await self.scans.ask(admission.judge, acceptance)
        return admission.judge(self.reader, acceptance)

    async def accept(self, acceptance: Acceptance) -> Refusal | None:
        count = len(acceptance.messages)
        refusal = await self.writer.call(admission.accept, acceptance, messages=count)
        if refusal is None:
            self.claims.note_accepted(acceptance.messages)
        return refusal
