"""The receipts agent: gathers receipts from all links, commits them together, then lets each link
acknowledge.

The decisions (which segment, which state) are `traffic/matching.py`, applied inside the store's transaction.
"""

from __future__ import annotations

from collections import Counter

import structlog

from aldis.stages.intake import Intake
from aldis.store.contract.inbound import ReceiptStore
from aldis.telemetry import Metrics
from aldis.traffic.receipt import Receipt

log = structlog.get_logger()

POLL_S = 1.0
MAX_BATCH = 500


class Recorder(Intake[Receipt]):
    """Stores receipts."""

    def __init__(self, store: ReceiptStore, metrics: Metrics) -> None:
        super().__init__("recorder", POLL_S, MAX_BATCH)
        self._store = store
        self._metrics = metrics
        self._has_forgotten = False

    async def keep(self, receipts: list[Receipt]) -> None:
        """Commit them with what follows for their messages, and count them."""
        recorded = await self._store.record(receipts)
        self._metrics.early.inc(recorded.early)
        for (link, kind), count in recorded.anomalies.items():
            self._metrics.anomalies.note(link, kind, count=count)
        if recorded.forgotten:
            self._metrics.forgotten.inc(recorded.forgotten)
            if not self._has_forgotten:
                log.warning("too many receipts name no message: the oldest are forgotten before their time")
            self._has_forgotten = True
        counts = Counter((receipt.link, receipt.state) for receipt in receipts)
        for (link, state), count in counts.items():
            self._metrics.receipts.labels(link, state).inc(count)
