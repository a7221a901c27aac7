"""Implements `SendingStore`: what is claimed is in memory (`memory/claims.py`), because one process sends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import apsw
import structlog

from aldis.errors import TemporaryError
from aldis.store.contract.ownership import Lease
from aldis.store.contract.sending import Share
from aldis.store.memory.claims import Claims, LinkClaims
from aldis.store.memory.outcome_journal import JournaledResults, OutcomeJournal
from aldis.store.sqlite.engine.writer import Writer
from aldis.store.sqlite.reads import claiming
from aldis.store.sqlite.stores.cancelling import cancel
from aldis.store.sqlite.writes import cancelling, sending
from aldis.traffic.message import AttemptResult, ClaimedMessage
from aldis.traffic.states import REQUEUED, sources

log = structlog.get_logger()


class SqliteSending:
    """Claims, and what came of them."""

    def __init__(
        self, writer: Writer, reader: apsw.Connection, claims: Claims, journal: OutcomeJournal | None
    ) -> None:
        """`journal`: for whoever sends."""
        self._writer = writer
        self._reader = reader
        self._claims = claims
        self._journal = journal
        self._tasks: set[asyncio.Task[None]] = set()

    async def recover(self, lease: Lease, *, hold: bool, now: int) -> int:
        await self._record_left_over(lease, lambda link: link == lease.link)
        count = await self._writer.call(sending.recover, sending.Recover(lease, hold, now))
        self._claims.of(lease.link).drop_fresh()
        return count

    async def recover_orphans(self, lease: Lease, links: Sequence[str], now: int) -> int:
        await self._record_left_over(lease, lambda link: link not in links)
        return await self._writer.call(sending.recover_orphans, sending.Orphans(lease, tuple(links), now))

    async def claim(self, link: str, limit: int, share: Share, now: int) -> list[ClaimedMessage]:
        claims = self._claims.of(link)
        if not claims.must_read(now):
            return claims.claim_fresh(limit, share, now)
        found = claiming.claim(self._reader, link, limit, share, now, claimed=claims.claimed)
        claims.note_read(found.messages, now, is_all=found.in_all < limit and not found.blocked)
        if found.blocked:  # not awaited: what is handed out must not be older than what senders are told
            hands = [(claims, message_id) for message_id in found.blocked]
            task = asyncio.create_task(self._cancel_blocked(hands, now))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return found.messages

    async def mark(self, lease: Lease, message_ids: Sequence[int]) -> None:
        await self._writer.call(sending.mark, sending.Mark(lease, tuple(message_ids)))

    def release(self, link: str, message_ids: Sequence[int]) -> None:
        claims = self._claims.of(link)
        claims.claimed.difference_update(message_ids)
        claims.drop_fresh()
        if self._journal is not None:
            self._journal.note_recorded(message_ids)

    def journal(self, lease: Lease, results: Sequence[AttemptResult], now: int) -> bool:
        if self._journal is None:
            return False
        return self._journal.note(JournaledResults(lease.link, tuple(results), now, lease.epoch))

    async def record(self, lease: Lease, results: Sequence[AttemptResult], now: int) -> None:
        item = sending.RecordResults(lease, lease.link, tuple(results), now)
        await self._writer.call(sending.record_results, item, messages=len(results))
        if self._journal is not None:
            self._journal.note_recorded(result.message_id for result in results)
        claims = self._claims.of(lease.link)
        claims.claimed.difference_update(result.message_id for result in results)
        if any(result.event in REQUEUED for result in results):
            claims.drop_fresh()

    async def _cancel_blocked(self, hands: list[tuple[LinkClaims, int]], now: int) -> None:
        try:
            await cancel(self._writer, self._claims, hands, cancelling.OPTED_OUT, now)
        except TemporaryError as fault:  # the next claim finds them again
            log.error("messages to people who opted out cannot be cancelled now", fault=str(fault))

    async def _record_left_over(self, lease: Lease, is_meant: Callable[[str], bool]) -> None:
        """Record what a process that died had journalled of links, as far as it had not been recorded: the
        table of states tells. Notes of every epoch are true: one who has them has the data as well.
        """
        if self._journal is None:
            return
        for heard in [each for each in self._journal.left_over if is_meant(each.link)]:
            states = claiming.states_of(self._reader, [result.message_id for result in heard.results])
            results = tuple(r for r in heard.results if states.get(r.message_id) in sources(r.event))
            if results:
                item = sending.RecordResults(lease, heard.link, results, heard.received_at)
                await self._writer.call(sending.record_results, item)
        self._journal.drop_left_over(is_meant)
