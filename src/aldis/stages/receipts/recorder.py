"""The receipts agent: gathers receipts from all links, commits them together, then lets each link
acknowledge.

The decisions (which segment, which state) are `traffic/matching.py`, applied inside the store's transaction.
"""

from __future__ import annotations

from collections import Counter

from aldis.stages.intake import Intake
from aldis.store.contract import Store
from aldis.telemetry import Metrics
from aldis.traffic.receipt import Receipt

POLL_S = 1.0
MAX_BATCH = 500


class Recorder:
    """Stores receipts."""

    def __init__(self, store: Store, metrics: Metrics) -> None:
        self._store = store
        self._metrics = metrics
        self._intake = Intake("recorder", self._record, most=MAX_BATCH, poll_s=POLL_S)
        #: take a receipt, and whom to tell whether it was kept
        self.take = self._intake.take
        self.stop = self._intake.stop
        self.run = self._intake.run
        self.step = self._intake.step

    async def _record(self, receipts: list[Receipt]) -> None:
        self._metrics.parked.inc(await self._store.record_receipts(receipts))
        counts = Counter((receipt.link, receipt.state) for receipt in receipts)
        for (link, state), count in counts.items():
            self._metrics.receipts.labels(link, state).inc(count)
