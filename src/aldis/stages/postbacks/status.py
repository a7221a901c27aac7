"""How posting stands, for operators; and faults of our own at it, which are told while they last. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from aldis.stages.postbacks.lanes import Lanes, WaitsFor
from aldis.traffic.postback import place_of

#: accounts and endpoints that are told of
MOST_WAITING = 100
#: a fault that was not met for so long is over
LASTS_MS = 60_000


class LocalFault(msgspec.Struct, frozen=True):
    """What of ours keeps postbacks from being tried."""

    #: an errno's name, "resolver", "proxy", "authorities", "threads" or "store"; "": nothing
    #: does
    kind: str = ""
    #: what was met, in words
    says: str = ""


class WaitingLane(msgspec.Struct, frozen=True):
    """Lanes of one account and endpoint in which no more may start, though more is due."""

    account_id: int
    #: scheme, host and port
    endpoint: str
    waits_for: WaitsFor
    lanes: int


class PostingStatus(msgspec.Struct, frozen=True):
    """How posting stands."""

    #: requests that are under way
    under_way: int = 0
    #: connections that are open, and those of them that nothing is asked of
    connections: int = 0
    idle_connections: int = 0
    #: the newest fault of our own, while it lasts
    local_fault: LocalFault = LocalFault()
    #: by kind, how many tries were put back for one since the start
    put_back: dict[str, int] = {}
    #: those that wait, the most lanes first, MOST_WAITING at most
    waiting: tuple[WaitingLane, ...] = ()
    #: how many lanes wait for what
    waits: dict[str, int] = {}


def waiting_of(lanes: Lanes, names: Sequence[str]) -> tuple[tuple[WaitingLane, ...], dict[str, int]]:
    """Tell which of these lanes wait, by account and endpoint, and how many for what."""
    found = Counter((place_of(name), lanes.waits_for(name)) for name in names)
    waits: Counter[str] = Counter()
    for (_, waits_for), count in found.items():
        waits[waits_for] += count
    del waits[WaitsFor.NOTHING]
    most = [
        WaitingLane(*place, waits_for, count)
        for (place, waits_for), count in found.most_common()
        if waits_for is not WaitsFor.NOTHING
    ]
    return tuple(most[:MOST_WAITING]), dict(waits)


class LocalFaults:
    """Remembers them, by kind."""

    def __init__(self) -> None:
        self.put_back: dict[str, int] = {}
        #: when each was met last
        self._met_at: dict[str, int] = {}
        self._newest = LocalFault()

    def note(self, fault: LocalFault, count: int, now: int) -> bool:
        """Hear of one that so many tries were put back for; tells whether it is new, or was over."""
        is_new = not self._lasts(fault.kind, now)
        self.put_back[fault.kind] = self.put_back.get(fault.kind, 0) + count
        self._met_at[fault.kind] = now
        self._newest = fault
        return is_new

    def current(self, now: int) -> LocalFault:
        """Give the newest that lasts."""
        return self._newest if self._lasts(self._newest.kind, now) else LocalFault()

    def _lasts(self, kind: str, now: int) -> bool:
        met_at = self._met_at.get(kind)
        return met_at is not None and abs(now - met_at) < LASTS_MS
