"""How many postbacks may be under way in each queue, to each endpoint and for each account. Pure.

An endpoint that has answered lately gets many at once. One that has not, or that nobody has tried yet, gets a
few, and each of its queues one, so that a dead endpoint holds a few connections and not the pool, and a path
that hangs leaves room for the others. No account may hold more than its part, nor all that are in doubt
together more than half of the whole, so that no customer waits for another's endpoint. And nobody may hold
more than is still free (dynamic thresholds): the more are busy the less each of them gets, and whoever comes
finds room.
"""

from __future__ import annotations

from aldis.traffic.postback import Place, place_of

PER_ENDPOINT = 32
PER_ACCOUNT = 128
IN_ALL = 512
#: the same of those that are in doubt
DOUBTFUL_PER_ENDPOINT = 4
DOUBTFUL_PER_ACCOUNT = 32
DOUBTFUL_IN_ALL = IN_ALL // 2
#: an endpoint that wants to be left alone for longer is asked again after so long, with one postback
MOST_PAUSED_MS = 60_000
#: how long a lane pauses after a fault of our own, and at most
LOCAL_PAUSE_MS, MOST_LOCAL_PAUSE_MS = 1_000, 30_000
#: lanes of which anything is remembered
MAX_KNOWN = 10_000


class _Load:
    """What is under way to an endpoint, or for an account."""

    __slots__ = ("doubtful", "is_proven", "under_way")

    def __init__(self) -> None:
        self.under_way = 0
        #: those of them that were started in doubt
        self.doubtful = 0
        #: of an endpoint: it has answered lately
        self.is_proven = False


class _Lane:
    """One lane."""

    __slots__ = (
        "account",
        "endpoint",
        "is_doubtful",
        "is_paused",
        "is_silent",
        "local_faults",
        "turn",
        "under_way",
    )

    def __init__(self, endpoint: _Load, account: _Load) -> None:
        self.endpoint = endpoint
        self.account = account
        self.under_way = 0
        #: one was started in doubt
        self.is_doubtful = False
        #: its last try heard nothing
        self.is_silent = False
        self.is_paused = False
        #: how many tries in a row met a fault of our own
        self.local_faults = 0
        #: the number of its last turn
        self.turn = 0


class Lanes:
    """Counts what is under way."""

    def __init__(self) -> None:
        self._lanes: dict[str, _Lane] = {}
        self._endpoints: dict[Place, _Load] = {}
        self._accounts: dict[int, _Load] = {}
        self._all = _Load()
        #: by lane, until when its endpoint wants to be left alone
        self._paused: dict[str, int] = {}
        self._last_turn = 0

    def room(self, lane: str) -> int:
        """How many more may start in a lane."""
        found = self._lanes.get(lane) or self._known(lane)
        endpoint, account = found.endpoint, found.account
        if found.is_paused:
            return 0
        if endpoint.is_proven and not found.is_silent:
            free = IN_ALL - self._all.under_way
            of_endpoint = min(PER_ENDPOINT, free) - endpoint.under_way
            of_account = min(PER_ACCOUNT, free) - account.under_way
            return max(0, min(of_endpoint, of_account))
        free = DOUBTFUL_IN_ALL - self._all.doubtful
        is_full = (
            found.under_way
            or endpoint.doubtful >= min(DOUBTFUL_PER_ENDPOINT, free)
            or account.doubtful >= min(DOUBTFUL_PER_ACCOUNT, free)
        )
        return 0 if is_full else 1

    def is_proven(self, lane: str) -> bool:
        """Whether the endpoint answered lately, and this lane was not silent."""
        found = self._lanes.get(lane) or self._known(lane)
        return found.endpoint.is_proven and not found.is_silent

    def start(self, lane: str) -> None:
        """Count one in."""
        found = self._lanes.get(lane) or self._known(lane)
        found.under_way += 1
        found.endpoint.under_way += 1
        found.account.under_way += 1
        self._all.under_way += 1
        if found.is_silent or not found.endpoint.is_proven:
            found.is_doubtful = True
            for load in (found.endpoint, found.account, self._all):
                load.doubtful += 1

    def end(self, lane: str, *, reached: bool) -> None:
        """Count one out; `reached`: the endpoint answered, whatever it said."""
        found = self._count_out(lane)
        found.local_faults = 0
        found.endpoint.is_proven = reached
        found.is_silent = not reached

    def end_untried(self, lane: str, now: int) -> None:
        """Count one out that a fault of our own kept from being tried, and pause its lane: for a second, and
        twice as long each time in a row.
        """
        found = self._count_out(lane)
        self.pause(lane, now + min(LOCAL_PAUSE_MS << min(found.local_faults, 10), MOST_LOCAL_PAUSE_MS))
        found.local_faults += 1

    def _count_out(self, lane: str) -> _Lane:
        found = self._lanes[lane]
        found.under_way -= 1
        found.endpoint.under_way -= 1
        found.account.under_way -= 1
        self._all.under_way -= 1
        if found.is_doubtful:
            found.is_doubtful = False
            for load in (found.endpoint, found.account, self._all):
                load.doubtful -= 1
        return found

    def _known(self, lane: str) -> _Lane:
        """Begin to remember a lane."""
        if len(self._lanes) >= MAX_KNOWN:
            self._forget_idle()
        place = place_of(lane)
        endpoint = self._endpoints.setdefault(place, _Load())
        account = self._accounts.setdefault(place.account_id, _Load())
        found = self._lanes[lane] = _Lane(endpoint, account)
        return found

    def _forget_idle(self) -> None:
        """Forget all that has nothing under way: it is in doubt then, as what is new."""
        self._lanes = {name: lane for name, lane in self._lanes.items() if lane.under_way or lane.is_paused}
        self._endpoints = {place: load for place, load in self._endpoints.items() if load.under_way}
        self._accounts = {account: load for account, load in self._accounts.items() if load.under_way}

    # ── who comes first ──

    def in_turn(self, lanes: list[str]) -> list[str]:
        """Put lanes in the order in which they should be looked at: whose last turn was longest ago first."""
        return sorted(lanes, key=self._turn_of) if len(lanes) > 1 else lanes

    def _turn_of(self, lane: str) -> int:
        found = self._lanes.get(lane)
        return 0 if found is None else found.turn

    def note_turn(self, lane: str) -> None:
        """Hear that it was a lane's turn."""
        self._last_turn += 1
        (self._lanes.get(lane) or self._known(lane)).turn = self._last_turn

    # ── who wants to be left alone ──

    def pause(self, lane: str, until: int) -> None:
        """Start nothing in a lane until an instant, which is no more than MOST_PAUSED_MS away."""
        self._paused[lane] = until
        (self._lanes.get(lane) or self._known(lane)).is_paused = True

    def resume(self, now: int) -> None:
        """End the pauses that were until now, and those that seem longer than any is: the clock went back."""
        for lane in [lane for lane, until in self._paused.items() if not 0 < until - now <= MOST_PAUSED_MS]:
            del self._paused[lane]
            self._lanes[lane].is_paused = False
