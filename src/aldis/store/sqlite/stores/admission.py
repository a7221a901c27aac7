"""Implements `AdmissionStore`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from msgspec.structs import astuple

from aldis.store.contract.admission import Acceptance
from aldis.store.contract.consent import OptInKey
from aldis.store.sqlite.engine.writer import LARGE
from aldis.store.sqlite.stores.connections import Connections, on_the_loop
from aldis.store.sqlite.writes import admission, staging
from aldis.traffic.refusal import Refusal

#: messages that are handed over together, and of a larger submission at a time
AT_ONCE, PIECE = 1_000, 250


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
        messages = acceptance.messages
        if len(messages) > AT_ONCE and not any(message.parts for message in messages):
            refusal = await self._accept_in_pieces(acceptance)
        else:
            refusal = await self.writer.call(admission.accept, acceptance, messages=len(messages))
        if refusal is None:
            self.claims.note_accepted(messages)
        return refusal

    async def _accept_in_pieces(self, acceptance: Acceptance) -> Refusal | None:
        """Hand messages over piece by piece, others' calls between, and then have all of them stored."""
        account_id, prepaid, messages, entry = astuple(acceptance)
        stage, is_done = messages[0].message_id, False
        try:
            for start in range(0, len(messages), PIECE):
                piece = staging.StagedMessages(stage, messages[start : start + PIECE])
                await self.writer.call(staging.stage, piece, messages=PIECE)
            price = sum([message.price_micros * message.segments for message in messages])
            scoped = tuple([message for message in messages if message.duplicate_scope])
            staged = staging.StagedAcceptance(stage, account_id, prepaid, price, scoped, entry)
            refusal = await self.writer.call(staging.accept_staged, staged, messages=len(messages))
            is_done = True
        finally:
            if not is_done:  # behind the piece that is under way; where it fails too, nobody is left to hear
                forgotten = self.writer.call(staging.unstage, stage, messages=PIECE)
                forgotten.add_done_callback(asyncio.Future.exception)
        return refusal
