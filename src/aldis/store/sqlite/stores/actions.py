"""Implements `ActionStore`."""

from __future__ import annotations

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.admission import Acceptance
from aldis.store.sqlite.stores.connections import Connections
from aldis.store.sqlite.writes import actions, cancelling
from aldis.traffic.message import NewMessage
from aldis.traffic.refusal import Refusal


class SqliteActions(Connections):
    """Lets be what is claimed, and tells the claims of what is accepted."""

    async def cancel(self, message_id: int, link: str, entry: AuditEntry) -> bool:
        hands = [(self.claims.of(link), message_id)]
        if message_id in hands[0][0].claimed:
            return False
        with self.claims.in_our_hands(hands):
            cancel = cancelling.Cancel((message_id,), cancelling.CANCELLED, entry.at)
            return await self.writer.call(actions.cancel, actions.CancelMessage(cancel, entry))

    async def send_again(
        self, message: NewMessage, *, prepaid: bool, entry: AuditEntry, command_id: int = 0
    ) -> Refusal | None:
        acceptance = Acceptance(message.account_id, prepaid, (message,))
        refusal = await self.writer.call(actions.send_again, actions.Again(acceptance, entry, command_id))
        if refusal is None:
            self.claims.note_accepted(acceptance.messages)
        return refusal
