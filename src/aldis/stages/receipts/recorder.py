"""The receipts agent: gathers receipts from all links, commits them together, then lets each link
acknowledge.

The decisions (which segment, which state) are `traffic/matching.py`, applied inside the store's transaction.
"""

from __future__ import annotations

from collections import Counter

from aldis.stages.intake import Intake
from aldis.store.contract.inbound import ReceiptStore
from aldis.telemetry import Metrics
from aldis.traffic.receipt import Receipt

POLL_S = 1.0
MAX_BATCH = 500


class Recorder(Intake[Receipt]):
    """Stores receipts."""

    def __init__(self, store: ReceiptStore, metrics: Metrics) -> None:
        super().__init__("recorder", POLL_S, MAX_BATCH)
        self._store = store
        self._metrics = metrics

    async def keep(self, receipts: list[Receipt]) -> None:
        """Commit them with what follows for their messages, and count them."""
        self._metrics.early.inc(await self._store.record(receipts))
        counts = Counter((receipt.link, receipt.state) for receipt in receipts)
        for (link, state), count in counts.items():
            self._metrics.receipts.labels(link, state).inc(count)
