"""The postbacks agent: finds lanes with something due, posts side by side, stores what came of it in batches.

A row stays due until its result is committed, so a crash repeats a postback rather than losing it. What was
read and is not settled is known in memory only, because each postback has one owner: the gateway that has the
store, or the one that has the lease of its slot. Of what is under way in a slot that is lost nothing is
written: whoever has it now posts it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection
from functools import partial
from itertools import chain
from typing import cast

import msgspec
import structlog
from msgspec import structs

from aldis.clock import Clock
from aldis.errors import TemporaryError
from aldis.stages.agent import Agent
from aldis.stages.postbacks.channel import Answer, Channel
from aldis.stages.postbacks.held import Held
from aldis.stages.postbacks.lanes import ACCOUNT_SHARE, CONNECTIONS, MOST_PAUSED_MS, Lanes
from aldis.stages.postbacks.results import Result, Results
from aldis.stages.postbacks.schedule import asked_ms, next_try
from aldis.stages.postbacks.status import LocalFault, LocalFaults, PostingStatus, waiting_of
from aldis.stages.postbacks.writing import Due, Writing, Written
from aldis.stages.slot_leases import SlotLeases
from aldis.store.contract.ownership import Lease
from aldis.store.contract.postbacks import PostbackStore
from aldis.traffic.inbound import DueInbound
from aldis.traffic.postback import DuePostback, place_of
from aldis.traffic.slots import slot_of_id

log = structlog.get_logger()

POLL_S = 0.5
STOP_S = 2.0
#: how often operators are told how it stands
TELL_MS = 1_000
#: where the lanes are so many that they are named batch by batch, each time by the file: lets work gather
GATHER_S = 0.005
LANES_AT_ONCE = 1_024
#: no try takes longer; a clock that was set may say so
LONGEST_MS = 60_000


class PosterSettings(msgspec.Struct, frozen=True):
    """What a poster is told."""

    #: that may be used at once
    connections: int = CONNECTIONS
    #: what of them, and of what is held in memory, one account may have
    account_share: float = ACCOUNT_SHARE
    #: whether what endpoints say is kept for operators
    keeps_answers: bool = True


class _Try:
    """A request that is under way."""

    __slots__ = ("dues", "is_ours", "started_at")

    def __init__(self, dues: list[Due], started_at: int) -> None:
        self.dues = dues
        self.started_at = started_at
        #: whether what comes of it is to be written
        self.is_ours = True


class Poster(Agent):
    """Delivers postbacks."""

    def __init__(
        self,
        store: PostbackStore,
        channel: Channel,
        writing: Writing,
        clock: Clock,
        count: Callable[[str, bool, int], None],
        tell: Callable[[PostingStatus], None],
        settings: PosterSettings,
    ) -> None:
        """`count`: is told of tries by dialect, whether they were the last, and how many; `tell`: how posting
        stands, when that has changed, once a second at most.
        """
        super().__init__("poster", POLL_S)
        self._store = store
        self._channel = channel
        self._writing = writing
        self._keeps_answers = settings.keeps_answers
        self._clock = clock
        self._tell = tell
        self._told, self._told_at = PostingStatus(), 0
        self._local_faults = LocalFaults()
        self._lanes = Lanes(settings.connections, settings.account_share)
        #: lanes with anything due in which nothing more could start when they were looked at
        self._out_of_room: list[str] = []
        #: read and not yet started, by lane
        self._ready: dict[str, deque[Due]] = {}
        #: being tried
        self._under_way: set[_Try] = set()
        #: requests that wait for what they tell of
        self._reading: set[asyncio.Task[None]] = set()
        #: lanes in which a try has ended in this turn of the loop
        self._moved: dict[str, None] = {}
        #: by lane, all that were read and are not settled: their rows still look due
        self._held = Held(settings.connections, settings.account_share)
        self.results = Results(store, self._held, count, self.wake, self._note_settled, self.lose)
        self._last_lane = ""
        #: accounts of which nothing is to be posted
        self._withheld: frozenset[int] = frozenset()
        #: ours, where other gateways post as well; None: all are
        self._slots: SlotLeases | None = None
        #: how long tries that are under way have when it is stopped
        self.grace_s = STOP_S
        store.subscribe(self.wake)

    def share(self, slots: SlotLeases) -> None:
        """Post only what is of our slots, since other gateways post as well."""
        self._slots = slots
        self._store.serve(slots.served)

    def withhold(self, accounts: Collection[int]) -> set[int]:
        """Post from now on nothing of these accounts, and of no others that were named before; gives those of
        which something is being tried or is not stored.
        """
        self._withheld = frozenset(accounts)
        for lane in [lane for lane in self._ready if self._is_withheld(lane)]:
            self._drop_ready(lane)
        return {account_id for account_id in self._withheld if self._held.has_any(account_id)}

    def _is_withheld(self, lane: str) -> bool:
        return bool(self._withheld) and place_of(lane).account_id in self._withheld

    def stop(self) -> None:
        """Start no more; `run` ends when what is under way has ended and is stored.

        Tries that take longer than a moment are broken off and not counted: their rows are still due.
        """
        super().stop()
        self._drop_all_ready()
        asyncio.get_running_loop().call_later(self.grace_s, self._break_off)

    def _break_off(self) -> None:
        for task in self._reading:
            task.cancel()
        self._give_up()
        self._under_way.clear()
        self.wake()

    def _give_up(self) -> None:
        """Write nothing of what is being tried: it is still due."""
        for each in self._under_way:
            if each.is_ours:
                each.is_ours = False
                for due in each.dues:
                    self._held.release(due.lane, due.postback_id)

    def lose(self) -> None:
        """Hear that slots are another's."""
        if self._slots is None:
            super().lose()
            return
        self._slots.lose()
        self._store.serve(self._slots.served)
        self._drop_all_ready()
        self._give_up()
        self.results.give_up()

    def _note_settled(self) -> None:
        if self._is_stopping:
            self.wake()

    async def run(self) -> None:
        """Work as every agent does, then give back what is ours."""
        await super().run()
        if self._slots is not None:
            await self._slots.give_all_back()

    @property
    def is_drained(self) -> bool:
        """Whether nothing is being tried, and all that was is stored."""
        return not self._under_way and self.results.is_settled

    async def step(self) -> int:
        """Do one round; returns how many postbacks were read, or that there are more lanes to look at."""
        self.results.settle_soon()
        if self._slots is not None:
            await self._own(self._slots)
        if self._last_lane:
            await asyncio.sleep(GATHER_S)
        return 0 if self._is_stopping else await self._read_due() or bool(self._last_lane)

    async def _own(self, slots: SlotLeases) -> None:
        """See which slots are ours, and begin no more in others."""
        before = slots.served
        await slots.look(self._is_busy, is_leaving=self._is_stopping)
        if slots.served == before:
            return
        self._store.serve(slots.served)
        if not before <= slots.served:
            for lane, ready in list(self._ready.items()):
                if not slots.served.issuperset(map(_slot_of, ready)):
                    self._drop_ready(lane)  # those that are ours are read again

    def _is_busy(self, slot: int, lease: Lease) -> bool:
        """Tell whether anything of a slot is being tried, or is not stored."""
        dues = chain.from_iterable(each.dues for each in self._under_way if each.is_ours)
        return slot in map(_slot_of, dues) or not self.results.is_settled_of(lease)

    async def _read_due(self) -> int:
        """Read what is due in lanes that have room and nothing ready; returns how many were read."""
        now = self._clock.now()
        if abs(now - self._told_at) >= TELL_MS:
            self._tell_status(now)
        read = 0
        self._lanes.resume(now)
        self._out_of_room.clear()
        for lane in self._lanes.in_turn(await self._next_lanes(now)):
            if self._is_withheld(lane):
                continue
            self._start(lane)  # another lane may have left it room
            if self._lanes.room(lane) == 0:
                self._out_of_room.append(lane)
                continue
            limit = min(self._lanes.read_ahead(lane), self._held.room(lane))
            if lane in self._ready or not limit:
                continue
            held = self._held.of(lane)
            half = (limit + 1) // 2  # neither kind keeps the other from its turn
            found: list[Due] = [*await self._store.due_inbound(lane, half, now, besides=held)]
            if len(found) < limit:
                found += await self._store.due(lane, limit - len(found), now, besides=held)
            if self._slots is not None:  # some may have gone meanwhile
                found = [due for due in found if _slot_of(due) in self._slots.served]
            if not found or self._is_withheld(lane):
                continue
            read += len(found)
            self._lanes.note_turn(lane)
            self._held.add(lane, [due.postback_id for due in found])
            self._ready[lane] = deque(found)
            self._start(lane)
        return read

    def _tell_status(self, now: int) -> None:
        self._told_at = now
        local_fault, put_back = self._local_faults.current(now), dict(self._local_faults.put_back)
        waiting = waiting_of(self._lanes, self._out_of_room)
        connections = self._channel.connections()
        status = PostingStatus(len(self._under_way), *connections, local_fault, put_back, *waiting)
        if status != self._told:
            self._told = status
            self._tell(status)

    def _start(self, lane: str) -> bool:
        """Start what is ready in a lane, as far as there is room; tells whether anything was."""
        ready = self._ready.get(lane)
        room = self._lanes.room(lane) if ready else 0
        if not ready or not room or (self._slots is not None and self._slots.is_over):
            return False
        now = self._clock.now()
        for _ in range(room):
            dues = self._writing.next_bundle(ready)
            self._lanes.start(lane)
            started = _Try(dues, now)
            self._under_way.add(started)
            self._post(started, now)
            if not ready:
                del self._ready[lane]
                break
        return True

    async def _next_lanes(self, now: int) -> list[str]:
        """Go round all lanes, a bounded number at a time, so that none is always first."""
        lanes = await self._store.lanes(self._last_lane, LANES_AT_ONCE, now)
        if not lanes and self._last_lane:
            lanes = await self._store.lanes("", LANES_AT_ONCE, now)
        self._last_lane = lanes[-1] if len(lanes) == LANES_AT_ONCE else ""
        return lanes

    def _post(self, started: _Try, now: int) -> None:
        first = started.dues[0]
        if isinstance(first, DueInbound):
            task = asyncio.create_task(self._post_inbound(started, first, now))
            self._reading.add(task)
            task.add_done_callback(self._reading.discard)
            return
        try:  # a bundle is all of one kind
            written = self._writing.write(
                cast("list[DuePostback]", started.dues), now, self._store.ended_webhooks
            )
        except Exception as fault:  # a fault of ours must not lose the postback: it is tried again
            log.exception("a postback could not be written", postback_id=first.postback_id)
            written = Answer(None, type(fault).__name__)
        self._send(started, written)

    async def _post_inbound(self, started: _Try, due: DueInbound, now: int) -> None:
        try:
            written = await self._writing.write_inbound(due, now, self._store.ended_webhooks)
        except TemporaryError as fault:
            written = Answer(None, str(fault), local="store")
        except Exception as fault:  # as in `_post`
            log.exception("a postback could not be written", postback_id=due.postback_id)
            written = Answer(None, type(fault).__name__)
        self._send(started, written)

    def _send(self, started: _Try, written: Written) -> None:
        hear = partial(self._hear, started)
        if isinstance(written, Answer):
            asyncio.get_running_loop().call_soon(hear, written)
        else:
            self._channel.post(*written, hear)

    def _hear(self, started: _Try, answer: Answer) -> None:
        """Judge how a try ended; what its end makes room for starts when all of this turn are judged."""
        dues = started.dues
        first, lane = dues[0], dues[0].lane
        if started not in self._under_way:
            return  # broken off
        self._under_way.remove(started)
        now = self._clock.now()
        if not started.is_ours:
            self._lanes.end(lane, 0, reached=None)
            self._move(lane)
            return
        if answer.local:
            self._put_back(dues, LocalFault(answer.local, answer.fault), now)
            return
        policy = self._writing.policy_of(first)
        webhook = self._writing.webhook_of(first) if answer.status in policy.schedule.ends else None
        if webhook is not None:
            self.results.end_webhook(webhook, lane, now, self._lease_of(first))
        reached = answer.status is not None
        self._lanes.end(lane, max(0, min(now - started.started_at, LONGEST_MS)), reached=reached)
        if answer.retry_after and (asked := asked_ms(answer.retry_after, now)):
            self._lanes.pause(lane, now + min(asked, MOST_PAUSED_MS))
        if not reached or answer.retry_after:
            # what waits behind an endpoint that is dead or wants peace must not be held: it is still due
            self._drop_ready(lane)
        for due in dues:
            result = next_try(policy.schedule, due, answer, now)
            if answer.body and self._keeps_answers:
                result = structs.replace(result, answer=answer.body)
            self.results.add(policy.name, Result(lane, result, self._lease_of(due)))
        self._move(lane)

    def _put_back(self, dues: list[Due], fault: LocalFault, now: int) -> None:
        """Leave due what a fault of our own kept from being tried: it is nobody's try."""
        lane = dues[0].lane
        if self._local_faults.note(fault, len(dues), now):
            log.error("postbacks cannot be tried: a fault of our own", kind=fault.kind, fault=fault.says)
        self._lanes.end(lane, 0, reached=None)
        self._lanes.pause_untried(lane, now)
        self._drop_ready(lane)
        for due in dues:
            self._held.release(lane, due.postback_id)
        self._move(lane)

    def _drop_ready(self, lane: str) -> None:
        """Hold no more of what waits in a lane: it is still due."""
        for waiting in self._ready.pop(lane, ()):
            self._held.release(lane, waiting.postback_id)

    def _drop_all_ready(self) -> None:
        for lane in list(self._ready):
            self._drop_ready(lane)

    def _move(self, lane: str) -> None:
        """Have go on in a moment what the end of a try has made room for."""
        if not self._moved:
            asyncio.get_running_loop().call_soon(self._go_on)
        self._moved[lane] = None

    def _lease_of(self, due: Due) -> Lease | None:
        return None if self._slots is None else self._slots.of(_slot_of(due))

    def _go_on(self) -> None:
        moved, self._moved = self._moved, {}
        self.results.settle_soon()
        for lane in moved:
            if not self._start(lane) or lane not in self._ready:
                self.wake()  # what it has left may be another's


def _slot_of(due: Due) -> int:
    """Give the slot of the message that a postback is about."""
    return slot_of_id(due.inbound.inbound_id if isinstance(due, DueInbound) else due.message.message_id)
