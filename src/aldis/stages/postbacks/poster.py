"""The postbacks agent: finds lanes with something due, posts side by side, stores what came of it in batches.

A row stays due until its result is committed, so a crash repeats a postback rather than losing it. What is
under way is known in memory only, because one process owns the postbacks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

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
        self._results: list[tuple[str, PostbackResult]] = []
        self._unsettled: dict[int, str] = {}
        self._loop = AgentLoop("poster")
        self._stopping = False
        #: shows each try to whoever wants to watch; wired by app.py
        self.on_tried: Callable[[DuePostback, PostbackResult], None] = lambda _due, _result: None

    def wake(self) -> None:
        """Say that there may be work."""
        self._loop.wake()

    def stop(self) -> None:
        """Start no more; `run` ends when what is under way has ended and is stored."""
        self._stopping = True
        self._loop.wake()

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
            await self._store.finish_postbacks([result for _, result in batch])
        except BaseException:
            self._results = batch + self._results
            raise
        for _, result in batch:
            del self._unsettled[result.postback_id]
        return len(batch)

    async def _start_due(self) -> int:
        now = self._clock.now()
        started = 0
        for lane in await self._store.due_lanes(now):
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

    async def _post(self, due: DuePostback) -> None:
        dialect = self._dialects[due.message.dialect]
        answer = Answer(None, "cancelled")
        try:
            answer = await self._try(dialect, due)
        except Exception as fault:
            log.exception(
                "a postback could not be written",
                postback_id=due.postback_id,
                message_id=due.message.message_id,
            )
            answer = Answer(None, type(fault).__name__)
        finally:
            result = next_try(dialect.schedule, due, answer, self._clock.now())
            self._lanes.end(due.lane, reached=answer.status is not None)
            self._tasks.pop(due.postback_id, None)
            self._results.append((due.lane, result))
            self._metrics.postbacks.labels(dialect.name, "done" if result.done else "failed").inc()
            self.on_tried(due, result)
            self._loop.wake()

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
