"""Puts the SQLite operations behind the store's contract: writes through the one writer, reads on
connections of their own.

Point reads run on the event loop: they hit pages in memory, and in WAL mode no reader waits for the writer.
What scans runs in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path

import structlog

from aldis.accounts.directory import Directory
from aldis.accounts.plan import Plan, Stored
from aldis.accounts.staff import Actor, AuditEntry
from aldis.errors import StoreUnavailable
from aldis.store.changes import Carrying
from aldis.store.contract import APPLYING
from aldis.store.memory.claims import Claims, LinkClaims
from aldis.store.memory.outcome_journal import Heard, Journal
from aldis.store.records import Acceptance, Balance, InboundBatch, OptInKey, Purged, Share, Timeline
from aldis.store.sqlite.engine.connection import open_reader, open_to_keep
from aldis.store.sqlite.engine.read_pool import Scans
from aldis.store.sqlite.engine.writer import Runner, Writer
from aldis.store.sqlite.process.writer_thread import ThreadRunner
from aldis.store.sqlite.reads import directory, messages, queries
from aldis.store.sqlite.reads import inbound as inbound_reads
from aldis.store.sqlite.reads.due import DuePostbacks
from aldis.store.sqlite.reads.opt_ins import OptIns
from aldis.store.sqlite.views import SqliteViews
from aldis.store.sqlite.writes import (
    admission,
    cancelling,
    consent,
    content_use,
    failover,
    inbound,
    maintenance,
    postbacks,
    receipts,
    sending,
)
from aldis.store.sqlite.writes.bulk import SqliteBulk
from aldis.store.sqlite.writes.changes import SqliteChanges
from aldis.store.sqlite.writes.link_orders import SqliteLinkOrders
from aldis.store.sqlite.writes.orders import SqliteOrders
from aldis.store.sqlite.writes.staff import SqliteStaff
from aldis.store.sqlite.writes.watching import SqliteWatching
from aldis.traffic.consent import ConsentChange, ConsentKind
from aldis.traffic.inbound import DueInbound, InboundFacts, InboundPart, Segments
from aldis.traffic.message import AttemptResult, ClaimedMessage, MessageFacts, MessageStatus
from aldis.traffic.postback import DuePostback, PostbackResult
from aldis.traffic.query import Usage
from aldis.traffic.receipt import Receipt
from aldis.traffic.refusal import Refusal
from aldis.traffic.states import State

log = structlog.get_logger()

#: customers whose questions wait for a scan
MAX_ASKING = 16


class SqliteStore:
    """`aldis.store.contract.Store` on one SQLite file; make it inside a running event loop."""

    def __init__(self, path: Path, runner: Runner | None = None, journal: Journal | None = None) -> None:
        """`runner`: where to write; in a thread by default. `journal`: for whoever sends."""
        # Stays open, so that there is always a write-ahead log for those who only read.
        self._db = open_to_keep(path)
        self._writer = Writer(runner or ThreadRunner(path))
        self._reader = open_reader(path)
        self._opt_ins = OptIns(self._reader)
        self._claims = Claims()
        #: see `PostbackStore.on_due`
        self.on_due: Callable[[], None] = lambda: None
        self._due = DuePostbacks(self._reader, lambda: self.on_due())
        self._writer.on_ran = self._due.note
        self._journal = journal
        self._tasks: set[asyncio.Task[None]] = set()
        #: what scans: for us, and for customers, who must not keep us waiting
        self._scans, self._customers = Scans(path), Scans(path, most=MAX_ASKING)
        #: what operators look at must keep neither waiting
        self._operators = Scans(path, most=MAX_ASKING)
        #: see `Store.changes` and `Store.link_orders`
        self.changes = SqliteChanges(self._writer, self._reader, self._operators)
        self.link_orders = SqliteLinkOrders(self._writer, self._reader)
        #: see `Store.staff`
        self.staff = SqliteStaff(self._writer, self._reader, self._operators)
        #: see `Store.watching`
        self.watching = SqliteWatching(self._writer, self._scans, self._operators)
        #: see `Store.bulk`
        self.bulk = SqliteBulk(self._writer, self._reader, self._operators)
        #: see `Store.views` and `Store.orders`
        self.views = SqliteViews(self._writer, self._reader, self._operators)
        self.orders = SqliteOrders(self._writer, self._reader, self._claims)

    @property
    def commits(self) -> int:
        """See `Store.commits`."""
        return self._writer.commits

    async def close(self) -> None:
        """Finish what was called, then let go of the file."""
        self._reader.close()
        await self._scans.close()
        await self._customers.close()
        await self._operators.close()
        await self._writer.close()
        if self._journal is not None:
            self._journal.close()
        self._db.close()  # last, so that it leaves one file behind and no write-ahead log

    def take_ids(self, count: int) -> Awaitable[range]:
        """See `Store.take_ids`."""
        return self._writer.call(admission.take_ids, count)

    async def accept(self, acceptance: Acceptance) -> Refusal | None:
        """See `Store.accept`."""
        count = len(acceptance.messages)
        refusal = await self._writer.call(admission.accept, acceptance, messages=count)
        if refusal is None:
            self._claims.note_accepted(acceptance.messages)
        return refusal

    async def would_accept(self, acceptance: Acceptance) -> Refusal | None:
        """See `Store.would_accept`."""
        return admission.judge(self._reader, acceptance)

    async def opted_in(self, keys: Sequence[OptInKey]) -> set[OptInKey]:
        """See `Store.opted_in`."""
        return await self._opt_ins.look_up(keys)

    async def recover(self, link: str, *, hold: bool, now: int) -> int:
        """See `Store.recover`."""
        if self._journal is not None:
            await self._record_left_over(self._journal)
        count = await self._writer.call(sending.recover, sending.Recover(link, hold, now))
        self._claims.of(link).forget_fresh()
        return count

    async def recover_orphans(self, links: Sequence[str], now: int) -> int:
        """See `Store.recover_orphans`."""
        if self._journal is not None:
            await self._record_left_over(self._journal)
        return await self._writer.call(sending.recover_orphans, sending.Orphans(tuple(links), now))

    async def claim(self, link: str, limit: int, share: Share, now: int) -> list[ClaimedMessage]:
        """See `Store.claim`."""
        claims = self._claims.of(link)
        if not claims.must_read(now):
            return claims.claim_fresh(limit, share, now)
        found = sending.claim(self._reader, sending.Claim(link, limit, share, now), claims.claimed)
        claims.note_read(found.messages, now, is_all=found.in_all < limit and not found.blocked)
        if found.blocked:  # not awaited: what is handed out must not be older than what senders are told
            hands = [(claims, message_id) for message_id in found.blocked]
            task = asyncio.create_task(self._cancel_blocked(hands, now))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return found.messages

    async def _cancel_blocked(self, hands: list[tuple[LinkClaims, int]], now: int) -> None:
        try:
            await self._cancel(hands, cancelling.OPTED_OUT, now)
        except StoreUnavailable as fault:  # the next claim finds them again
            log.error("messages to people who opted out cannot be cancelled now", fault=str(fault))

    async def mark(self, message_ids: Sequence[int]) -> None:
        """See `Store.mark`."""
        await self._writer.call(sending.mark, sending.Mark(tuple(message_ids)))

    def note_heard(
        self, link: str, results: Sequence[AttemptResult], now: int, *, marked: bool = False
    ) -> bool:
        """See `Store.note_heard`."""
        return self._journal is not None and self._journal.note(Heard(link, tuple(results), now, marked))

    async def _record_left_over(self, journal: Journal) -> None:
        """Record what a process that died had heard, as far as it had not been recorded."""
        for heard in journal.left_over:
            expected = State.SENDING if heard.marked else State.QUEUED
            ids = [result.message_id for result in heard.results]
            open_ids = sending.still_in(self._reader, ids, expected)
            results = tuple(each for each in heard.results if each.message_id in open_ids)
            if results:
                item = sending.RecordResults(heard.link, results, heard.heard_at, expected)
                await self._writer.call(sending.record_results, item)
        journal.forget_left_over()

    def release(self, link: str, message_ids: Sequence[int]) -> None:
        """See `Store.release`."""
        claims = self._claims.of(link)
        claims.claimed.difference_update(message_ids)
        claims.forget_fresh()

    async def record_results(
        self, link: str, results: Sequence[AttemptResult], now: int, *, marked: bool = False
    ) -> None:
        """See `Store.record_results`."""
        expected = State.SENDING if marked else State.QUEUED
        await self._writer.call(
            sending.record_results,
            sending.RecordResults(link, tuple(results), now, expected),
            messages=len(results),
        )
        if self._journal is not None:
            self._journal.note_recorded(result.message_id for result in results)
        claims = self._claims.of(link)
        claims.claimed.difference_update(result.message_id for result in results)
        if any(result.state is State.QUEUED for result in results):
            claims.forget_fresh()

    async def record_receipts(self, batch: Sequence[Receipt]) -> int:
        """See `Store.record_receipts`."""
        return await self._writer.call(receipts.record, batch, messages=len(batch))

    async def due_lanes(self, after: str, limit: int, now: int) -> list[str]:
        """See `PostbackStore.due_lanes`."""
        return self._due.lanes(after, limit, now)

    async def due_postbacks(
        self, lane: str, limit: int, now: int, besides: Collection[int] = ()
    ) -> list[DuePostback]:
        """See `PostbackStore.due_postbacks`."""
        return self._due.of_lane(lane, limit, now, besides)

    async def finish_postbacks(self, results: Sequence[PostbackResult]) -> None:
        """See `PostbackStore.finish_postbacks`."""
        await self._writer.call(postbacks.finish, results, messages=len(results))

    async def expire(self, limit: int, now: int, patience_ms: int) -> int:
        """See `Store.expire`."""
        return await self._writer.call(
            maintenance.expire, maintenance.Expire(limit, now, patience_ms, self._claims.everybodys())
        )

    async def divert(self, link: str, up: Sequence[str], limit: int, now: int) -> int:
        """See `Store.divert`."""
        claims = self._claims.of(link)
        item = failover.Waiting(link, tuple(up), now, claims.claimed, limit)
        moves = tuple(failover.waiting(self._reader, item))
        if not moves:
            return 0
        # in our own hands, so that no sender takes them meanwhile
        ids = [move.message_id for move in moves]
        claims.claimed.update(ids)
        claims.forget_fresh()
        try:
            await self._writer.call(failover.divert, failover.Divert(moves), messages=len(moves))
        finally:
            claims.claimed.difference_update(ids)
            for name in {link, *(move.link for move in moves)}:
                self._claims.of(name).forget_fresh()
        return len(moves)

    async def purge(self, limit: int, before: int, after: int) -> Purged:
        """See `Store.purge`."""
        return await self._writer.call(maintenance.purge, maintenance.Purge(limit, before, after))

    async def submission(self, account_id: int, dialect: str, reference: str) -> list[MessageStatus]:
        """See `Store.submission`."""
        return queries.submission(self._reader, account_id, dialect, reference)

    async def cancel_scheduled(self, account_id: int, dialect: str, reference: str, now: int) -> int | None:
        """See `Store.cancel_scheduled`."""
        found = queries.submission(self._reader, account_id, dialect, reference)
        if not found:
            return None
        if any(
            each.message.state is not State.QUEUED or each.message.attempts or each.due_at <= now
            for each in found
        ):
            return 0
        hands = [(self._claims.of(each.message.link), each.message.message_id) for each in found]
        if any(message_id in link.claimed for link, message_id in hands):
            return 0
        return await self._cancel(hands, cancelling.CANCELLED, now)

    async def cancel_opted_out(self, limit: int, now: int) -> int:
        """See `Store.cancel_opted_out`."""
        found = await self._scans.ask(consent.queued_to_opted_out, limit)
        hands = [(self._claims.of(link), message_id) for message_id, link in found]
        free = [(link, message_id) for link, message_id in hands if message_id not in link.claimed]
        return await self._cancel(free, cancelling.OPTED_OUT, now) if free else 0

    async def _cancel(self, hands: list[tuple[LinkClaims, int]], reason: str, now: int) -> int:
        """End messages that nobody has claimed."""
        with self._claims.in_our_hands(hands):
            ids = tuple(message_id for _, message_id in hands)
            item = cancelling.Cancel(ids, reason, now)
            return await self._writer.call(cancelling.cancel, item, messages=len(ids))

    async def usage(self, account_id: int, since: int, until: int, label: str | None) -> list[Usage]:
        """See `Store.usage`."""
        return await self._customers.ask(queries.usage, account_id, since, until, label)

    async def change_consents(
        self, changes: Sequence[ConsentChange], entry: AuditEntry | None = None
    ) -> list[bool]:
        """See `Store.change_consents`."""
        item = consent.Audited(tuple(changes), entry)
        changed = await self._writer.call(consent.change_audited, item, messages=len(changes))
        if any(each.kind is ConsentKind.OPT_OUT and not each.topic for each in changes):
            self._claims.forget_fresh()  # as in `record_inbound`
        return changed

    async def consents(self, msisdn: str, limit: int) -> list[ConsentChange]:
        """See `Store.consents`."""
        return consent.history(self._reader, msisdn, limit)

    async def consented(self, sender: str, topic: str, after: str, limit: int) -> list[str]:
        """See `Store.consented`."""
        return consent.consented(self._reader, sender, topic, after, limit)

    async def opted_out(self, sender: str, after: str, limit: int) -> list[str]:
        """See `Store.opted_out`."""
        return consent.opted_out(self._reader, sender, after, limit)

    async def inbound_segments(self, part: InboundPart) -> Segments:
        """See `Store.inbound_segments`."""
        return inbound_reads.segments_of(self._reader, part)

    async def stale_inbound(self, before: int, limit: int) -> list[Segments]:
        """See `Store.stale_inbound`."""
        return await self._scans.ask(inbound_reads.stale, before, limit)

    async def record_inbound(self, batch: InboundBatch) -> int:
        """See `Store.record_inbound`."""
        repeated = await self._writer.call(inbound.record, batch)
        self._claims.forget_fresh()  # what was accepted before may be for somebody who has opted out now
        return repeated

    async def unused_content(self, digests: Sequence[str]) -> set[str]:
        """See `Store.unused_content`."""
        return await self._scans.ask(content_use.unused, list(digests))

    async def purge_inbound(self, limit: int, before: int) -> int:
        """See `Store.purge_inbound`."""
        return await self._writer.call(inbound.forget, inbound.Forget(limit, before))

    async def inbound(
        self, account_id: int | None, since: int, until: int, page: tuple[int, int]
    ) -> tuple[list[InboundFacts], int]:
        """See `Store.inbound`."""
        return await self._customers.ask(inbound_reads.find, account_id, since, until, page)

    async def due_inbound(
        self, lane: str, limit: int, now: int, besides: Collection[int] = ()
    ) -> list[DueInbound]:
        """See `PostbackStore.due_inbound`."""
        return self._due.inbound_of_lane(lane, limit, now, besides)

    async def directory_version(self) -> int:
        """See `Store.directory_version`."""
        return directory.version(self._reader)

    async def directory(self) -> Directory:
        """See `Store.directory`."""
        return directory.load(self._reader)

    async def stored_directory(self) -> Stored:
        """See `Store.stored_directory`."""
        return directory.stored(self._reader)

    async def apply(self, plan: Plan, now: int, actor: Actor = APPLYING) -> int:
        """See `Store.apply`."""
        if plan.lines and not await self.changes.carry_out(Carrying(plan, actor, now)):
            raise StoreUnavailable("the directory has changed meanwhile")
        added = 0
        for chunk in directory.opt_ins_of(plan, now):  # others may have their turn between two
            added += sum(await self.change_consents(chunk))
        return added

    async def balance(self, account_id: int) -> Balance:
        """See `Store.balance`."""
        return messages.balance(self._reader, account_id)

    async def timeline(self, message_id: int) -> Timeline | None:
        """See `Store.timeline`."""
        return messages.timeline(self._reader, message_id)

    async def find(self, reference: str, limit: int) -> list[MessageFacts]:
        """See `Store.find`."""
        return await self._scans.ask(messages.find, reference, limit)

    async def count_by_state(self) -> dict[str, int]:
        """See `Store.count_by_state`."""
        return await self._scans.ask(messages.count_by_state)

    async def backlog(self) -> dict[str, int]:
        """See `Store.backlog`."""
        return await self._scans.ask(messages.backlog)
