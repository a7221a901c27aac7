"""The postbacks agent: finds lanes with something due, posts side by side, stores what came of it in batches.

A row stays due until its result is committed, so a crash repeats a postback rather than losing it. What was
read and is not settled is known in memory only, because one process owns the postbacks.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from functools import partial
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
from aldis.stages.postbacks.schedule import asked_ms, next_try
from aldis.stages.postbacks.status import LocalFault, LocalFaults, PostingStatus, waiting_of
from aldis.stages.postbacks.writing import Due, Writing, Written
from aldis.store.batches import store_apart
from aldis.store.contract.postbacks import PostbackStore
from aldis.traffic.inbound import DueInbound
from aldis.traffic.postback import DuePostback, PostbackResult

log = structlog.get_logger()

POLL_S = 0.5
STOP_S = 2.0
#: how often operators are told how it stands
TELL_MS = 1_000
#: where the lanes are so many that they are named batch by batch, each time by the file: lets work gather
GATHER_S = 0.005
LANES_AT_ONCE = 1_024
#: how long a postback rests whose result the store refuses: its endpoint must not be flooded with it
REFUSED_S = 60.0
#: no try takes longer; a clock that was set may say so
LONGEST_MS = 60_000
#: what came of a postback, with its lane
Result = tuple[str, PostbackResult]


class PosterSettings(msgspec.Struct, frozen=True):
    """What a poster is told."""

    #: that may be used at once
    connections: int = CONNECTIONS
    #: what of them, and of what is held in memory, one account may have
    account_share: float = ACCOUNT_SHARE
    #: whether what endpoints say is kept for operators
    keeps_answers: bool = True


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
        self._count = count
        self._tell = tell
        self._told, self._told_at = PostingStatus(), 0
        self._local_faults = LocalFaults()
        #: tries that were not counted yet
        self._tried: Counter[tuple[str, bool]] = Counter()
        self._lanes = Lanes(settings.connections, settings.account_share)
        #: lanes with anything due in which nothing more could start when they were looked at
        self._out_of_room: list[str] = []
        #: read and not yet started, by lane
        self._ready: dict[str, deque[Due]] = {}
        #: being tried, by the first of each request, with when it was started
        self._under_way: dict[int, tuple[int, list[Due]]] = {}
        #: requests that wait for what they tell of
        self._reading: set[asyncio.Task[None]] = set()
        #: lanes in which a try has ended in this turn of the loop
        self._moved: dict[str, None] = {}
        #: by lane, all that were read and are not settled: their rows still look due
        self._held = Held(settings.connections, settings.account_share)
        #: posted, with their lanes, and not yet stored
        self._results: list[Result] = []
        self._settling: asyncio.Task[None] | None = None
        #: webhooks whose end is being stored
        self._ending: set[asyncio.Task[None]] = set()
        self._last_lane = ""
        #: how long tries that are under way have when it is stopped
        self.grace_s = STOP_S
        store.subscribe(self.wake)

    def stop(self) -> None:
        """Start no more; `run` ends when what is under way has ended and is stored.

        Tries that take longer than a moment are broken off and not counted: their rows are still due.
        """
        super().stop()
        for lane in list(self._ready):
            self._drop_ready(lane)
        asyncio.get_running_loop().call_later(self.grace_s, self._break_off)

    def _break_off(self) -> None:
        for task in self._reading:
            task.cancel()
        for _, dues in self._under_way.values():
            for due in dues:
                self._held.release(due.lane, due.postback_id)
        self._under_way.clear()
        self.wake()

    @property
    def is_drained(self) -> bool:
        """Whether nothing is being tried, and all that was is stored."""
        return not self._under_way and not self._results and self._settling is None

    async def step(self) -> int:
        """Do one round; returns how many postbacks were read, or that there are more lanes to look at."""
        self._settle_soon()
        if self._last_lane:
            await asyncio.sleep(GATHER_S)
        return 0 if self._is_stopping else await self._read_due() or bool(self._last_lane)

    async def settle(self) -> None:
        """Store results until there are none; posting goes on meanwhile."""
        while self._results:
            batch, self._results = self._results, []
            self._count_tries()
            left = []
            for each, fault in await store_apart(
                self._finish, batch, "results of postbacks", self._release_all
            ):
                if isinstance(fault, TemporaryError):
                    left.append(each)
                else:
                    self._let_rest(*each, fault)
            self.wake()
            if left:
                self._results = left + self._results
                return  # the next step tries again

    async def _finish(self, batch: Sequence[Result]) -> None:
        await self._store.finish([result for _, result in batch])

    def _release_all(self, batch: Sequence[Result]) -> None:
        for lane, result in batch:
            self._held.release(lane, result.postback_id)

    def _let_rest(self, lane: str, result: PostbackResult, fault: Exception) -> None:
        """Have a postback whose result the store refuses posted again, since it is still due; not at once."""
        postback_id = result.postback_id
        log.error("the result of a postback cannot be stored", postback_id=postback_id, exc_info=fault)
        asyncio.get_running_loop().call_later(REFUSED_S, self._held.release, lane, postback_id)

    def _count_tries(self) -> None:
        for (dialect, done), count in self._tried.items():
            self._count(dialect, done, count)
        self._tried.clear()

    def _settle_soon(self) -> None:
        if self._results and self._settling is None:
            self._settling = asyncio.create_task(self.settle())
            self._settling.add_done_callback(self._note_settled)

    def _note_settled(self, _task: asyncio.Task[None]) -> None:
        self._settling = None
        if self._is_stopping:
            self.wake()

    async def _read_due(self) -> int:
        """Read what is due in lanes that have room and nothing ready; returns how many were read."""
        now = self._clock.now()
        if abs(now - self._told_at) >= TELL_MS:
            self._tell_status(now)
        read = 0
        self._lanes.resume(now)
        self._out_of_room.clear()
        for lane in self._lanes.in_turn(await self._next_lanes(now)):
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
            if not found:
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
        if not ready or not room:
            return False
        now = self._clock.now()
        for _ in range(room):
            dues = self._writing.next_bundle(ready)
            self._lanes.start(lane)
            self._under_way[dues[0].postback_id] = now, dues
            self._post(dues, now)
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

    def _post(self, dues: list[Due], now: int) -> None:
        first = dues[0]
        if isinstance(first, DueInbound):
            task = asyncio.create_task(self._post_inbound(first, now))
            self._reading.add(task)
            task.add_done_callback(self._reading.discard)
            return
        try:  # a bundle is all of one kind
            written = self._writing.write(cast("list[DuePostback]", dues), now, self._store.ended_webhooks)
        except Exception as fault:  # a fault of ours must not lose the postback: it is tried again
            log.exception("a postback could not be written", postback_id=first.postback_id)
            written = Answer(None, type(fault).__name__)
        self._send(dues, written)

    async def _post_inbound(self, due: DueInbound, now: int) -> None:
        try:
            written = await self._writing.write_inbound(due, now, self._store.ended_webhooks)
        except Exception as fault:  # as in `_post`
            log.exception("a postback could not be written", postback_id=due.postback_id)
            written = Answer(None, type(fault).__name__)
        self._send([due], written)

    def _send(self, dues: list[Due], written: Written) -> None:
        hear = partial(self._hear, dues)
        if isinstance(written, Answer):
            asyncio.get_running_loop().call_soon(hear, written)
        else:
            self._channel.post(*written, hear)

    def _hear(self, dues: list[Due], answer: Answer) -> None:
        """Judge how a try ended; what its end makes room for starts when all of this turn are judged."""
        first, lane = dues[0], dues[0].lane
        started = self._under_way.pop(first.postback_id, None)
        if started is None:
            return  # broken off
        now = self._clock.now()
        if answer.local:
            self._put_back(dues, LocalFault(answer.local, answer.fault), now)
            return
        policy = self._writing.policy_of(first)
        if answer.status in policy.schedule.ends:
            self._end_webhook(first, now)
        reached = answer.status is not None
        self._lanes.end(lane, max(0, min(now - started[0], LONGEST_MS)), reached=reached)
        if answer.retry_after and (asked := asked_ms(answer.retry_after, now)):
            self._lanes.pause(lane, now + min(asked, MOST_PAUSED_MS))
        if not reached or answer.retry_after:
            # what waits behind an endpoint that is dead or wants peace must not be held: it is still due
            self._drop_ready(lane)
        for due in dues:
            result = next_try(policy.schedule, due, answer, now)
            if answer.body and self._keeps_answers:
                result = structs.replace(result, answer=answer.body)
            self._results.append((lane, result))
            self._tried[policy.name, result.done] += 1
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

    def _move(self, lane: str) -> None:
        """Have go on in a moment what the end of a try has made room for."""
        if not self._moved:
            asyncio.get_running_loop().call_soon(self._go_on)
        self._moved[lane] = None

    def _end_webhook(self, due: Due, now: int) -> None:
        """Have nothing more posted to where an endpoint wants no more."""
        webhook = self._writing.webhook_of(due)
        if webhook is not None and webhook not in self._store.ended_webhooks:
            log.warning("an endpoint has ended a webhook", account_id=webhook.account_id, lane=due.lane)
            self._ending.add(task := asyncio.create_task(self._store.end_webhook(webhook, now)))
            task.add_done_callback(self._note_ended)

    def _note_ended(self, task: asyncio.Task[None]) -> None:
        self._ending.discard(task)
        if not task.cancelled() and (fault := task.exception()):  # the next postback is refused as well
            log.error("the end of a webhook cannot be stored now", fault=str(fault))

    def _go_on(self) -> None:
        moved, self._moved = self._moved, {}
        self._settle_soon()
        for lane in moved:
            if not self._start(lane) or lane not in self._ready:
                self.wake()  # what it has left may be another's
