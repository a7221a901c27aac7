"""The agent that tells receipts from messages of handsets where esm_class calls both messages: a text in the
form of a receipt is one if a message of ours has the id that it names.

The response that gives us the id may still be on its way, so what names nothing is asked about again for a
moment. Meanwhile the carrier has no answer; what is not decided when we stop is handed back to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from aldis.clock import Clock
from aldis.stages.agent import Agent
from aldis.store.contract.inbound import ReceiptStore
from aldis.telemetry import Metrics
from aldis.traffic.anomalies import Anomaly
from aldis.traffic.inbound import InboundPart, UnmarkedReceipt
from aldis.traffic.receipt import Receipt

#: what to call when it is kept, or could not be
Done = Callable[[bool], None]

POLL_S = 0.25
#: how long the id may stay unknown, and how many may wait so
PATIENCE_S = 3.0
MAX_UNDECIDED = 1_000


class _Undecided(NamedTuple):
    either: UnmarkedReceipt
    done: Done
    #: on the monotonic clock
    until: float


class Sorter(Agent):
    """Hands on what links are not sure of."""

    def __init__(
        self,
        store: ReceiptStore,
        clock: Clock,
        metrics: Metrics,
        take_receipt: Callable[[Receipt, Done], None],
        take_inbound: Callable[[InboundPart, Done], None],
    ) -> None:
        super().__init__("sorter", POLL_S)
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._take_receipt = take_receipt
        self._take_inbound = take_inbound
        self._undecided: list[_Undecided] = []

    @property
    def is_drained(self) -> bool:
        """Whether nothing waits."""
        return not self._undecided

    def take(self, either: UnmarkedReceipt, done: Done) -> None:
        """Take one; `done` is called by who keeps it, with False where there are too many."""
        if len(self._undecided) >= MAX_UNDECIDED or self._is_stopping:
            done(False)
            return
        self._undecided.append(_Undecided(either, done, self._clock.monotonic() + PATIENCE_S))
        self.wake()

    async def step(self) -> int:
        """Hand on what can be decided; returns how many."""
        waiting, self._undecided = self._undecided, []
        left: list[_Undecided] = []
        for each in waiting:
            if await self._store.knows(each.either.receipt):
                self._metrics.anomalies.note(each.either.receipt.link, Anomaly.UNMARKED_RECEIPT)
                self._take_receipt(each.either.receipt, each.done)
            elif self._clock.monotonic() >= each.until:
                self._take_inbound(each.either.message, each.done)
            elif self._is_stopping:
                each.done(False)
            else:
                left.append(each)
        self._undecided = left + self._undecided
        return len(waiting) - len(left)
