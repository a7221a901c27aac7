"""The sending agent of one link: keeps its window full, claims ahead, records results in batches.

`step()` does one round: claim what fits, submit what the pace allows. Between rounds outcomes refill the
window at once, without waiting for the store.

*Claimed* is not *in doubt*: a claim is not written, so a crash gives back what was claimed ahead as if
nothing had happened. In doubt is what was submitted and whose outcome was not heard, and that never exceeds
the window: what is heard keeps its place until it is recorded, or noted where its place is wanted at once. On
a link that holds what is in doubt every claimed message is marked before it may be submitted, and there is no
claiming ahead.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence
from functools import partial
from itertools import chain

import msgspec
import structlog

from aldis.clock import Clock
from aldis.errors import LeaseLost, TemporaryError, TransitionRefused
from aldis.stages.agent import PAUSE_S
from aldis.stages.owner import Holder, Owner
from aldis.stages.sending.in_flight import InFlightMessage
from aldis.stages.sending.outcomes import OutcomeRecorder, RecorderEvents
from aldis.stages.sending.retry import RetryPolicy
from aldis.stages.sending.shares import share
from aldis.stages.sending.upstream import Accepted, Deferred, Outbound, Outcome, Upstream, UpstreamListener
from aldis.store.batches import store_apart
from aldis.store.contract.ownership import Lease, slot_number
from aldis.store.contract.sending import SendingStore
from aldis.telemetry import Metrics
from aldis.traffic.message import AttemptResult, LateAnswer
from aldis.traffic.pacing import TokenBucket
from aldis.traffic.slots import slot_of_id
from aldis.traffic.states import Event
from aldis.traffic.submission import Priority

log = structlog.get_logger()

#: wake-ups are hints; this poll makes them unnecessary for correctness
POLL_S = 0.25
#: segments that are submitted in one turn of the loop, so that requests have theirs
AT_ONCE = 256
#: with a TPS, claim ahead for this long at most, so that urgent messages overtake
AHEAD_S = 0.05


class SenderSettings(msgspec.Struct, frozen=True):
    """How one link is to be fed."""

    retry: RetryPolicy
    #: segments a second; None: as fast as the window allows
    tps: float | None


class Sender(Owner):
    """Feeds one upstream from the store, as the owner of some of its slots. Once one of them is another's, or
    may be, it claims and submits no more; what it has in flight then is not recorded: the new owner treats it
    as after a crash. A slot that another is to have is given back once nothing of it is in flight.
    """

    def __init__(
        self,
        store: SendingStore,
        holder: Holder,
        connect: Callable[[UpstreamListener], Upstream],
        settings: SenderSettings,
        clock: Clock,
        jitter: Callable[[], float],
        metrics: Metrics,
    ) -> None:
        """`connect`: makes the link that tells us of outcomes."""
        upstream = connect(UpstreamListener(self._take_outcome, self._take_late, self._take_change))
        self._slots = holder.store.slots
        wanted = partial(holder.slots_of, f"link/{upstream.name}")
        super().__init__(f"sender {upstream.name}", POLL_S, holder, wanted)
        self._store = store
        self._upstream = upstream
        self._settings = settings
        self._clock = clock
        self._jitter = jitter
        self._metrics = metrics
        self._in_flight: dict[int, InFlightMessage] = {}
        #: claimed and not submitted, by priority: the urgent overtake here as well
        self._ready: tuple[deque[Outbound], ...] = tuple(deque() for _ in Priority)
        #: what has an outcome, until it is recorded
        self.outcomes = OutcomeRecorder(
            store,
            upstream.name,
            clock,
            metrics,
            RecorderEvents(lambda: self.leases, self._pick_ours, self._take_recorded, self.lose),
        )
        #: messages in whose last attempt the session was at fault, as its SMSC said
        self._troubled: set[int] = set()
        self._pumping = self._pump_is_due = False
        self._bucket: TokenBucket | None = None
        if settings.tps is not None:
            self._bucket = TokenBucket(self._pace(), max(1.0, settings.tps * AHEAD_S), clock.monotonic())
        self._more_waiting = True
        #: who has opted out while the store was being asked for messages
        self._opted_out: set[tuple[str, str]] = set()
        #: an operator has had it pause
        self._is_held = False

    def wake(self) -> None:
        """Say that there may be work."""
        self._more_waiting = True
        if not self._is_hinted:
            super().wake()

    def hold(self) -> None:
        """Claim no more until resumed, and give back what is not on the wire."""
        self._is_held = True
        self._requeue()
        super().wake()

    def resume(self) -> None:
        """Go on after `hold`."""
        self._is_held = False
        self.wake()

    @property
    def is_drained(self) -> bool:
        """Whether nothing is in hand: all that was submitted has an outcome on disk."""
        return not self._in_flight and self.outcomes.is_drained

    def unsettled(self) -> set[int]:
        """Give the messages whose outcome is not on disk: the carrier may have named each of them already."""
        return {*self._in_flight, *self.outcomes.message_ids()}

    def is_clear(self, resource: str) -> bool:
        """Tell whether nothing of a slot is in hand."""
        slot = slot_number(resource)
        in_hand = chain(self._in_flight, self.outcomes.message_ids(), self.outcomes.uncounted())
        return all(slot_of_id(message_id, self._slots) != slot for message_id in in_hand)

    def leave(self, leases: Collection[Lease]) -> None:
        """Return what of these slots is claimed but not on the wire."""
        slots = {lease.slot for lease in leases}
        self._requeue(lambda each: slot_of_id(each.message_id, self._slots) in slots)

    async def begin(self, leases: tuple[Lease, ...]) -> None:
        """End what a lost owner left in doubt, where it must not be repeated."""
        hold = self._settings.retry.hold_in_doubt
        count = await self._store.recover(leases, hold=hold, now=self._clock.now())
        self._more_waiting = True
        if count:
            log.warning("messages in doubt after a crash", link=self._upstream.name, count=count)

    async def step(self) -> int:
        """Do one round; returns how many messages were claimed."""
        held = await self.own()
        if not held or not self._upstream.is_up or self._is_stopping:
            self._requeue()
        if self._bucket is not None:
            self._bucket.rate_per_s = self._pace()
        claimed = await self._claim(held) if held else 0
        if self._is_held:  # perhaps only since the store was asked
            self._requeue()
        self._pump()
        return claimed

    async def _claim(self, held: Sequence[Lease]) -> int:
        limit = self._room_to_claim()
        if limit <= 0 or not self._more_waiting:
            return 0
        self._more_waiting = False  # a hint that arrives during the claim sets it again
        self._opted_out.clear()
        messages = await self._store.claim(held, limit, share, self._clock.now())
        is_marked = messages and self._settings.retry.hold_in_doubt
        unmarked = await self._mark(held, [each.message_id for each in messages]) if is_marked else ()
        for message in messages:
            if message.message_id in unmarked:
                continue
            # said while the store was asked
            if self._opted_out and (message.sender, message.recipient) in self._opted_out:
                self._give_back(message.message_id, "opted out")
            else:
                self._take_in_flight(InFlightMessage(message, message.message_id in self._troubled))
        if len(messages) == limit:
            self._more_waiting = True
        return len(messages)

    def _give_back(self, message_id: int, reason: str, wait_s: float = 0.0) -> None:
        """Return a message that was claimed and is not to be submitted now."""
        due_at = self._clock.now() + int(wait_s * 1000)
        self.outcomes.add(AttemptResult(message_id, Event.RELEASED, due_at=due_at, reason=reason))

    async def _mark(self, held: Sequence[Lease], message_ids: list[int]) -> set[int]:
        """Write that these are about to be submitted; returns those that are given back, since they cannot be
        marked.
        """
        link = self._upstream.name
        try:
            unmarked = await store_apart(partial(self._store.mark, held), message_ids, link)
        except LeaseLost:
            self._store.release(held, message_ids)
            raise
        self._store.release(held, [message_id for message_id, _ in unmarked])
        for message_id, fault in unmarked:
            match fault:
                case TemporaryError():
                    if len(unmarked) == len(message_ids):
                        raise fault
                case TransitionRefused():
                    log.info("a message has moved on", link=link, message_id=message_id)
                case _:
                    log.error("a message cannot be marked", message_id=message_id, exc_info=fault)
                    self.outcomes.add_fault(message_id, fault)
        return {message_id for message_id, _ in unmarked}

    def _take_in_flight(self, held: InFlightMessage) -> None:
        try:
            segments = held.segments()
        except Exception as fault:  # a row of one message is no matter of its neighbours
            log.exception("a message cannot be read", link=self._upstream.name, message_id=held.message_id)
            self.outcomes.add_fault(held.message_id, fault)
            self._give_back(held.message_id, "internal error", PAUSE_S)
            return
        self._in_flight[held.message_id] = held
        for segment in segments:
            self._ready[segment.priority].append(segment)
        if not segments:  # all of it was taken in earlier attempts
            self._conclude(held.message_id)

    def _room_to_claim(self) -> int:
        if self._is_stopping or self._is_held or not self._upstream.is_up or self.outcomes.is_failing:
            return 0
        ready = sum(map(len, self._ready))
        if self._settings.retry.hold_in_doubt:
            # every claim is marked and counts as in doubt: no more than can be submitted at once
            places = self._upstream.room() - len(self.outcomes.unnoted) - ready
            room = min(self._upstream.window - len(self._in_flight) - self.outcomes.unrecorded, places)
            if self._bucket is not None:
                room = min(room, int(self._bucket.level(self._clock.monotonic())))
        else:
            room = 2 * self._upstream.window - len(self._in_flight)
        if self._bucket is not None and not self._settings.retry.hold_in_doubt:
            ahead = max(1, int(self._bucket.rate_per_s * AHEAD_S))
            room = min(room, ahead - ready)
        return room

    def _pump(self) -> None:
        """Submit what window and pace allow."""
        if self._pumping:
            return  # an outcome came while its segment was being submitted; the loop below goes on by itself
        self._pumping, self._pump_is_due = True, False
        try:
            now, wall = self._clock.monotonic(), self._clock.now()
            if now >= self._owned_until:
                return
            for queue in reversed(self._ready):
                if queue and not self._submit_from(queue, now, wall):
                    break
        finally:
            self._pumping = False

    def _submit_from(self, queue: deque[Outbound], now: float, wall: int) -> bool:
        """Submit from one priority; returns whether the next may follow. `wall`: Unix milliseconds."""
        upstream, in_flight, bucket = self._upstream, self._in_flight, self._bucket
        room = self._room_to_submit(len(queue))
        last = len(queue) - AT_ONCE
        while queue:
            if len(queue) <= last:
                self._pump_soon()
                return False
            segment = queue[0]
            held = in_flight[segment.message_id]
            if segment.expires_at <= wall:
                held.expire()
            if held.is_hopeless:
                queue.popleft()
                if held.drop():
                    self._conclude(segment.message_id)
                continue
            if room <= 0 or (bucket is not None and not bucket.take(1, now)):
                return False
            room -= 1
            queue.popleft()
            try:
                upstream.submit(segment)
            except Exception as fault:  # as in `_take_in_flight`
                log.exception("a segment cannot be submitted", message_id=segment.message_id)
                self.outcomes.add_fault(segment.message_id, fault)
                self._take_outcome(segment, Deferred("internal error"))
        return True

    def _pump_soon(self) -> None:
        """Go on in the next turn of the loop."""
        if not self._pump_is_due:
            self._pump_is_due = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _room_to_submit(self, wanted: int) -> int:
        """How many segments may be submitted with no more in doubt than the window.

        What was heard keeps its place until it is recorded, unless the place is wanted now: then it is noted.
        But where other gateways have slots too, one of them goes on when we are lost, and does not know our
        notes.
        """
        room, unnoted = self._upstream.room(), self.outcomes.unnoted
        if unnoted and len(self.leases) == self._slots and wanted > room - len(unnoted):
            self.outcomes.note()
        return room - len(unnoted)

    def _take_outcome(self, segment: Outbound, outcome: Outcome) -> None:
        self.outcomes.answered[type(outcome)] += 1
        if self._in_flight[segment.message_id].note(segment, outcome):
            self._conclude(segment.message_id)

    def _take_late(self, segment: Outbound, accepted: Accepted) -> None:
        self.outcomes.add_late(LateAnswer(segment.message_id, segment.number, accepted.smsc_message_id))

    def _pick_ours(self, results: list[AttemptResult]) -> list[AttemptResult]:
        if len(self.leases) == self._slots:
            return results
        ours = {lease.slot for lease in self.leases}
        return [each for each in results if slot_of_id(each.message_id, self._slots) in ours]

    def _take_recorded(self) -> None:
        """Hear that outcomes are recorded: there may be room."""
        super().wake()
        self._pump()

    def lapse(self) -> None:
        """Submit nothing that was claimed before: who opted out meanwhile was told so."""
        self._requeue()
        self._store.release(self.leases, ())

    def lose(self) -> None:
        """Hear that the link is another owner's."""
        self._requeue()
        super().lose()

    def _conclude(self, message_id: int) -> None:
        in_flight = self._in_flight.pop(message_id)
        if in_flight.is_troubled:
            self._troubled.add(message_id)
        else:
            self._troubled.discard(message_id)
        self.outcomes.add(in_flight.conclude(self._settings.retry, self._clock, self._jitter))

    def _take_change(self) -> None:
        if not self._upstream.is_up:
            self._more_waiting = True  # for when it comes back
        super().wake()
        self._pump()

    def _requeue(self, is_leaving: Callable[[Outbound], bool] = lambda _each: True) -> None:
        """Return what is claimed but not on the wire: all, or what is leaving."""
        for queue in self._ready:
            leaving = [each for each in queue if is_leaving(each)]
            if not leaving:
                continue
            staying = [each for each in queue if not is_leaving(each)]
            queue.clear()
            queue.extend(staying)
            for segment in leaving:
                if self._in_flight[segment.message_id].drop():
                    self._conclude(segment.message_id)

    def release_opted_out(self, opted_out: set[tuple[str, str]]) -> None:
        """Return what is claimed but not on the wire and goes from one of these senders to its number."""
        self._opted_out |= opted_out
        self._requeue(lambda each: (each.sender, each.recipient) in opted_out)

    def _pace(self) -> float:
        """Give our part of the carrier's TPS: each owner has as much of it as of the slots."""
        return (self._settings.tps or 0.0) * max(1, len(self.leases)) / self._slots

    def pause_s(self) -> float:
        """Wait no longer than until the pace allows the next segment."""
        is_paced = any(self._ready) or (self._settings.retry.hold_in_doubt and self._more_waiting)
        self._more_waiting = True  # after the pause the store is asked whether or not a hint came
        if is_paced and self._bucket is not None:
            return min(POLL_S, self._bucket.wait_s(self._clock.monotonic()) + 0.001)
        return POLL_S
