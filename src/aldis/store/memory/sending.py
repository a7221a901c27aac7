"""Implements `SendingStore` on any engine: what is claimed is in memory (`claims.py`), because each slot of a
link has one owner; what was heard is journalled until the engine has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import NamedTuple, Protocol

import structlog

from aldis.errors import LeaseLost, TemporaryError
from aldis.store.batches import store_apart
from aldis.store.contract.ownership import Lease, slot_of
from aldis.store.contract.sending import Share
from aldis.store.memory.claims import Claims, LinkClaims
from aldis.store.memory.outcome_journal import JournaledResults, OutcomeJournal
from aldis.store.rules.endings import OPTED_OUT
from aldis.traffic.message import MAX_FAULTS, AttemptResult, ClaimedMessage, HandlingFault, LateAnswer
from aldis.traffic.slots import slot_of_id
from aldis.traffic.states import REQUEUED, Event, State, sources

log = structlog.get_logger()

#: (message ids, the links that are known of them) → those that are meant
Pick = Callable[[Iterable[int], Mapping[int, str]], list[int]]


class Found(NamedTuple):
    """What a claim may hand out."""

    messages: list[ClaimedMessage]
    #: messages to people who have opted out since
    blocked: tuple[int, ...]
    #: how many there were in all: some may be over their validity
    in_all: int


class SendingEngine(Protocol):
    """What an engine reads and writes for who sends; each call is a transaction. All that is given a lease
    raises LeaseLost; `record`, `mark` and `record_late` raise what `SendingStore` says. Leases are of slots
    of one link, and never none.
    """

    def find(
        self, leases: Sequence[Lease], limit: int, share: Share, now: int, claimed: set[int]
    ) -> Awaitable[Found]:
        """Choose due messages of slots that are not among those claimed, the most urgent first; writes
        nothing.
        """

    def find_these(self, leases: Sequence[Lease], chosen: Sequence[int], now: int) -> Awaitable[Found]:
        """Read messages that were chosen, as far as they are valid; writes nothing."""

    def suspects(self) -> Awaitable[frozenset[int]]:
        """Name the messages of all links that are to be tried alone, because processes died while they had
        them.
        """

    def next_suspect(
        self, leases: Sequence[Lease], suspects: Collection[int], now: int
    ) -> Awaitable[int | None]:
        """Give the one of them in these slots that is to be tried first, if one is due."""

    def set_aside(self, link: str) -> Awaitable[set[int]]:
        """Name the messages of a link that are set aside."""

    def links_of(self, message_ids: Collection[int]) -> Awaitable[Mapping[int, str]]:
        """Tell whose messages are, of at least one; those that are not known are left out."""

    def states_of(self, message_ids: Sequence[int]) -> Awaitable[Mapping[int, State]]:
        """Tell where messages are; those that are not known are left out."""

    def recover(
        self, leases: Sequence[Lease], *, hold: bool, in_hand: tuple[int, ...], now: int
    ) -> Awaitable[int]:
        """End what must not be repeated, as `SendingStore.recover` says. `in_hand`: what a process that died
        had of these slots, and of no link that is known.
        """

    def recover_orphans(self, lease: Lease, links: tuple[str, ...], now: int) -> Awaitable[int]:
        """End what is `sending` on links that are none of these and have no owner."""

    def mark(self, leases: Sequence[Lease], message_ids: tuple[int, ...]) -> Awaitable[None]:
        """Write `sending`."""

    def record(
        self, leases: Sequence[Lease], link: str, results: tuple[AttemptResult, ...], now: int
    ) -> Awaitable[None]:
        """Write what attempts led to. `link`: who made them; the lease may be maintenance's."""

    def record_late(self, link: str, answers: tuple[LateAnswer, ...], now: int) -> Awaitable[None]:
        """Keep late answers, and have due what waits to be repeated."""

    def note_faults(
        self, leases: Sequence[Lease], link: str, faults: tuple[HandlingFault, ...], now: int
    ) -> Awaitable[list[int]]:
        """Count what could not be handled; returns which messages are set aside by that."""

    def note_crash(self, lease: Lease, message_ids: tuple[int, ...], now: int) -> Awaitable[list[int]]:
        """Count a crash for each that was in hand and still waits; returns which messages are set aside by
        that: one that was alone, and had been there at the last `SUSPECT_CRASHES`. The lease is of whoever
        tells it: what was in hand is true whoever owns the links now.
        """

    def acquit(self, message_ids: list[int]) -> Awaitable[None]:
        """Forget crashes of messages that were tried alone, and the process lives."""

    def cancel(self, message_ids: tuple[int, ...], reason: str, now: int) -> Awaitable[int]:
        """End messages that are in our own hands, as far as they may be cancelled; returns how many were."""


class OwnerSending:
    """Claims, and what came of them."""

    def __init__(self, engine: SendingEngine, claims: Claims, outcomes: OutcomeJournal | None) -> None:
        """`outcomes`: for whoever sends."""
        self._engine = engine
        self._claims = claims
        self._outcomes = outcomes
        self._cancellations: set[asyncio.Task[None]] = set()

    async def recover(self, leases: Sequence[Lease], *, hold: bool, now: int) -> int:
        link = _link_of(leases)
        claims = self._claims.of(link)

        def ours(message_ids: Iterable[int], links: Mapping[int, str]) -> list[int]:
            """Pick those of these slots, and of no link that is known."""
            of_link = [each for each in message_ids if links.get(each, link) == link]
            return claims.within(leases, of_link)

        await self._count_crash(leases[0], now)
        await self._record_left_over(leases, ours)
        in_hand = tuple(await self._left_over(ours))
        count = await self._engine.recover(leases, hold=hold, in_hand=in_hand, now=now)
        self._drop_left_over(in_hand)
        claims.begin(leases, await self._engine.set_aside(link))
        return count

    async def recover_orphans(self, lease: Lease, links: Sequence[str], now: int) -> int:
        def orphans(message_ids: Iterable[int], known: Mapping[int, str]) -> list[int]:
            """Pick those of other links."""
            return [each for each in message_ids if known.get(each) not in links]

        await self._count_crash(lease, now)
        await self._record_left_over((lease,), orphans)
        count = await self._engine.recover_orphans(lease, tuple(links), now)
        self._drop_left_over(await self._left_over(orphans))
        return count

    async def claim(
        self, leases: Sequence[Lease], limit: int, share: Share, now: int
    ) -> list[ClaimedMessage]:
        claims, suspects = self._claims.of(_link_of(leases)), self._claims.suspects
        only = None
        if suspects:
            only = self._claims.only(await self._engine.next_suspect(leases, suspects, now), now)
        if only is None and not claims.must_read(now, leases):
            return claims.claim_fresh(limit, share, now)
        claims.begin_read()
        if only is not None:
            found = await self._engine.find_these(leases, only, now)
        else:
            unavailable = claims.unavailable | suspects if suspects else claims.unavailable
            found = await self._engine.find(leases, limit, share, now, unavailable)
        is_all = only is None and found.in_all < limit and not found.blocked
        messages = claims.note_read(found.messages, now, leases, is_all=is_all)
        if found.blocked:  # not awaited: what is handed out must not be older than what senders are told
            hands = [(claims, message_id) for message_id in found.blocked]
            task = asyncio.create_task(self._cancel_blocked(hands, now))
            self._cancellations.add(task)
            task.add_done_callback(self._cancellations.discard)
        return messages

    async def mark(self, leases: Sequence[Lease], message_ids: Sequence[int]) -> None:
        _link_of(leases)
        await self._engine.mark(leases, tuple(message_ids))

    def release(self, leases: Sequence[Lease], message_ids: Sequence[int]) -> None:
        if leases:
            claims = self._claims.of(leases[0].link)
            claims.give_back(claims.not_over(leases, message_ids))
            claims.drop_fresh()
        if self._outcomes is not None:
            self._outcomes.note_recorded(message_ids)

    def journal(self, leases: Sequence[Lease], results: Sequence[AttemptResult], now: int) -> bool:
        if self._outcomes is None or not leases:
            return False
        epochs = {lease.slot: lease.epoch for lease in leases} if self._claims.slots > 1 else {}
        heard = JournaledResults(leases[0].link, tuple(results), now, leases[0].epoch, epochs)
        return self._outcomes.note(heard)

    async def record(self, leases: Sequence[Lease], results: Sequence[AttemptResult], now: int) -> None:
        link = _link_of(leases)
        await self._engine.record(leases, link, tuple(results), now)
        if self._claims.suspects:
            await self._acquit(results)
        message_ids = [result.message_id for result in results]
        if self._outcomes is not None:
            self._outcomes.note_recorded(message_ids)
        claims = self._claims.of(link)
        if any(result.event in REQUEUED for result in results):
            claims.give_back(message_ids)
            claims.drop_fresh()
        else:
            claims.end(message_ids)

    async def note_faults(
        self, leases: Sequence[Lease], faults: Sequence[HandlingFault], now: int
    ) -> list[int]:
        link = _link_of(leases)
        aside = await self._engine.note_faults(leases, link, tuple(faults), now)
        self._claims.of(link).poison.update(aside)
        return aside

    async def record_late(self, link: str, answers: Sequence[LateAnswer], now: int) -> None:
        await self._engine.record_late(link, tuple(answers), now)
        self._claims.drop_fresh()  # those that waited to be repeated are due, on whichever link they wait now

    async def _cancel_blocked(self, hands: list[tuple[LinkClaims, int]], now: int) -> None:
        try:
            with self._claims.in_our_hands(hands):
                await self._engine.cancel(tuple(message_id for _, message_id in hands), OPTED_OUT, now)
        except TemporaryError as fault:  # the next claim finds them again
            log.error("messages to people who opted out cannot be cancelled now", fault=str(fault))

    async def _count_crash(self, lease: Lease, now: int) -> None:
        """Count what a process that died had in hand, before anything of it is touched again."""
        journal = self._claims.journal
        if journal is not None and journal.left_over and not journal.is_counted:
            aside = await self._engine.note_crash(lease, tuple(journal.left_over), now)
            journal.is_counted = True
            if aside:
                log.error("set aside, because the gateway crashes with it", message_ids=aside)
        self._claims.suspects = await self._engine.suspects()

    async def _left_over(self, pick: Pick) -> list[int]:
        """Give what a process that died had in hand; what is not known any more is everybody's."""
        journal = self._claims.journal
        if journal is None or not journal.left_over:
            return []
        return pick(journal.left_over, await self._engine.links_of(journal.left_over))

    def _drop_left_over(self, message_ids: Sequence[int]) -> None:
        if message_ids and self._claims.journal is not None:
            self._claims.journal.drop_left_over(message_ids)

    async def _acquit(self, results: Sequence[AttemptResult]) -> None:
        """Let suspects be as all others are once they were tried and we live."""
        tried = {result.message_id for result in results if result.event is not Event.RELEASED}
        cleared = tried & self._claims.suspects
        if cleared:
            self._claims.suspects -= cleared
            with suppress(TemporaryError):  # after the next crash it is tried alone again
                await self._engine.acquit(list(cleared))

    async def _record_left_over(self, leases: Sequence[Lease], pick: Pick) -> None:
        """Record what a process that died had journalled, as far as it had not been recorded: the table of
        states tells. Where another may have had the slot since, and sent what it found there, older notes say
        nothing of a message as it is now: they are dropped.
        """
        if self._outcomes is None:
            return
        links = {each.results[0].message_id: each.link for each in self._outcomes.left_over}
        meant = set(pick(links, links))
        left = [each for each in self._outcomes.left_over if each.results[0].message_id in meant]
        aside = set[int]()
        for link in {each.link for each in left}:
            aside |= await self._engine.set_aside(link)
        for heard in left:
            valid = _valid_under(leases, heard, self._claims.slots)
            try:
                await self._record_left(valid, heard, aside)
            except LeaseLost:
                if valid == leases:
                    raise
                log.warning(
                    "a journalled outcome is too old to count", message_id=heard.results[0].message_id
                )
        self._outcomes.drop_left_over(meant)

    async def _record_left(
        self, leases: Sequence[Lease], heard: JournaledResults, aside: Collection[int]
    ) -> None:
        states = await self._engine.states_of([result.message_id for result in heard.results])
        pending = [
            each
            for each in heard.results
            if each.message_id not in aside and states.get(each.message_id) in sources(each.event)
        ]
        record = partial(self._record_heard, leases, heard)
        for result, fault in await store_apart(record, pending, "journalled outcomes"):
            if isinstance(fault, TemporaryError):
                raise fault
            await self._set_aside(leases, heard, result.message_id, fault)

    async def _record_heard(
        self, leases: Sequence[Lease], heard: JournaledResults, results: Sequence[AttemptResult]
    ) -> None:
        message_ids = [result.message_id for result in results]
        if self._claims.journal is not None:
            self._claims.journal.note_claimed(message_ids)
        await self._engine.record(leases, heard.link, tuple(results), heard.received_at)
        self._drop_left_over(message_ids)

    async def _set_aside(
        self, leases: Sequence[Lease], heard: JournaledResults, message_id: int, fault: Exception
    ) -> None:
        """Set a message aside whose outcome the store refuses, since the journal will not tell it again, and
        nothing of one message may keep a link from its start.
        """
        log.error("a journalled outcome cannot be stored", message_id=message_id, exc_info=fault)
        kept = HandlingFault(message_id, type(fault).__name__, True, MAX_FAULTS)
        aside = await self._engine.note_faults(leases, heard.link, (kept,), heard.received_at)
        self._claims.of(heard.link).poison.update(aside)


def _link_of(leases: Sequence[Lease]) -> str:
    """Name the link whose slots leases are of. Raises LeaseLost where there are none."""
    if not leases:
        raise LeaseLost("no slot of the link is held any more")
    return leases[0].link


def _valid_under(leases: Sequence[Lease], heard: JournaledResults, slots: int) -> Sequence[Lease]:
    """Give the leases under which a note of one message may be recorded.

    Notes of every epoch are true where who has them has the data as well. Else they are if nobody else has
    had the slot in between. Then the new lease has the next epoch; where there is no new one, or it is later,
    the note's own must still be the newest, which its write asks.
    """
    if leases[0].holds_ms is None:
        return leases
    slot = slot_of_id(heard.results[0].message_id, slots)
    epoch = heard.epochs.get(slot, heard.epoch)
    resource = slot_of(heard.link, slot)
    if (resource, epoch + 1) in {(lease.resource, lease.epoch) for lease in leases}:
        return leases
    return (Lease(resource, "", epoch),)
