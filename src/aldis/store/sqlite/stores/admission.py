"""Implements `AdmissionStore`."""

from __future__ import annotations

from collections.abc import Awaitable

import apsw

from aldis.store.contract.admission import Acceptance
from aldis.store.memory.claims import Claims
from aldis.store.sqlite.engine.writer import Writer
from aldis.store.sqlite.reads.opt_ins import OptIns
from aldis.store.sqlite.writes import admission
from aldis.traffic.refusal import Refusal


class SqliteAdmission:
    """Accepts submissions, and tells the claims of them."""

    def __init__(self, writer: Writer, reader: apsw.Connection, claims: Claims, opt_ins: OptIns) -> None:
        self._writer = writer
        self._reader = reader
        self._claims = claims
        self.opted_in = opt_ins.look_up

    def take_ids(self, count: int) -> Awaitable[range]:
        return self._writer.call(admission.take_ids, count)

    async def accept(self, acceptance: Acceptance) -> Refusal | None:
        count = len(acceptance.messages)
        refusal = await self._writer.call(admission.accept, acceptance, messages=count)
        if refusal is None:
            self._claims.note_accepted(acceptance.messages)
        return refusal

    async def would_accept(self, acceptance: Acceptance) -> Refusal | None:
        return admission.judge(self._reader, acceptance)
