"""Implements `AdmissionStore`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import msgspec
from msgspec.structs import astuple

from aldis.errors import TemporaryError
from aldis.store.contract.admission import Acceptance
from aldis.store.contract.consent import OptInKey
from aldis.store.sqlite.engine.writer import LARGE
from aldis.store.sqlite.stores.connections import Connections, on_the_loop
from aldis.store.sqlite.writes import admission, staging
from aldis.store.sqlite.writes.staging import PIECE
from aldis.traffic.refusal import Refusal

#: messages that are handed over together; of larger submissions, a piece at a time
AT_ONCE = 1_000


class SqliteAdmission(Connections):
    """Accepts submissions, and tells the claims of them."""

    opted_in: Callable[[Sequence[OptInKey]], Awaitable[set[OptInKey]]]
    removals: set[asyncio.Task[None]] = msgspec.field(default_factory=set)

    available = on_the_loop(admission.available)

    def take_ids(self, count: int) -> Awaitable[range]:
        return self.writer.call(admission.take_ids, count)

    async def would_accept(self, acceptance: Acceptance) -> Refusal | None:
        if len(acceptance.messages) > LARGE:
            return await self.scans.ask(admission.judge, acceptance)
        return admission.judge(self.reader, acceptance)

    async def accept(self, acceptance: Acceptance) -> Refusal | None:
        messages = acceptance.messages
        if len(messages) > AT_ONCE and not any(message.parts for message in messages):
            refusal = await self._accept_in_pieces(acceptance)
        else:
            refusal = await self.writer.call(admission.accept, acceptance, messages=len(messages))
        if refusal is None:
            self.claims.note_accepted(messages)
        return refusal

    async def _accept_in_pieces(self, acceptance: Acceptance) -> Refusal | None:
        """Store messages piece by piece, others' calls between, and then have all of them seen."""
        refusal = await self.would_accept(acceptance)
        if refusal is not None:
            return refusal
        account_id, prepaid, messages, entry = astuple(acceptance)
        stage, is_done = messages[0].message_id, False
        try:
            for start in range(0, len(messages), PIECE):
                piece = staging.StagedMessages(stage, messages[start : start + PIECE])
                await self.writer.call(staging.stage, piece, messages=PIECE)
            price = sum([message.price_micros * message.segments for message in messages])
            scoped = tuple([message for message in messages if message.duplicate_scope])
            staged = staging.StagedAcceptance(stage, len(messages), account_id, prepaid, price, scoped, entry)
            refusal = await self.writer.call(staging.accept_staged, staged, messages=len(scoped))
            is_done = refusal is None
        finally:
            if not is_done:
                task = asyncio.create_task(self._remove(stage))
                self.removals.add(task)
                task.add_done_callback(self.removals.discard)
        return refusal

    async def _remove(self, stage: int) -> None:
        """Remove what is stored of a submission that is not accepted, behind a piece that is under way."""
        with suppress(TemporaryError):  # nobody sees it, and the next start removes it
            while await self.writer.call(staging.remove, stage, messages=PIECE):
                pass
