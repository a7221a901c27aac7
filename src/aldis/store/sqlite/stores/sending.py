"""Implements `SendingStore`: what is claimed is in memory (`memory/claims.py`), because one process sends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

import msgspec
import structlog

from aldis.errors import TemporaryError
from aldis.store.batches import store_apart
from aldis.store.contract.ownership import Lease
from aldis.store.contract.sending import Share
from aldis.store.memory.claims import LinkClaims
from aldis.store.memory.outcome_journal import JournaledResults, OutcomeJournal
from aldis.store.rules.endings import OPTED_OUT
from aldis.store.sqlite.reads import claiming
from aldis.store.sqlite.reads import poison as poison_reads
from aldis.store.sqlite.stores.connections import Connections
from aldis.store.sqlite.writes import late_answers, ownership, poison, sending
from aldis.traffic.message import MAX_FAULTS, AttemptResult, ClaimedMessage, HandlingFault, LateAnswer
from aldis.traffic.states import REQUEUED, Event, sources

log = structlog.get_logger()


class SqliteSending(Connections):
    """Claims, and what came of them."""

    #: for whoever sends
    outcomes: OutcomeJournal | None
    cancellations: set[asyncio.Task[None]] = msgspec.field(default_factory=set)

    async def recover(self, lease: Lease, *, hold: bool, now: int) -> int:
        await self._count_crash(lease, now)
        self.claims.of(lease.link).poison |= poison_reads.ids_of(self.reader, lease.link)
        await self._record_left_over(lease, lambda link: link == lease.link)
        in_hand = self._left_over(lambda link: link == lease.link)
        count = await self.writer.call(sending.recover, sending.Recover(lease, hold, in_hand, now))
        self._drop_left_over(in_hand)
        self.claims.of(lease.link).begin()
        return count

    async def recover_orphans(self, lease: Lease, links: Sequence[str], now: int) -> int:
        await self._count_crash(lease, now)
        await self._record_left_over(lease, lambda link: link not in links)
        count = await self.writer.call(sending.recover_orphans, sending.Orphans(lease, tuple(links), now))
        self._drop_left_over(self._left_over(lambda link: link not in links))
        return count

    async def claim(self, lease: Lease, limit: int, share: Share, now: int) -> list[ClaimedMessage]:
        link = lease.link
        claims, suspects = self.claims.of(link), self.claims.suspects
        only = self.claims.only(self._next_suspect(link, now), now) if suspects else None
        if only is None and not claims.must_read(now, lease):
            return claims.claim_fresh(limit, share, now)
        ownership.check(self.reader, (lease,))
        if only is not None:
            found = claiming.claim_these(self.reader, only, now)
        else:
            unavailable = claims.unavailable | suspects if suspects else claims.unavailable
            found = claiming.claim(self.reader, link, limit, share, now, claimed=unavailable)
        is_all = only is None and found.in_all < limit and not found.blocked
        claims.note_read(found.messages, now, lease, is_all=is_all)
        if found.blocked:  # not awaited: what is handed out must not be older than what senders are told
            hands = [(claims, message_id) for message_id in found.blocked]
            task = asyncio.create_task(self._cancel_blocked(hands, now))
            self.cancellations.add(task)
            task.add_done_callback(self.cancellations.discard)
        return found.messages

    async def mark(self, lease: Lease, message_ids: Sequence[int]) -> None:
        await self.writer.call(sending.mark, sending.Mark(lease, tuple(message_ids)))

    def release(self, lease: Lease, message_ids: Sequence[int]) -> None:
        claims = self.claims.of(lease.link)
        if not claims.is_over(lease):
            claims.give_back(message_ids)
            claims.drop_fresh()
        if self.outcomes is not None:
            self.outcomes.note_recorded(message_ids)

    def journal(self, lease: Lease, results: Sequence[AttemptResult], now: int) -> bool:
        if self.outcomes is None:
            return False
        return self.outcomes.note(JournaledResults(lease.link, tuple(results), now, lease.epoch))

    async def record(self, lease: Lease, results: Sequence[AttemptResult], now: int) -> None:
        item = sending.RecordResults(lease, lease.link, tuple(results), now)
        await self.writer.call(sending.record_results, item, messages=len(results))
        if self.claims.suspects:
            await self._acquit(results)
        message_ids = [result.message_id for result in results]
        if self.outcomes is not None:
            self.outcomes.note_recorded(message_ids)
        claims = self.claims.of(lease.link)
        claims.give_back(message_ids)
        if any(result.event in REQUEUED for result in results):
            claims.drop_fresh()

    async def note_faults(self, lease: Lease, faults: Sequence[HandlingFault], now: int) -> list[int]:
        item = poison.NoteFaults(lease, lease.link, tuple(faults), now)
        aside = await self.writer.call(poison.note_faults, item)
        self.claims.of(lease.link).poison.update(aside)
        return aside

    async def record_late(self, lease: Lease, answers: Sequence[LateAnswer], now: int) -> None:
        item = late_answers.RecordLate(lease, lease.link, tuple(answers), now)
        await self.writer.call(late_answers.record_late, item)
        self.claims.drop_fresh()  # those that waited to be repeated are due, on whichever link they wait now

    async def _cancel_blocked(self, hands: list[tuple[LinkClaims, int]], now: int) -> None:
        try:
            await self.end_unclaimed(hands, OPTED_OUT, now)
        except TemporaryError as fault:  # the next claim finds them again
            log.error("messages to people who opted out cannot be cancelled now", fault=str(fault))

    def _next_suspect(self, link: str, now: int) -> int | None:
        return poison_reads.next_suspect(self.reader, link, self.claims.suspects, now)

    async def _count_crash(self, lease: Lease, now: int) -> None:
        """Count what a process that died had in hand, before anything of it is touched again."""
        journal = self.claims.journal
        if journal is not None and journal.left_over and not journal.is_counted:
            crash = poison.NoteCrash(lease, tuple(journal.left_over), now)
            aside = await self.writer.call(poison.note_crash, crash)
            journal.is_counted = True
            if aside:
                log.error("set aside, because the gateway crashes with it", message_ids=aside)
        self.claims.suspects = poison_reads.suspects(self.reader)

    def _left_over(self, is_meant: Callable[[str], bool]) -> tuple[int, ...]:
        """Give what a process that died had in hand of links; what is not known any more is everybody's."""
        journal = self.claims.journal
        if journal is None or not journal.left_over:
            return ()
        links = claiming.links_of(self.reader, journal.left_over)
        return tuple(each for each in journal.left_over if each not in links or is_meant(links[each]))

    def _drop_left_over(self, message_ids: Sequence[int]) -> None:
        if message_ids and self.claims.journal is not None:
            self.claims.journal.drop_left_over(message_ids)

    async def _acquit(self, results: Sequence[AttemptResult]) -> None:
        """Let suspects be as all others are once they were tried and we live."""
        tried = {result.message_id for result in results if result.event is not Event.RELEASED}
        cleared = tried & self.claims.suspects
        if cleared:
            self.claims.suspects -= cleared
            with suppress(TemporaryError):  # after the next crash it is tried alone again
                await self.writer.call(poison.acquit, list(cleared))

    async def _record_left_over(self, lease: Lease, is_meant: Callable[[str], bool]) -> None:
        """Record what a process that died had journalled of links, as far as it had not been recorded: the
        table of states tells. Notes of every epoch are true: one who has them has the data as well.
        """
        if self.outcomes is None:
            return
        left = [each for each in self.outcomes.left_over if is_meant(each.link)]
        aside = set().union(
            *(poison_reads.ids_of(self.reader, link) for link in {each.link for each in left})
        )
        for heard in left:
            states = claiming.states_of(self.reader, [result.message_id for result in heard.results])
            pending = [
                each
                for each in heard.results
                if each.message_id not in aside and states.get(each.message_id) in sources(each.event)
            ]
            record = partial(self._record_heard, lease, heard)
            for result, fault in await store_apart(record, pending, "journalled outcomes"):
                if isinstance(fault, TemporaryError):
                    raise fault
                await self._set_aside(lease, heard, result.message_id, fault)
        self.outcomes.drop_left_over(is_meant)

    async def _record_heard(
        self, lease: Lease, heard: JournaledResults, results: Sequence[AttemptResult]
    ) -> None:
        item = sending.RecordResults(lease, heard.link, tuple(results), heard.received_at)
        message_ids = [result.message_id for result in results]
        journal = self.claims.journal
        if journal is not None:
            journal.note_claimed(message_ids)
        await self.writer.call(sending.record_results, item, messages=len(results))
        self._drop_left_over(message_ids)

    async def _set_aside(
        self, lease: Lease, heard: JournaledResults, message_id: int, fault: Exception
    ) -> None:
        """Set a message aside whose outcome the store refuses, since the journal will not tell it again, and
        nothing of one message may keep a link from its start.
        """
        log.error("a journalled outcome cannot be stored", message_id=message_id, exc_info=fault)
        kept = HandlingFault(message_id, type(fault).__name__, True, MAX_FAULTS)
        noting = poison.NoteFaults(lease, heard.link, (kept,), heard.received_at)
        aside = await self.writer.call(poison.note_faults, noting)
        self.claims.of(heard.link).poison.update(aside)
