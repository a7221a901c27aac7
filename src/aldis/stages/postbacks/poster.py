"""The postbacks agent: finds lanes with something due, posts side by side, stores what came of it in batches.

A row stays due until its result is committed, so a crash repeats a postback rather than losing it. What is
under way is known in memory only, because one process owns the postbacks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from aldis.accounts.directory import CurrentDirectory
from aldis.clock import Clock
from aldis.dialects.contract import Dialect
from aldis.stages.agent import AgentLoop
from aldis.stages.postbacks.channel import Answer, Channel, Limits
from aldis.stages.postbacks.lanes import Lanes
from aldis.stages.postbacks.schedule import next_try
from aldis.store.contract import Store
from aldis.telemetry import Metrics
from aldis.traffic.postback import DuePostback, PostbackResult

log = structlog.get_logger()

POLL_S = 0.5
STOP_S = 2.0
LANES_AT_ONCE = 256


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
    ) -> None:
        self._store = store
        self._channel = channel
        self._dialects = dialects
        self._current = current
        self._clock = clock
        self._metrics = metrics
        self._lanes = Lanes()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        #: posted, and not yet stored; their rows still look due
        self._results: list[PostbackResult] = []
        self._unsettled: dict[int, str] = {}
        self._last_lane = ""
        self._loop = AgentLoop("poster")
        self._stopping = False

    def wake(self) -> None:
        """Say that there may be work."""
        self._loop.wake()

    def stop(self) -> None:
        """Start no more; `run` ends when what is under way has ended and is stored.

        Tries that take longer than a moment are broken off and not counted: their rows are still due.
        """
        self._stopping = True
        asyncio.get_running_loop().call_later(STOP_S, self._break_off)
        self._loop.wake()

    def _break_off(self) -> None:
        for task in list(self._tasks.values()):
            task.cancel()

    async def run(self) -> None:
        """Work until stopped."""
        await self._loop.run(self.step, self._is_finished, lambda: POLL_S)

    def _is_finished(self) -> bool:
        return self._stopping and not self._tasks and not self._results

    async def step(self) -> int:
        """Do one round; returns how many results were stored and posts started."""
        stored = await self._store_results()
        return stored + (0 if self._stopping else await self._start_due())

    async def _store_results(self) -> int:
        batch, self._results = self._results, []
        if not batch:
            return 0
        try:
            await self._store.finish_postbacks(batch)
        except BaseException:
            self._results = batch + self._results
            raise
        for result in batch:
            del self._unsettled[result.postback_id]
        return len(batch)

    async def _start_due(self) -> int:
        now = self._clock.now()
        started = 0
        for lane in await self._next_lanes(now):
            room = self._lanes.room(lane)
            if room == 0:
                continue
            known = sum(1 for known_lane in self._unsettled.values() if known_lane == lane)
            for due in await self._store.due_postbacks(lane, room + known, now):
                if due.postback_id in self._unsettled or room == 0:
                    continue
                room -= 1
                started += 1
                self._unsettled[due.postback_id] = lane
                self._lanes.start(lane)
                self._tasks[due.postback_id] = asyncio.create_task(self._post(due))
        return started

    async def _next_lanes(self, now: int) -> list[str]:
        """Go round all lanes, a bounded number at a time, so that none is always first."""
        lanes = await self._store.due_lanes(self._last_lane, LANES_AT_ONCE, now)
        if not lanes and self._last_lane:
            lanes = await self._store.due_lanes("", LANES_AT_ONCE, now)
        self._last_lane = lanes[-1] if len(lanes) == LANES_AT_ONCE else ""
        return lanes

    async def _post(self, due: DuePostback) -> None:
        dialect = self._dialects[due.message.dialect]
        reached = False
        try:
            answer = await self._try(dialect, due)
            reached = answer.status is not None
        except asyncio.CancelledError:
            del self._unsettled[due.postback_id]
            raise
        except Exception as fault:  # a fault of ours must not lose the postback: it is tried again
            log.exception(
                "a postback could not be written",
                postback_id=due.postback_id,
                message_id=due.message.message_id,
            )
            answer = Answer(None, type(fault).__name__)
        finally:
            self._lanes.end(due.lane, reached=reached)
            del self._tasks[due.postback_id]
            self._loop.wake()
        result = next_try(dialect.schedule, due, answer, self._clock.now())
        self._results.append(result)
        self._metrics.postbacks.labels(dialect.name, "done" if result.done else "failed").inc()

    async def _try(self, dialect: Dialect, due: DuePostback) -> Answer:
        account = self._current.directory.accounts_by_id.get(due.message.account_id)
        if account is None:
            return Answer(None, "the account is gone")
        url = due.message.callback_url or account.postback_urls.get(dialect.name, "")
        if not url:
            return Answer(None, "the account has no postback address any more")
        request = dialect.postback(due, url, self._clock.now())
        limits = Limits(dialect.schedule.connect_s, dialect.schedule.total_s, account.postback_networks)
        return await self._channel.post(request, limits)
