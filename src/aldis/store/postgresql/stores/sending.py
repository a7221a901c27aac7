"""Implements `SendingEngine`."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

import msgspec

from aldis.errors import LeaseLost
from aldis.store.contract.ownership import MAINTENANCE, Lease
from aldis.store.contract.sending import Share
from aldis.store.memory.sending import Found
from aldis.store.postgresql.reads import claiming
from aldis.store.postgresql.reads import poison as poison_reads
from aldis.store.postgresql.reads.watermark import START, Reached
from aldis.store.postgresql.stores.connections import Claiming, from_pool
from aldis.store.postgresql.writes import endings, late_answers, poison, sending
from aldis.traffic.message import AttemptResult, HandlingFault, LateAnswer
from aldis.traffic.slots import slot_of_id


class PostgresqlSending(Claiming):
    """Statements for who sends."""

    #: by link
    reached: dict[str, Reached] = msgspec.field(default_factory=dict)

    suspects = from_pool(poison_reads.suspects)
    next_suspect = from_pool(poison_reads.next_suspect)
    set_aside = from_pool(poison_reads.ids_of)
    links_of = from_pool(claiming.links_of)
    states_of = from_pool(claiming.states_of)

    async def find(
        self, leases: Sequence[Lease], limit: int, share: Share, now: int, claimed: set[int]
    ) -> Found:
        link = leases[0].link
        drops, known = self.claims.of(link).drops, self.reached.get(link)
        if known is None or not known.counts(leases, drops, now):
            known = Reached(START, now, leases, drops)
        asked = (leases, limit, share, now, claimed)
        found, watermark = await self.reads.ask(claiming.claim, *asked, known.watermark)
        if known.watermark != START and found.in_all < limit:  # more may lie behind it
            known = Reached(START, now, leases, drops)
            found, watermark = await self.reads.ask(claiming.claim, *asked)
        self.reached[link] = msgspec.structs.replace(known, watermark=watermark)
        return found

    def find_these(self, leases: Sequence[Lease], chosen: Sequence[int], now: int) -> Awaitable[Found]:
        return self.reads.ask(claiming.claim_these, leases, chosen, now)

    def recover(
        self, leases: Sequence[Lease], *, hold: bool, in_hand: tuple[int, ...], now: int
    ) -> Awaitable[int]:
        return self.writer.call(sending.recover, sending.Recover(tuple(leases), hold, in_hand, now))

    def recover_orphans(self, lease: Lease, links: tuple[str, ...], now: int) -> Awaitable[int]:
        return self.writer.call(sending.recover_orphans, sending.Orphans(lease, links, now))

    def mark(self, leases: Sequence[Lease], message_ids: tuple[int, ...]) -> Awaitable[None]:
        return self.writer.call(sending.mark, sending.Mark(_of(leases, message_ids), message_ids))

    def record(
        self, leases: Sequence[Lease], link: str, results: tuple[AttemptResult, ...], now: int
    ) -> Awaitable[None]:
        concerned = _of(leases, [result.message_id for result in results])
        item = sending.RecordResults(concerned, link, results, now)
        return self.writer.call(sending.record_results, item, messages=len(results))

    def record_late(self, link: str, answers: tuple[LateAnswer, ...], now: int) -> Awaitable[None]:
        return self.writer.call(late_answers.record_late, late_answers.RecordLate(link, answers, now))

    def note_faults(
        self, leases: Sequence[Lease], link: str, faults: tuple[HandlingFault, ...], now: int
    ) -> Awaitable[list[int]]:
        concerned = _of(leases, [fault.message_id for fault in faults])
        return self.writer.call(poison.note_faults, poison.NoteFaults(concerned, link, faults, now))

    def note_crash(self, lease: Lease, message_ids: tuple[int, ...], now: int) -> Awaitable[list[int]]:
        return self.writer.call(poison.note_crash, poison.NoteCrash(lease, message_ids, now))

    def acquit(self, message_ids: list[int]) -> Awaitable[None]:
        return self.writer.call(poison.acquit, message_ids)

    def cancel(self, message_ids: tuple[int, ...], reason: str, now: int) -> Awaitable[int]:
        item = endings.Cancel(message_ids, reason, now, self.claims.holder)
        return self.writer.call(endings.cancel, item, messages=len(message_ids))


def _of(leases: Sequence[Lease], message_ids: Sequence[int]) -> tuple[Lease, ...]:
    """Give the leases of the slots that messages are in, so that no write hangs on one that is just given
    back. Raises LeaseLost where there is none.
    """
    if not message_ids or leases[0].resource == MAINTENANCE:
        return tuple(leases)
    held = {lease.slot: lease for lease in leases}
    slots = {slot_of_id(message_id) for message_id in message_ids}
    if not slots <= held.keys():
        raise LeaseLost(f"slots {sorted(slots - held.keys())} of {leases[0].link} are not held any more")
    return tuple(held[slot] for slot in sorted(slots))
