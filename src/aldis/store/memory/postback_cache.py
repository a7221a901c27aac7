"""Which postbacks were pending just now, so that they need not be read again to be posted. In memory only.

The transaction that owes a postback says so with its outcome. While nothing else of a lane is due, its
postbacks are given from here; otherwise, and a few times a second, the file is asked: for what is due later,
for what others wrote, for what was read and released. The file is always right; what is remembered here only
saves asking it.

What a read of the file has seen is not remembered besides: each read says up to which id it saw everything.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from aldis.traffic.postback import DuePostback, PostbackResult

#: postbacks of one lane that are remembered, and of all lanes; more are a backlog, and the file is asked
MAX_FRESH = 512
MAX_IN_ALL = 4_096
#: the file is asked this often all the same
REREAD_MS = 250


class PendingPostback(NamedTuple):
    """A postback that a transaction made due."""

    due: DuePostback
    #: the one before it about the same message that is pending as well, and goes first; 0: none
    behind: int


class _Lane:
    """What is known of one lane."""

    __slots__ = ("fresh", "has_more", "is_open", "seen")

    def __init__(self) -> None:
        #: all that is due in the lane, besides what was given out, unless it is open
        self.fresh: deque[DuePostback] = deque()
        #: whether the file must be asked
        self.is_open = False
        #: whether a read has left anything about messages from handsets
        self.has_more = False
        #: the highest id when the file was read last
        self.seen = 0


class PostbackCache:
    """All lanes."""

    def __init__(self) -> None:
        self._lanes: dict[str, _Lane] = {}
        #: behind which they are, and they
        self._behind: dict[int, list[DuePostback]] = {}
        self._count = 0
        #: when the file last named all lanes with anything due; None: what is due where is not known
        self._named_at: int | None = None

    def must_ask(self, now: int) -> bool:
        """Tell whether the file must be asked which lanes have anything due."""
        return self._named_at is None or not 0 <= now - self._named_at < REREAD_MS

    def must_read(self, lane: str, now: int) -> bool:
        """Tell whether the file must be asked what is due in a lane."""
        known = self._lanes.get(lane)
        return self.must_ask(now) or (known is not None and known.is_open)

    def forget(self) -> None:
        """Have the file asked for everything."""
        self._lanes.clear()
        self._behind.clear()
        self._count = 0
        self._named_at = None

    # ── what happens ──

    def note_named(self, lanes: Sequence[str], now: int, *, is_all: bool) -> None:
        """Hear which lanes have something due in the file, and whether those are all."""
        if not is_all:
            self.forget()
            return
        self._named_at = now
        for name in lanes:
            self._lanes.setdefault(name, _Lane()).is_open = True
        named = set(lanes)
        for name, lane in list(self._lanes.items()):
            if name not in named:
                lane.is_open = False
                if not lane.fresh:
                    del self._lanes[name]

    def note_read(self, name: str, seen: int, *, is_all: bool) -> None:
        """Hear that what is due in a lane was read from the file, which had ids up to `seen`."""
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = _Lane()
        self._clear(lane)
        lane.seen = seen
        lane.is_open = lane.has_more or not is_all
        lane.has_more = False

    def note_more(self, name: str) -> None:
        """Hear that there is more about messages from handsets than was read."""
        self._lanes.setdefault(name, _Lane()).has_more = True

    def note_other(self, names: Iterable[str]) -> None:
        """Hear that something was made due that is not told here."""
        for name in names:
            self._open(self._lanes.setdefault(name, _Lane()))

    def note(self, pending: Sequence[PendingPostback] | None) -> None:
        """Hear what a transaction made due, after its commit and before its callers; None: too much."""
        if pending is None:
            self.forget()
            return
        if self._named_at is None:
            return
        for due, behind in pending:
            if behind:
                if len(self._behind) < MAX_IN_ALL:
                    self._behind.setdefault(behind, []).append(due)
            else:
                self._add(due)

    def note_finished(self, results: Sequence[PostbackResult]) -> None:
        """Hear what became of tries, after their commit."""
        if not self._behind:
            return
        for result in results:
            for due in self._behind.pop(result.postback_id, ()):
                if result.due_at is None:  # else the file will tell when their time has come
                    self._add(due)

    def _add(self, due: DuePostback) -> None:
        lane = self._lanes.get(due.lane)
        if lane is None:
            lane = self._lanes[due.lane] = _Lane()
        if lane.is_open or due.postback_id <= lane.seen:
            return
        lane.fresh.append(due)
        self._count += 1
        if len(lane.fresh) > MAX_FRESH or self._count > MAX_IN_ALL:
            self._open(lane)

    def _open(self, lane: _Lane) -> None:
        self._clear(lane)
        lane.is_open = True

    def _clear(self, lane: _Lane) -> None:
        self._count -= len(lane.fresh)
        lane.fresh.clear()

    # ── what is asked ──

    def lanes(self, after: str, limit: int, now: int) -> list[str]:
        """Name the lanes with something due behind a name, as the file would."""
        found = [
            name
            for name, lane in self._lanes.items()
            if name > after and (lane.is_open or (lane.fresh and lane.fresh[0].happened_at <= now))
        ]
        return sorted(found)[:limit]

    def take(self, name: str, limit: int, now: int) -> list[DuePostback]:
        """Give what is due in a lane, oldest first, and forget it: it is in the poster's hands."""
        lane = self._lanes.get(name)
        fresh = lane.fresh if lane is not None else ()
        found: list[DuePostback] = []
        while fresh and len(found) < limit and fresh[0].happened_at <= now:
            found.append(fresh.popleft())
        self._count -= len(found)
        return found
