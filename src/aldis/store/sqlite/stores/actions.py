"""Implements `ActionStore`."""

from __future__ import annotations

import msgspec

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.admission import Acceptance
from aldis.store.memory.claims import Claims
from aldis.store.sqlite.engine.writer import Writer
from aldis.store.sqlite.writes import cancelling, orders
from aldis.traffic.message import NewMessage
from aldis.traffic.refusal import Refusal


class SqliteActions(msgspec.Struct, frozen=True):
    """Lets be what is claimed, and tells the claims of what is accepted."""

    writer: Writer
    claims: Claims

    async def cancel(self, message_id: int, link: str, entry: AuditEntry) -> bool:
        hands = [(self.claims.of(link), message_id)]
        if message_id in hands[0][0].claimed:
            return False
        with self.claims.in_our_hands(hands):
            cancel = cancelling.Cancel((message_id,), cancelling.CANCELLED, entry.at)
            return await self.writer.call(orders.cancel_message, orders.CancelMessage(cancel, entry))

    async def send_again(
        self, message: NewMessage, *, prepaid: bool, entry: AuditEntry, command_id: int = 0
    ) -> Refusal | None:
        acceptance = Acceptance(message.account_id, prepaid, (message,))
        refusal = await self.writer.call(orders.accept_again, orders.Again(acceptance, entry, command_id))
        if refusal is None:
            self.claims.note_accepted(acceptance.messages)
        return refusal
