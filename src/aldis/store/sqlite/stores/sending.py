"""Implements `SendingEngine`: reads are of pages in memory, so they run on the event loop, at once. A link
has one slot, and whoever sends one lease.
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Sequence

from aldis.store.contract.ownership import Lease
from aldis.store.contract.sending import Share
from aldis.store.memory.sending import Found
from aldis.store.sqlite.reads import claiming
from aldis.store.sqlite.reads import poison as poison_reads
from aldis.store.sqlite.stores.connections import Connections, on_the_loop
from aldis.store.sqlite.writes import endings, late_answers, ownership, poison, sending, staging
from aldis.traffic.message import AttemptResult, HandlingFault, LateAnswer


class SqliteSending(Connections):
    """Statements for who sends."""

    suspects = on_the_loop(poison_reads.suspects)
    set_aside = on_the_loop(poison_reads.ids_of)
    links_of = on_the_loop(claiming.links_of)
    states_of = on_the_loop(claiming.states_of)

    async def next_suspect(self, leases: Sequence[Lease], suspects: Collection[int], now: int) -> int | None:
        return poison_reads.next_suspect(self.reader, leases[0].link, suspects, now)

    async def find(
        self, leases: Sequence[Lease], limit: int, share: Share, now: int, claimed: set[int]
    ) -> Found:
        ownership.check(self.reader, leases)
        return claiming.claim(self.reader, leases[0].link, limit, share, now, claimed=claimed)

    async def find_these(self, leases: Sequence[Lease], chosen: Sequence[int], now: int) -> Found:
        ownership.check(self.reader, leases)
        return claiming.claim_these(self.reader, chosen, now)

    def recover(
        self, leases: Sequence[Lease], *, hold: bool, in_hand: tuple[int, ...], now: int
    ) -> Awaitable[int]:
        return self.writer.call(sending.recover, sending.Recover(leases[0], hold, in_hand, now))

    async def recover_orphans(self, lease: Lease, links: tuple[str, ...], now: int) -> int:
        while await self.writer.call(staging.remove, staging.ALL, messages=staging.PIECE):
            pass  # what a process that died had not stored whole
        return await self.writer.call(sending.recover_orphans, sending.Orphans(lease, links, now))

    def mark(self, leases: Sequence[Lease], message_ids: tuple[int, ...]) -> Awaitable[None]:
        return self.writer.call(sending.mark, sending.Mark(leases[0], message_ids))

    def record(
        self, leases: Sequence[Lease], link: str, results: tuple[AttemptResult, ...], now: int
    ) -> Awaitable[None]:
        item = sending.RecordResults(leases[0], link, results, now)
        return self.writer.call(sending.record_results, item, messages=len(results))

    def record_late(self, link: str, answers: tuple[LateAnswer, ...], now: int) -> Awaitable[None]:
        return self.writer.call(late_answers.record_late, late_answers.RecordLate(link, answers, now))

    def note_faults(
        self, leases: Sequence[Lease], link: str, faults: tuple[HandlingFault, ...], now: int
    ) -> Awaitable[list[int]]:
        return self.writer.call(poison.note_faults, poison.NoteFaults(leases[0], link, faults, now))

    def note_crash(self, lease: Lease, message_ids: tuple[int, ...], now: int) -> Awaitable[list[int]]:
        return self.writer.call(poison.note_crash, poison.NoteCrash(lease, message_ids, now))

    def acquit(self, message_ids: list[int]) -> Awaitable[None]:
        return self.writer.call(poison.acquit, message_ids)

    def cancel(self, message_ids: tuple[int, ...], reason: str, now: int) -> Awaitable[int]:
        item = endings.Cancel(message_ids, reason, now)
        return self.writer.call(endings.cancel, item, messages=len(message_ids))
