"""Puts the SQLite operations behind the store's contract: writes through the one writer, reads on
connections of their own.

Point reads run on the event loop: they hit pages in memory, and in WAL mode no reader waits for the writer.
What scans runs in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import apsw

from aldis.accounts.directory import Directory
from aldis.accounts.plan import Plan, Stored
from aldis.errors import SettingsError
from aldis.store.contract import Acceptance, Balance, OptInKey, Purged, Share, Timeline
from aldis.store.sqlite import (
    admission,
    cancelling,
    consent,
    directory,
    diverting,
    enquiries,
    looking,
    postbacks,
    receipts,
    sending,
    upkeep,
)
from aldis.store.sqlite.claims import Claims
from aldis.store.sqlite.connection import open_reader, open_writer, upgrade
from aldis.store.sqlite.in_thread import ThreadRunner
from aldis.store.sqlite.journal import Heard, Journal
from aldis.store.sqlite.opt_ins import OptIns
from aldis.store.sqlite.writer import Runner, Writer
from aldis.traffic.enquiry import Usage
from aldis.traffic.message import ClaimedMessage, MessageFacts, MessageStatus, Settlement
from aldis.traffic.postback import DuePostback, PostbackResult
from aldis.traffic.receipt import Receipt
from aldis.traffic.refusal import Refusal
from aldis.traffic.states import State

Arguments = ParamSpec("Arguments")
Found = TypeVar("Found")


class SqliteStore:
    """`aldis.store.contract.Store` on one SQLite file; make it inside a running event loop."""

    def __init__(self, path: Path, runner: Runner | None = None, journal: Journal | None = None) -> None:
        """`runner`: where to write; in a thread by default. `journal`: for whoever sends."""
        # Stays open, so that there is always a write-ahead log for those who only read.
        self._db = _opened(path)
        self._writer = Writer(runner or ThreadRunner(path))
        self._reader = open_reader(path)
        self._opt_ins = OptIns(self._reader)
        self._claims = Claims()
        self._journal = journal
        # for what scans: it works in a thread, one at a time
        self._scanner = open_reader(path)
        self._scanning = asyncio.Lock()

    @property
    def commits(self) -> int:
        """See `Store.commits`."""
        return self._writer.commits

    async def close(self) -> None:
        """Finish what was called, then let go of the file."""
        self._reader.close()
        async with self._scanning:
            self._scanner.close()
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
            await self._settle_left_over(self._journal)
        count = await self._writer.call(sending.recover, sending.Recover(link, hold, now))
        self._claims.of(link).forget_fresh()
        return count

    async def recover_orphans(self, links: Sequence[str], now: int) -> int:
        """See `Store.recover_orphans`."""
        if self._journal is not None:
            await self._settle_left_over(self._journal)
        return await self._writer.call(sending.recover_orphans, sending.Orphans(tuple(links), now))

    async def claim(self, link: str, limit: int, share: Share, now: int) -> list[ClaimedMessage]:
        """See `Store.claim`."""
        claims = self._claims.of(link)
        if not claims.must_read(now):
            return claims.claim_fresh(limit, share, now)
        messages, found = sending.claim(self._reader, sending.Claim(link, limit, share, now), claims.claimed)
        claims.note_read(messages, now, is_all=found < limit)
        return messages

    async def mark(self, message_ids: Sequence[int]) -> None:
        """See `Store.mark`."""
        await self._writer.call(sending.mark, sending.Mark(tuple(message_ids)))

    def note_heard(
        self, link: str, settlements: Sequence[Settlement], now: int, *, marked: bool = False
    ) -> bool:
        """See `Store.note_heard`."""
        return self._journal is not None and self._journal.note(Heard(link, tuple(settlements), now, marked))

    async def _settle_left_over(self, journal: Journal) -> None:
        """Settle what a process that died had heard, as far as it had not been settled."""
        for heard in journal.left_over:
            expected = State.SENDING if heard.marked else State.QUEUED
            ids = [settlement.message_id for settlement in heard.settlements]
            open_ids = sending.still_in(self._reader, ids, expected)
            settlements = tuple(each for each in heard.settlements if each.message_id in open_ids)
            if settlements:
                settle = sending.Settle(heard.link, settlements, heard.heard_at, expected)
                await self._writer.call(sending.settle, settle)
        journal.forget_left_over()

    def release(self, link: str, message_ids: Sequence[int]) -> None:
        """See `Store.release`."""
        claims = self._claims.of(link)
        claims.claimed.difference_update(message_ids)
        claims.forget_fresh()

    async def settle(
        self, link: str, settlements: Sequence[Settlement], now: int, *, marked: bool = False
    ) -> bool:
        """See `Store.settle`."""
        expected = State.SENDING if marked else State.QUEUED
        owed = await self._writer.call(
            sending.settle,
            sending.Settle(link, tuple(settlements), now, expected),
            messages=len(settlements),
        )
        if self._journal is not None:
            self._journal.settled(settlement.message_id for settlement in settlements)
        claims = self._claims.of(link)
        claims.claimed.difference_update(settlement.message_id for settlement in settlements)
        if any(settlement.state is State.QUEUED for settlement in settlements):
            claims.forget_fresh()
        return owed

    async def record_receipts(self, batch: Sequence[Receipt]) -> int:
        """See `Store.record_receipts`."""
        return await self._writer.call(receipts.record, batch, messages=len(batch))

    async def due_lanes(self, after: str, limit: int, now: int) -> list[str]:
        """See `Store.due_lanes`."""
        return postbacks.due_lanes(self._reader, after, limit, now)

    async def due_postbacks(
        self, lane: str, limit: int, now: int, besides: Collection[int] = ()
    ) -> list[DuePostback]:
        """See `Store.due_postbacks`."""
        return postbacks.due(self._reader, lane, limit, now, besides)

    async def finish_postbacks(self, results: Sequence[PostbackResult]) -> None:
        """See `Store.finish_postbacks`."""
        await self._writer.call(postbacks.finish, results, messages=len(results))

    async def expire(self, limit: int, now: int, patience_ms: int) -> int:
        """See `Store.expire`."""
        return await self._writer.call(
            upkeep.expire, upkeep.Expire(limit, now, patience_ms, self._claims.everybodys())
        )

    async def divert(self, link: str, up: Collection[str], limit: int) -> int:
        """See `Store.divert`."""
        claims = self._claims.of(link)
        found = diverting.waiting(self._reader, link, up, limit)
        moves = tuple(move for move in found if move[0] not in claims.claimed)
        if not moves:
            return 0
        # in our own hands, so that no sender takes them meanwhile
        ids = [message_id for message_id, _ in moves]
        claims.claimed.update(ids)
        claims.forget_fresh()
        try:
            await self._writer.call(diverting.divert, diverting.Divert(moves), messages=len(moves))
        finally:
            claims.claimed.difference_update(ids)
            for name in {link, *(other for _, other in moves)}:
                self._claims.of(name).forget_fresh()
        return len(moves)

    async def purge(self, limit: int, before: int, after: int) -> Purged:
        """See `Store.purge`."""
        return await self._writer.call(upkeep.purge, upkeep.Purge(limit, before, after))

    async def submission(self, account_id: int, dialect: str, reference: str) -> list[MessageStatus]:
        """See `Store.submission`."""
        return enquiries.submission(self._reader, account_id, dialect, reference)

    async def cancel_scheduled(self, account_id: int, dialect: str, reference: str, now: int) -> int | None:
        """See `Store.cancel_scheduled`."""
        found = enquiries.submission(self._reader, account_id, dialect, reference)
        if not found:
            return None
        if any(each.message.state is not State.QUEUED or each.due_at <= now for each in found):
            return 0
        ids = tuple(each.message.message_id for each in found)
        # in our own hands, so that no sender takes them meanwhile
        hands = [(self._claims.of(each.message.link).claimed, each.message.message_id) for each in found]
        if any(message_id in claimed for claimed, message_id in hands):
            return 0
        for claimed, message_id in hands:
            claimed.add(message_id)
        try:
            return await self._writer.call(
                cancelling.cancel, cancelling.Cancel(ids, "cancelled", now), messages=len(ids)
            )
        finally:
            for claimed, message_id in hands:
                claimed.discard(message_id)

    async def usage(self, account_id: int, since: int, until: int, label: str | None) -> list[Usage]:
        """See `Store.usage`."""
        return await self._scan(enquiries.usage, account_id, since, until, label)

    async def subscribe(self, key: OptInKey, *, wanted: bool, now: int) -> None:
        """See `Store.subscribe`."""
        wish = consent.Consent(key.sender, key.topic, key.msisdn, wanted, now)
        await self._writer.call(consent.subscribe, wish)

    async def directory_version(self) -> int:
        """See `Store.directory_version`."""
        return directory.version(self._reader)

    async def directory(self) -> Directory:
        """See `Store.directory`."""
        return directory.load(self._reader)

    async def stored_directory(self) -> Stored:
        """See `Store.stored_directory`."""
        return directory.stored(self._reader)

    async def apply(self, plan: Plan, now: int) -> int:
        """See `Store.apply`."""
        return await self._writer.call(directory.apply, directory.Apply(plan, now))

    async def balance(self, account_id: int) -> Balance:
        """See `Store.balance`."""
        return looking.balance(self._reader, account_id)

    async def timeline(self, message_id: int) -> Timeline | None:
        """See `Store.timeline`."""
        return looking.timeline(self._reader, message_id)

    async def find(self, text: str, limit: int) -> list[MessageFacts]:
        """See `Store.find`."""
        return await self._scan(looking.find, text, limit)

    async def count_by_state(self) -> dict[str, int]:
        """See `Store.count_by_state`."""
        return await self._scan(looking.count_by_state)

    async def backlog(self) -> dict[str, int]:
        """See `Store.backlog`."""
        return await self._scan(looking.backlog)

    async def _scan(
        self,
        read: Callable[Concatenate[apsw.Connection, Arguments], Found],
        *arguments: Arguments.args,
        **named: Arguments.kwargs,
    ) -> Found:
        async with self._scanning:
            return await asyncio.to_thread(read, self._scanner, *arguments, **named)


def _opened(path: Path) -> apsw.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        db = open_writer(path)
        upgrade(db)
    except apsw.Error as fault:
        raise SettingsError(
            [f"{path} cannot be opened as a store: {type(fault).__name__}: {fault}"]
        ) from fault
    return db
