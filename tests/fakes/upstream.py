"""An upstream in memory: takes segments, answers when told. A real implementation of the sending contract."""

from __future__ import annotations

from aldis.stages.sending.upstream import (
    CLOSED,
    Accepted,
    Condition,
    InDoubt,
    Outbound,
    Outcome,
    UpstreamListener,
)
from aldis.store.contract.ownership import Lease


class FakeUpstream:
    """Implements `stages.sending.upstream.Upstream` and `Operated`."""

    def __init__(self, window: int = 10) -> None:
        self.name = "link"
        self.window = window
        #: how many may be out at once, if that is less than the window: a link that is throttled
        self.limit = window
        self.is_up = True
        self.listener: UpstreamListener
        self.out: list[Outbound] = []

    def connect(self, listener: UpstreamListener) -> FakeUpstream:
        self.listener = listener
        return self

    def room(self) -> int:
        return self.limit - len(self.out) if self.is_up else 0

    def submit(self, segment: Outbound) -> None:
        self.out.append(segment)

    def open(self) -> None:
        self.is_up = True
        self.listener.on_change()

    async def close(self, grace_s: float) -> None:
        self.is_up = False
        while self.out:  # nobody answers any more
            self.answer(InDoubt("connection lost"))
        self.listener.on_change()

    def condition(self) -> Condition:
        binds = ("bound" if self.is_up else CLOSED,)
        return Condition(binds, len(self.out), self.window, 0.0, None, "", 0)

    def answer(self, outcome: Outcome) -> Outbound:
        """Answer the oldest segment."""
        segment = self.out.pop(0)
        self.listener.on_outcome(segment, outcome)
        self.listener.on_change()
        return segment

    def answer_late(self, segment: Outbound, smsc_message_id: str) -> None:
        """Answer a segment whose outcome was InDoubt."""
        self.listener.on_late(segment, Accepted(smsc_message_id))
        self.listener.on_change()

    def accept_all(self) -> None:
        while self.out:
            segment = self.out[0]
            self.answer(Accepted(f"{segment.message_id}-{segment.number}"))


class NoLinks:
    """Implements what maintenance asks of the gateway's links, of one that has none."""

    def are_up(self) -> dict[str, bool]:
        return {}

    def leases(self) -> list[Lease]:
        return []
