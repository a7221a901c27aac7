"""The postbacks agent: finds lanes with something due, posts side by side, stores what came of it in batches.

A row stays due until its result is committed, so a crash repeats a postback rather than losing it. What was
read and is not settled is known in memory only, because one process owns the postbacks.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping

import structlog
from msgspec import structs

from aldis.accounts.directory import CurrentDirectory
from aldis.clock import Clock
from aldis.dialects.contract import Dialect
from aldis.errors import TemporaryError
from aldis.stages.agent import AgentLoop
from aldis.stages.postbacks.channel import Answer, Channel, Limits
from aldis.stages.postbacks.lanes import Lanes
from aldis.stages.postbacks.schedule import next_try
from aldis.store.contract import Store
from aldis.telemetry import Metrics
from aldis.traffic.content import Attachment, from_column
from aldis.traffic.inbound import DueInbound, InboundFacts
from aldis.traffic.message import MessageFacts
from aldis.traffic.postback import DuePostback, PostbackResult

log = structlog.get_logger()

#: a postback about a message to a handset, or from one
Due = DuePostback | DueInbound

POLL_S = 0.5
STOP_S = 2.0
#: looking for lanes with something due costs as much for one postback as for a hundred
GATHER_S = 0.005
LANES_AT_ONCE = 256
#: postbacks of one lane that are read at once, and of all lanes that are held
READ_AHEAD = 128
MAX_HELD = 4_096


class Poster:
    """Delivers postbacks."""

    def __init__(
        self,
        store: Store,
        channel: Channel,
        dialects: Mapping[str, Dialect],
        current: CurrentDirectory,
        clock: Clock,
        metrics: Metrics,
        read_content: Callable[[str], Awaitable[bytes | None]],
    ) -> None:
        """`read_content`: gives the octets of a digest, None where they are lost."""
        self._store = store
        self._read_content = read_content
        self._channel = channel
        self._dialects = dialects
        self._current = current
        self._clock = clock
        self._tries = {
            (name, done): metrics.postbacks.labels(name, "done" if done else "failed")
            for name in dialects
            for done in (True, False)
        }
        self._lanes = Lanes()
        #: read and not yet started, by lane
        self._ready: dict[str, deque[Due]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        #: by lane, all that were read and are not settled: their rows still look due
        self._held: dict[str, set[int]] = {}
        self._held_in_all = 0
        #: posted, with their lanes, and not yet stored
        self._results: list[tuple[str, PostbackResult]] = []
        self._settling: asyncio.Task[None] | None = None
        self._last_lane = ""
        self._loop = AgentLoop("poster", GATHER_S)
        self._stopping = False

    def wake(self) -> None:
        """Say that there may be work."""
        self._loop.wake()

    def stop(self) -> None:
        """Start no more; `run` ends when what is under way has ended and is stored.

        Tries that take longer than a moment are broken off and not counted: their rows are still due.
        """
        self._stopping = True
        for lane in list(self._ready):
            for due in self._ready.pop(lane):
                self._let_go(lane, due.postback_id)
        asyncio.get_running_loop().call_later(STOP_S, self._break_off)
        self._loop.wake()

    def _break_off(self) -> None:
        for task in list(self._tasks.values()):
            task.cancel()

    async def run(self) -> None:
        """Work until stopped."""
        await self._loop.run(self.step, self._is_finished, lambda: POLL_S)

    def _is_finished(self) -> bool:
        return self._stopping and not self._tasks and not self._results and self._settling is None

    async def step(self) -> int:
        """Do one round; returns how many posts were started."""
        self._settle_soon()
        return 0 if self._stopping else await self._read_due()

    async def settle(self) -> None:
        """Store results until there are none; posting goes on meanwhile."""
        while self._results:
            batch, self._results = self._results, []
            try:
                await self._store.finish_postbacks([result for _, result in batch])
            except TemporaryError as fault:
                log.error("results of postbacks cannot be stored now", fault=str(fault))
                self._results = batch + self._results
                return  # the next step tries again
            except Exception:  # their rows are still due: they are read and posted again
                log.exception("results of postbacks could not be stored")
            for lane, result in batch:
                self._let_go(lane, result.postback_id)
            self._loop.wake()

    def _settle_soon(self) -> None:
        if self._results and self._settling is None:
            self._settling = asyncio.create_task(self.settle())
            self._settling.add_done_callback(self._note_settled)

    def _note_settled(self, _task: asyncio.Task[None]) -> None:
        self._settling = None
        if self._stopping:
            self._loop.wake()

    def _let_go(self, lane: str, postback_id: int) -> None:
        held = self._held[lane]
        held.discard(postback_id)
        self._held_in_all -= 1
        if not held:
            del self._held[lane]

    async def _read_due(self) -> int:
        """Read what is due in lanes that have room and nothing ready; returns how many were read."""
        now = self._clock.now()
        read = 0
        for lane in await self._next_lanes(now):
            room = MAX_HELD - self._held_in_all
            if lane in self._ready or self._lanes.room(lane) == 0 or room <= 0:
                continue
            held = self._held.get(lane, set())
            limit = min(READ_AHEAD if self._lanes.is_proven(lane) else 1, room)
            found: list[Due] = [*await self._store.due_inbound(lane, limit, now, besides=held)]
            found += await self._store.due_postbacks(lane, limit, now, besides=held)
            if not found:
                continue
            read += len(found)
            self._held.setdefault(lane, set()).update(due.postback_id for due in found)
            self._held_in_all += len(found)
            self._ready[lane] = deque(found)
            self._start(lane)
        return read

    def _start(self, lane: str) -> None:
        """Start what is ready in a lane, as far as there is room."""
        ready = self._ready.get(lane)
        while ready and self._lanes.room(lane) > 0:
            dues = self._next_bundle(ready)
            self._lanes.start(lane)
            self._tasks[dues[0].postback_id] = asyncio.create_task(self._post(dues))
        if ready is not None and not ready:
            del self._ready[lane]

    async def _next_lanes(self, now: int) -> list[str]:
        """Go round all lanes, a bounded number at a time, so that none is always first."""
        lanes = await self._store.due_lanes(self._last_lane, LANES_AT_ONCE, now)
        if not lanes and self._last_lane:
            lanes = await self._store.due_lanes("", LANES_AT_ONCE, now)
        self._last_lane = lanes[-1] if len(lanes) == LANES_AT_ONCE else ""
        return lanes

    async def _post(self, dues: list[Due]) -> None:
        first, lane = dues[0], dues[0].lane
        dialect = self._dialects[_topic(first).dialect]
        reached = False
        try:
            answer = await self._try(dialect, dues)
            reached = answer.status is not None
        except asyncio.CancelledError:
            for due in dues:
                self._let_go(lane, due.postback_id)
            raise
        except Exception as fault:  # a fault of ours must not lose the postback: it is tried again
            log.exception("a postback could not be written", postback_id=first.postback_id)
            answer = Answer(None, type(fault).__name__)
        finally:
            self._lanes.end(lane, reached=reached)
            del self._tasks[first.postback_id]
            if not reached:  # what waits behind a dead endpoint must not be held: its rows are still due
                for waiting in self._ready.pop(lane, ()):
                    self._let_go(lane, waiting.postback_id)
        for due in dues:
            result = next_try(dialect.schedule, due, answer, self._clock.now())
            self._results.append((lane, result))
            self._tries[dialect.name, result.done].inc()
        self._settle_soon()
        self._start(lane)
        if lane not in self._ready:
            self._loop.wake()

    async def _try(self, dialect: Dialect, dues: list[Due]) -> Answer:
        first = dues[0]
        account = self._current.directory.accounts_by_id.get(_topic(first).account_id or 0)
        if account is None:
            return Answer(None, "the account is gone")
        now = self._clock.now()
        if isinstance(first, DueInbound):
            # where the account hears of messages now, which may be in another dialect than it was
            name = next(iter(account.inbound_urls), dialect.name)
            dialect, endpoint = self._dialects[name], account.inbound_endpoint(name)
        else:
            endpoint = account.endpoint(dialect.name, first.message.callback_url)
        if endpoint is None:
            return Answer(None, "the account has no postback address any more")
        if isinstance(first, DueInbound):
            if first.inbound.parts and dialect.tells_attachments:
                first = structs.replace(first, attachments=await self._attachments(first.inbound))
            request = dialect.inbound(first, endpoint, now)
        else:
            request = dialect.postback([due for due in dues if isinstance(due, DuePostback)], endpoint, now)
        limits = Limits(dialect.schedule.connect_s, dialect.schedule.total_s, account.postback_networks)
        return await self._channel.post(request, limits)

    async def _attachments(self, inbound: InboundFacts) -> tuple[Attachment, ...]:
        found = []
        for part in from_column(inbound.parts):
            octets = await self._read_content(part.digest)
            if octets is None:
                log.error("content is lost", inbound_id=inbound.inbound_id)
            else:
                found.append(Attachment(part.content_type, octets))
        return tuple(found)

    def _next_bundle(self, ready: deque[Due]) -> list[Due]:
        """Take what one request can carry: one postback, or several first tries of one customer."""
        first = ready.popleft()
        bundle = [first]
        dialect = self._dialects.get(_topic(first).dialect)
        if dialect is None or not dialect.schedule.bundles:
            return bundle
        account = self._current.directory.accounts_by_id.get(_topic(first).account_id or 0)
        style = "" if account is None else account.postback_styles.get(dialect.name, "")
        most = dialect.schedule.bundles.get(style, 1)
        while ready and len(bundle) < most and _share(first, ready[0]):
            bundle.append(ready.popleft())
        return bundle


def _topic(due: Due) -> MessageFacts | InboundFacts:
    """Give what a postback is about."""
    return due.inbound if isinstance(due, DueInbound) else due.message


def _share(one: Due, other: Due) -> bool:
    """Tell whether two postbacks may travel together. One that has failed before travels alone, so that it
    cannot take others with it.
    """
    if not isinstance(one, DuePostback) or not isinstance(other, DuePostback):
        return False
    return not (one.attempts or other.attempts) and (
        (one.message.account_id, one.message.dialect, one.message.callback_url)
        == (other.message.account_id, other.message.dialect, other.message.callback_url)
    )
