"""Implements `SendingEngine`: reads are of pages in memory, so they run on the event loop, at once."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

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
    next_suspect = on_the_loop(poison_reads.next_suspect)
    set_aside = on_the_loop(poison_reads.ids_of)
    links_of = on_the_loop(claiming.links_of)
    states_of = on_the_loop(claiming.states_of)

    async def find(self, lease: Lease, limit: int, share: Share, now: int, claimed: set[int]) -> Found:
        ownership.check(self.reader, (lease,))
        return claiming.claim(self.reader, lease.link, limit, share, now, claimed=claimed)

    async def find_these(self, lease: Lease, chosen: Sequence[int], now: int) -> Found:
        ownership.check(self.reader, (lease,))
        return claiming.claim_these(self.reader, chosen, now)

    def recover(self, lease: Lease, *, hold: bool, in_hand: tuple[int, ...], now: int) -> Awaitable[int]:
        return self.writer.call(sending.recover, sending.Recover(lease, hold, in_hand, now))

    async def recover_orphans(self, lease: Lease, links: tuple[str, ...], now: int) -> int:
        while await self.writer.call(staging.remove, staging.ALL, messages=staging.PIECE):
            pass  # what a process that died had not stored whole
        return await self.writer.call(sending.recover_orphans, sending.Orphans(lease, links, now))

    def mark(self, lease: Lease, message_ids: tuple[int, ...]) -> Awaitable[None]:
        return self.writer.call(sending.mark, sending.Mark(lease, message_ids))

    def record(
        self, lease: Lease, link: str, results: tuple[AttemptResult, ...], now: int
    ) -> Awaitable[None]:
        item = sending.RecordResults(lease, link, results, now)
        return self.writer.call(sending.record_results, item, messages=len(results))

    def record_late(self, lease: Lease, answers: tuple[LateAnswer, ...], now: int) -> Awaitable[None]:
        item = late_answers.RecordLate(lease, lease.link, answers, now)
        return self.writer.call(late_answers.record_late, item)

    def note_faults(
        self, lease: Lease, link: str, faults: tuple[HandlingFault, ...], now: int
    ) -> Awaitable[list[int]]:
        return self.writer.call(poison.note_faults, poison.NoteFaults(lease, link, faults, now))

    def note_crash(self, lease: Lease, message_ids: tuple[int, ...], now: int) -> Awaitable[list[int]]:
        return self.writer.call(poison.note_crash, poison.NoteCrash(lease, message_ids, now))

    def acquit(self, message_ids: list[int]) -> Awaitable[None]:
        return self.writer.call(poison.acquit, message_ids)

    def cancel(self, message_ids: tuple[int, ...], reason: str, now: int) -> Awaitable[int]:
        item = endings.Cancel(message_ids, reason, now)
        return self.writer.call(endings.cancel, item, messages=len(message_ids))
