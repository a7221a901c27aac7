"""How posting stands, for operators; and faults of our own at it, which are told while they last. Pure."""

from __future__ import annotations

import msgspec

#: a fault that was not met for so long is over
LASTS_MS = 60_000


class LocalFault(msgspec.Struct, frozen=True):
    """What of ours keeps postbacks from being tried."""

    #: an errno's name, "resolver" or "proxy"; "": nothing does
    kind: str = ""
    #: what was met, in words
    says: str = ""


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
