"""The agent that decides by ids what carriers leave open: whether a text in the form of a receipt, which
esm_class calls a message of a handset, is a receipt; and which id counts of a receipt that has two.

The response that gives us the id may still be on its way, so what names nothing is asked about again for a
moment. Meanwhile the carrier has no answer; what is not decided when we stop is handed back to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import msgspec

from aldis.clock import Clock
from aldis.stages.agent import Agent
from aldis.store.contract.inbound import ReceiptStore
from aldis.telemetry import Metrics
from aldis.traffic.anomalies import Anomaly
from aldis.traffic.inbound import DoubtfulReceipt, InboundPart
from aldis.traffic.receipt import Receipt

#: what to call when it is kept, or could not be
Done = Callable[[bool], None]

POLL_S = 0.25
#: how long the id may stay unknown, and how many may wait so
PATIENCE_S = 3.0
MAX_UNDECIDED = 1_000


class _Undecided(NamedTuple):
    doubtful: DoubtfulReceipt
    done: Done
    #: on the monotonic clock
    until: float


class Sorter(Agent):
    """Hands on what links are not sure of."""

    def __init__(
        self,
        store: ReceiptStore,
        unsettled: Callable[[], Mapping[str, AbstractSet[int]]],
        clock: Clock,
        metrics: Metrics,
        take_receipt: Callable[[Receipt, Done], None],
        take_inbound: Callable[[InboundPart, Done], None],
    ) -> None:
        """`unsettled`: by link, the messages that it has and whose outcome is not on disk."""
        super().__init__("sorter", POLL_S)
        self._store = store
        self._unsettled = unsettled
        self._clock = clock
        self._metrics = metrics
        self._take_receipt = take_receipt
        self._take_inbound = take_inbound
        self._undecided: list[_Undecided] = []

    @property
    def is_drained(self) -> bool:
        """Whether nothing waits."""
        return not self._undecided

    def take(self, doubtful: DoubtfulReceipt, done: Done) -> None:
        """Take one; `done` is called by who keeps it, with False where there are too many."""
        if len(self._undecided) >= MAX_UNDECIDED or self._is_stopping:
            done(False)
            return
        self._undecided.append(_Undecided(doubtful, done, self._clock.monotonic() + PATIENCE_S))
        self.wake()

    async def step(self) -> int:
        """Hand on what can be decided; returns how many."""
        waiting, self._undecided = self._undecided, []
        left: list[_Undecided] = []
        for each in waiting:
            receipt = await self._known(each.doubtful.receipt)
            if receipt is not None:
                self._hand_on(each, receipt)
            elif self._clock.monotonic() >= each.until:
                await self._give_up(each)
            elif self._is_stopping:
                each.done(False)
            else:
                left.append(each)
        self._undecided = left + self._undecided
        return len(waiting) - len(left)

    async def _known(self, receipt: Receipt) -> Receipt | None:
        """Give a receipt under the one of its ids that a message of ours has; None where none has."""
        if await self._store.knows(receipt):
            return receipt
        if not receipt.other_id:
            return None
        other = msgspec.structs.replace(
            receipt, smsc_message_id=receipt.other_id, other_id=receipt.smsc_message_id
        )
        return other if await self._store.knows(other) else None

    def _hand_on(self, each: _Undecided, receipt: Receipt) -> None:
        if each.doubtful.message is not None:
            self._metrics.anomalies.note(receipt.link, Anomaly.UNMARKED_RECEIPT)
        if receipt.smsc_message_id != each.doubtful.receipt.smsc_message_id:
            self._metrics.anomalies.note(receipt.link, Anomaly.TWO_IDS)
        self._take_receipt(receipt, each.done)

    async def _give_up(self, each: _Undecided) -> None:
        """Take it for a receipt that is early where it is marked as one, or a message to a number that it
        names is in flight; else for a handset's message.
        """
        receipt, message = each.doubtful.receipt, each.doubtful.message
        in_flight = self._unsettled().get(receipt.link, frozenset())
        if message is None or (in_flight and await self._store.is_among(receipt, in_flight)):
            self._hand_on(each, receipt)
        else:
            self._take_inbound(message, each.done)
