"""The agent that reviews early receipts: once no response can be missing any more that names one exactly,
other spellings of its id are tried.

Some carriers answer a submit in hexadecimal and write the receipt in decimal, or the other way round; others
write it all in capitals. Small ids mean something in both, so what is only alike must wait until the message
with the very id can no longer turn up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from aldis.clock import Clock
from aldis.stages.agent import Agent
from aldis.store.contract.inbound import MAX_REVIEWED, ReceiptStore, ReviewedRange
from aldis.telemetry import Metrics
from aldis.traffic.anomalies import Anomaly

POLL_S = 1.0


class _Mark(NamedTuple):
    """How far a link's early receipts had come, and which messages could still get an id then."""

    up_to: int
    unsettled: AbstractSet[int]


class Reviewer(Agent):
    """Reviews early receipts, link by link."""

    def __init__(
        self,
        store: ReceiptStore,
        unsettled: Callable[[], Mapping[str, AbstractSet[int]]],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        """`unsettled`: by link, the messages that it has and whose outcome is not on disk."""
        super().__init__("reviewer", POLL_S)
        self._store = store
        self._unsettled = unsettled
        self._clock = clock
        self._metrics = metrics
        self._marks: dict[str, _Mark] = {}

    async def step(self) -> int:
        """Review, up to `MAX_REVIEWED` of each link; returns how many, 0 when all has to wait."""
        newest = await self._store.unreviewed(list(self._unsettled()))
        unsettled = self._unsettled()  # later than what came: who is meant is among them, or was stored
        reviewed = 0
        for link, up_to in newest.items():
            still = unsettled.get(link, frozenset())
            mark = self._marks.setdefault(link, _Mark(up_to, still))
            if mark.unsettled.isdisjoint(still):
                reviewed += await self._review(link, mark)
        return reviewed

    async def _review(self, link: str, mark: _Mark) -> int:
        found = await self._store.review(ReviewedRange(link, mark.up_to, self._clock.now()))
        if found.count < MAX_REVIEWED:
            del self._marks[link]
        if found.respelled:
            self._metrics.anomalies.note(link, Anomaly.RESPELLED_RECEIPT, count=found.respelled)
        return found.count
