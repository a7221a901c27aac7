"""The receipts agent: gathers receipts from all links, commits them together, then lets each link
acknowledge.

The decisions (which segment, which state) are `traffic/matching.py`, applied inside the store's transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import structlog

from aldis.errors import TemporaryError
from aldis.stages.agent import AgentLoop
from aldis.store.contract import Store
from aldis.telemetry import Metrics
from aldis.traffic.receipt import Receipt

log = structlog.get_logger()

POLL_S = 1.0
MAX_BATCH = 500

#: a receipt, and whom to tell whether it was kept
Waiting = tuple[Receipt, Callable[[bool], None]]


class Recorder:
    """Stores receipts."""

    def __init__(self, store: Store, metrics: Metrics) -> None:
        self._store = store
        self._metrics = metrics
        self._waiting: list[Waiting] = []
        self._loop = AgentLoop("recorder")
        self._stopping = False
        #: told after receipts were stored; a hint, wired by app.py
        self.on_recorded: Callable[[], None] = lambda: None

    def take(self, receipt: Receipt, done: Callable[[bool], None]) -> None:
        """Take a receipt; `done(True)` is called after its commit, `done(False)` if it could not be kept."""
        self._waiting.append((receipt, done))
        self._loop.wake()

    def stop(self) -> None:
        """End `run` after what has been taken is stored."""
        self._stopping = True
        self._loop.wake()

    async def run(self) -> None:
        """Work until stopped."""
        await self._loop.run(self.step, lambda: self._stopping and not self._waiting, lambda: POLL_S)

    async def step(self) -> int:
        """Store one batch; returns how many receipts it held."""
        batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
        if not batch:
            return 0
        try:
            await self._record(batch)
        except TemporaryError as fault:
            log.error("receipts could not be stored; their carriers will send them again", fault=str(fault))
            for _, done in batch:
                done(False)
        except Exception:  # an agent's outermost frame: no receipt may be forgotten
            log.exception("receipts could not be stored")
            await self._record_one_by_one(batch)
        return len(batch)

    async def _record(self, batch: list[Waiting]) -> None:
        self._metrics.parked.inc(await self._store.record_receipts([receipt for receipt, _ in batch]))
        counts = Counter((receipt.link, receipt.state) for receipt, _ in batch)
        for (link, state), count in counts.items():
            self._metrics.receipts.labels(link, state).inc(count)
        for _, done in batch:
            done(True)
        self.on_recorded()

    async def _record_one_by_one(self, batch: list[Waiting]) -> None:
        """Store all but the one that spoils the batch; its carrier sends it again."""
        for item in batch:
            try:
                await self._record([item])
            except Exception:  # as in `step`
                log.exception("a receipt could not be stored", link=item[0].link)
                item[1](False)
