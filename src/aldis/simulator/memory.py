"""What the simulated SMSC remembers between connections: handsets, ids, who was throttled, and the receipts
that it owes.

Receipts are sent over whichever bind of a system_id has room, and repeated until acknowledged, as a real SMSC
does.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import Protocol

import msgspec

from aldis.clock import Clock
from aldis.simulator.chaos import Mischiefs
from aldis.simulator.handsets import Handsets
from aldis.simulator.submitted import PendingDelivery
from aldis.simulator.taken import Taken
from aldis.simulator.writing import written
from aldis.smpp import status
from aldis.smpp.timers import Timers
from aldis.traffic.handset import Bubble, Chaos


class SmscSettings(msgspec.Struct, frozen=True):
    """Where the simulator listens and whom it lets in."""

    host: str
    port: int
    #: "" lets everyone in
    system_id: str = ""
    password: str = ""
    timers: Timers = Timers()


class Receiver(Protocol):
    """A bind that takes receipts."""

    def receipt_room(self) -> int:
        """How many more receipts may be unacknowledged on it."""

    def deliver(self, receipt: PendingDelivery) -> None:
        """Send a receipt; what becomes of it comes back through `Memory.owe` when it failed."""


class Memory:
    """The part of an SMSC that outlives its connections."""

    def __init__(self, settings: SmscSettings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.handsets = Handsets()
        #: faults by chance; none until somebody asks for them
        self.mischiefs = Mischiefs(Chaos())
        #: what query_sm and cancel_sm can ask about
        self.taken = Taken()
        #: how often a number has been throttled since it was last taken
        self.throttled: Counter[str] = Counter()
        #: numbers for which the connection has been dropped
        self.dropped: set[str] = set()
        #: submits, by the command_status of their answer
        self.answers: Counter[str] = Counter()
        self.receipts_acknowledged = 0
        #: segments that handsets wrote and the customer took
        self.written_acknowledged = 0
        #: takes no more submits
        self.is_stopping = False
        self._binds: dict[str, list[Receiver]] = {}
        self._pending: dict[str, deque[PendingDelivery]] = {}
        # Ids must not repeat after a restart, or old messages would get new receipts.
        self._last_id = clock.now() * 1000

    def next_id(self) -> int:
        """Give the next message its number."""
        self._last_id += 1
        return self._last_id

    def admit(self, system_id: str, password: str) -> int:
        """Judge a bind; returns the command_status to answer."""
        settings = self.settings
        if settings.system_id and system_id != settings.system_id:
            return status.ESME_RINVSYSID
        if settings.system_id and password != settings.password:
            return status.ESME_RINVPASWD
        return status.ESME_ROK

    def throttles(self, recipient: str, times: int) -> bool:
        """Tell whether to throttle a submit for a number: so many of them, before one is taken."""
        if self.throttled[recipient] < times:
            self.throttled[recipient] += 1
            return True
        self.throttled.pop(recipient, None)
        return False

    def bound(self, system_id: str, bind: Receiver) -> None:
        """Send this customer's receipts over this bind too."""
        self._binds.setdefault(system_id, []).append(bind)
        self.pump(system_id)

    def unbound(self, system_id: str, bind: Receiver) -> None:
        """Send nothing more over this bind."""
        binds = self._binds.get(system_id, [])
        if bind in binds:
            binds.remove(bind)

    def owe(self, system_id: str, receipt: PendingDelivery) -> None:
        """Owe a receipt from now on."""
        self._pending.setdefault(system_id, deque()).append(receipt)

    def write(self, handset: str, number: str, text: str) -> int | None:
        """Have a handset write to a number of a customer that is bound. Returns how many segments that takes,
        None when nobody is bound. Raises as `writing.written`.
        """
        system_id = next(iter(self.system_ids), None)
        if system_id is None:
            return None
        segments = written(handset, number, text, self.next_id())
        for segment in segments:
            self.owe(system_id, segment)
        self.pump(system_id)
        self.handsets.wrote(handset, Bubble(self.clock.now(), True, number, text, segments=len(segments)))
        return len(segments)

    def make_chaos(self, chaos: Chaos) -> None:
        """Make these faults from now on, drawn from the beginning of their seed."""
        self.mischiefs = Mischiefs(chaos)

    def pump(self, system_id: str) -> None:
        """Send what is pending as far as the binds have room."""
        pending = self._pending.get(system_id)
        while pending:
            bind = next((bind for bind in self._binds.get(system_id, []) if bind.receipt_room() > 0), None)
            if bind is None:
                return
            bind.deliver(pending.popleft())

    def pump_all(self) -> None:
        """Send what is pending to everybody."""
        for system_id in list(self._pending):
            self.pump(system_id)

    @property
    def receipts_pending(self) -> int:
        """Receipts that wait for a bind or for room on one."""
        return sum(len(pending) for pending in self._pending.values())

    @property
    def system_ids(self) -> list[str]:
        """Who is bound."""
        return sorted(system_id for system_id, binds in self._binds.items() if binds)
