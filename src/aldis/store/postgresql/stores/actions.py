"""Implements `ActionStore`."""

from __future__ import annotations

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.admission import Acceptance
from aldis.store.contract.ownership import slot_of
from aldis.store.postgresql.reads import leases
from aldis.store.postgresql.reads import poison as poison_reads
from aldis.store.postgresql.stores.connections import Claiming, from_pool
from aldis.store.postgresql.writes import actions, endings, poison
from aldis.store.rules.endings import CANCELLED
from aldis.traffic.message import NewMessage
from aldis.traffic.refusal import Refusal
from aldis.traffic.slots import slot_of_id


class PostgresqlActions(Claiming):
    """Lets be what is claimed, and tells the claims of what is accepted."""

    poison = from_pool(poison_reads.set_aside)

    async def cancel(self, message_id: int, link: str, entry: AuditEntry) -> bool:
        hands = [(self.claims.of(link), message_id)]
        if message_id in hands[0][0].claimed:
            return False
        with self.claims.in_our_hands(hands):
            cancel = endings.Cancel((message_id,), CANCELLED, entry.at, self.claims.holder)
            return await self.writer.call(actions.cancel, (cancel, entry))

    async def is_anothers(self, message_id: int, link: str) -> bool:
        slot = slot_of(link, slot_of_id(message_id))
        return await self.reads.ask(leases.is_anothers, slot, self.claims.holder)

    async def try_again(self, message_id: int, link: str, entry: AuditEntry, command_id: int = 0) -> bool:
        item = poison.TryAgain(message_id, entry, command_id)
        done = await self.writer.call(poison.try_again, item)
        if done:
            claims = self.claims.of(link)
            claims.poison.discard(message_id)
            claims.drop_fresh()
            self.claims.suspects = await self.reads.ask(poison_reads.suspects)
        return done

    async def send_again(
        self, message: NewMessage, *, prepaid: bool, entry: AuditEntry, command_id: int = 0
    ) -> Refusal | None:
        acceptance = Acceptance(message.account_id, prepaid, (message,))
        refusal = await self.writer.call(actions.send_again, actions.Again(acceptance, entry, command_id))
        if refusal is None:
            self.claims.note_accepted(acceptance.messages)
        return refusal
