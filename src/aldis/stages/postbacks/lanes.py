"""How many postbacks may be under way in each queue, to each endpoint and for each account. Pure.

An endpoint that has answered lately gets many at once. One that has not, or that nobody has tried yet, gets a
few, and each of its queues one, so that a dead endpoint holds a few connections and not the pool, and a path
that hangs leaves room for the others. No account may hold more than its share, nor all that are in doubt
together more than half of the whole, so that no customer waits for another's endpoint. And nobody may hold
more than is still free (dynamic thresholds): the more are busy the less each of them gets, and whoever comes
finds room.

What a request costs is the time for which it holds a connection. Once half of all, or of an account's share,
is in use, an endpoint gets the fewer requests the longer it takes to answer. The last quarter of all and of
each share is kept for endpoints that have none under way, and half of that for accounts that have none:
whoever is idle gets one at once. Who comes first is decided by the time that accounts have held connections
lately.
"""

from __future__ import annotations

from enum import StrEnum

from aldis.traffic.postback import Place, place_of

#: connections in all, and what of them and of all that is held one account may have (`[postbacks]`)
CONNECTIONS, ACCOUNT_SHARE = 512, 0.25
PER_ENDPOINT = 32
#: of an endpoint that takes eight seconds or more, where many are busy
SLOW_PER_ENDPOINT = 4
DOUBTFUL_PER_ENDPOINT = 4
#: until here an answer is quick
QUICK_MS = 1_000
#: how many are read ahead for each that may be under way
AHEAD = 4
#: what accounts have used counts half after so long
HALF_LIFE_MS = 30_000
#: an endpoint that wants to be left alone for longer is asked again after so long, with one postback
MOST_PAUSED_MS = 60_000
#: how long a lane pauses after a fault of our own, and at most
LOCAL_PAUSE_MS, MOST_LOCAL_PAUSE_MS = 1_000, 30_000
#: lanes of which anything is remembered
MAX_KNOWN = 10_000


class WaitsFor(StrEnum):
    """What a lane waits for in which no more may start."""

    NOTHING = ""
    #: that its endpoint asked for, or after a fault of our own
    PAUSE = "pause"
    #: its endpoint has as many under way as it may have
    ENDPOINT = "endpoint"
    #: it is tried by single requests, because its endpoint has not answered lately
    DOUBT = "doubt"
    #: its account's share is in use
    ACCOUNT = "account share"
    #: what all may have is in use
    ALL = "all shares"


class _Load:
    """What is under way to an endpoint, or for an account."""

    __slots__ = ("doubtful", "is_proven", "slots", "took_ms", "under_way", "used_ms")

    def __init__(self) -> None:
        self.under_way = 0
        #: those of them that were started in doubt
        self.doubtful = 0
        #: of an endpoint: it has answered lately; how long that takes, smoothed; what it may have where many
        #: are busy
        self.is_proven = False
        self.took_ms = 0
        self.slots = PER_ENDPOINT
        #: of an account: for how long it has held connections lately, all together
        self.used_ms = 0

    def learn(self, took_ms: int) -> None:
        """Hear how long an endpoint took to answer."""
        self.took_ms += (took_ms - self.took_ms) // 4 if self.is_proven else took_ms - self.took_ms
        self.slots = PER_ENDPOINT
        if self.took_ms > QUICK_MS:
            self.slots = max(SLOW_PER_ENDPOINT, PER_ENDPOINT * QUICK_MS // self.took_ms)


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

    def __init__(self, connections: int = CONNECTIONS, account_share: float = ACCOUNT_SHARE) -> None:
        self._most = connections
        #: for endpoints that have none under way, half of it for accounts that have none
        self._kept = connections // 4
        self._per_account = max(1, int(connections * account_share))
        self._kept_of_account = self._per_account // 4
        self._doubtful = max(1, connections // 2)
        self._doubtful_per_account = max(1, self._per_account // 4)
        self._lanes: dict[str, _Lane] = {}
        self._endpoints: dict[Place, _Load] = {}
        self._accounts: dict[int, _Load] = {}
        self._all = _Load()
        #: by lane, until when its endpoint wants to be left alone
        self._paused: dict[str, int] = {}
        self._last_turn = 0
        self._halved_at = 0

    def room(self, lane: str) -> int:
        """How many more may start in a lane."""
        found = self._lanes.get(lane) or self._known(lane)
        endpoint, account = found.endpoint, found.account
        if found.is_paused:
            return 0
        if not endpoint.is_proven or found.is_silent:
            return 0 if found.under_way else self._doubtful_room(endpoint, account)
        free = self._most - self._all.under_way
        shared = free - self._kept
        is_busy = 2 * free <= self._most or 2 * account.under_way >= self._per_account
        of_endpoint = min(endpoint.slots if is_busy else PER_ENDPOINT, shared) - endpoint.under_way
        of_account = min(self._per_account - self._kept_of_account, shared) - account.under_way
        room = min(of_endpoint, of_account)
        if room > 0:
            return room
        if endpoint.under_way:
            return 0
        if not account.under_way:
            return int(free > 0)
        return int(account.under_way < min(self._per_account, free - self._kept // 2))

    def _doubtful_room(self, endpoint: _Load, account: _Load) -> int:
        doubtful = self._all.doubtful
        if doubtful >= self._doubtful or self._all.under_way >= self._most:
            return 0
        if account.under_way >= self._per_account:
            return 0
        shared = self._doubtful - self._doubtful // 4 - doubtful
        return int(
            not account.doubtful
            or (
                endpoint.doubtful < min(DOUBTFUL_PER_ENDPOINT, shared)
                and account.doubtful < min(self._doubtful_per_account, shared)
            )
        )

    def waits_for(self, lane: str) -> WaitsFor:
        """Tell what a lane waits for."""
        if self.room(lane) > 0:
            return WaitsFor.NOTHING
        found = self._lanes[lane]
        endpoint, account = found.endpoint, found.account
        if found.is_paused:
            return WaitsFor.PAUSE
        if not endpoint.is_proven or found.is_silent:
            if found.under_way or endpoint.doubtful >= DOUBTFUL_PER_ENDPOINT:
                return WaitsFor.DOUBT
            is_share = (
                account.doubtful >= self._doubtful_per_account or account.under_way >= self._per_account
            )
        elif endpoint.under_way >= PER_ENDPOINT:
            return WaitsFor.ENDPOINT
        else:
            is_share = 2 * account.under_way >= self._per_account
        return WaitsFor.ACCOUNT if is_share else WaitsFor.ALL

    def read_ahead(self, lane: str) -> int:
        """How many should be read at once: several for each that may start, one where that is in doubt."""
        found = self._lanes.get(lane) or self._known(lane)
        is_proven = found.endpoint.is_proven and not found.is_silent
        return AHEAD * found.endpoint.slots if is_proven else 1

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

    def end(self, lane: str, took_ms: int, *, reached: bool | None) -> None:
        """Count one out after so long. `reached`: whether the endpoint answered, whatever it said; None: it
        was never tried.
        """
        found = self._lanes[lane]
        endpoint, account = found.endpoint, found.account
        found.under_way -= 1
        endpoint.under_way -= 1
        account.under_way -= 1
        self._all.under_way -= 1
        if found.is_doubtful:
            found.is_doubtful = False
            for load in (endpoint, account, self._all):
                load.doubtful -= 1
        if reached is None:
            return
        account.used_ms += took_ms
        if reached and (took_ms > QUICK_MS or endpoint.slots < PER_ENDPOINT):
            endpoint.learn(took_ms)
        endpoint.is_proven = reached
        found.is_silent = not reached
        found.local_faults = 0

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
        places = {place_of(name): lane for name, lane in self._lanes.items()}
        self._endpoints = {place: lane.endpoint for place, lane in places.items()}
        self._accounts = {place.account_id: lane.account for place, lane in places.items()}

    # ── who comes first ──

    def in_turn(self, lanes: list[str]) -> list[str]:
        """Put lanes in the order in which they should be looked at: those first whose account has held
        connections for least, and of one account those whose last turn was longest ago.
        """
        return sorted(lanes, key=self._turn_of) if len(lanes) > 1 else lanes

    def _turn_of(self, lane: str) -> tuple[int, int]:
        found = self._lanes.get(lane)
        return (0, 0) if found is None else (found.account.used_ms, found.turn)

    def note_turn(self, lane: str) -> None:
        """Hear that it was a lane's turn."""
        self._last_turn += 1
        (self._lanes.get(lane) or self._known(lane)).turn = self._last_turn

    # ── who wants to be left alone ──

    def pause(self, lane: str, until: int) -> None:
        """Start nothing in a lane until an instant, which is no more than MOST_PAUSED_MS away."""
        self._paused[lane] = max(until, self._paused.get(lane, 0))
        (self._lanes.get(lane) or self._known(lane)).is_paused = True

    def pause_untried(self, lane: str, now: int) -> None:
        """Pause a lane after a fault of our own: for a second, and twice as long each time in a row."""
        found = self._lanes[lane]
        self.pause(lane, now + min(LOCAL_PAUSE_MS << min(found.local_faults, 10), MOST_LOCAL_PAUSE_MS))
        found.local_faults += 1

    def resume(self, now: int) -> None:
        """Let time pass: end the pauses that were until now, and those that seem longer than any is (the
        clock went back); forget what accounts have used.
        """
        if not 0 <= now - self._halved_at < HALF_LIFE_MS:
            self._halved_at = now
            for account in self._accounts.values():
                account.used_ms //= 2
        for lane in [lane for lane, until in self._paused.items() if not 0 < until - now <= MOST_PAUSED_MS]:
            del self._paused[lane]
            self._lanes[lane].is_paused = False
