"""Which postbacks were made due just now, so that they need not be read again to be posted: for a store in
which several transactions write at once. In memory only.

What is due in a lane is what a read of the table gave or left, and what has been told and that read did not
see. A read says which transactions it saw, and each postback is told with the one that made it due; so none
is given twice, or missed, in whichever order their answers come. The table is asked a few times a second all
the same: for what is due later, and what others wrote. It is always right; what is remembered here only saves
asking it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from aldis.store.memory.postback_cache import MAX_FRESH, MAX_IN_ALL, REREAD_MS
from aldis.traffic.postback import DuePostback
from aldis.traffic.slots import ALL_SLOTS, slot_of_id


class Snapshot(NamedTuple):
    """Which transactions a read saw."""

    #: all below this one
    lowest_open: int
    #: none from this one on
    next_one: int
    #: nor these between
    is_open: frozenset[int] = frozenset()

    def saw(self, transaction: int) -> bool:
        """Tell whether it saw what a transaction has committed."""
        return transaction < self.lowest_open or (
            transaction < self.next_one and transaction not in self.is_open
        )


class MadeDue(NamedTuple):
    """What a transaction made due."""

    transaction: int
    #: about messages to handsets, which nothing is before; None: too many to tell
    postbacks: Sequence[DuePostback] | None
    #: with anything else
    lanes: Collection[str] = ()


class _Lane:
    """What is known of one lane."""

    __slots__ = ("fresh", "has_more", "is_open", "opened", "seen")

    def __init__(self, seen: Snapshot | None) -> None:
        #: told, with their transactions, and not seen by the last read
        self.fresh: deque[tuple[int, DuePostback]] = deque()
        #: whether the table must be asked, which knows of more
        self.is_open = False
        #: when it was opened last by something that a read may not have seen
        self.opened = 0
        #: whether a read has left anything about messages from handsets
        self.has_more = False
        self.seen = seen


class ToldPostbacks:
    """All lanes. Reads take time: each begins with `begin_read`, and what it found is noted with that."""

    def __init__(self) -> None:
        self._lanes: dict[str, _Lane] = {}
        self._count = 0
        #: when the table last named all lanes with anything due, and what it saw; None: nothing is known
        self._named_at: int | None = None
        self._named: Snapshot | None = None
        #: counts what happens that a read under way may not have seen; and when all was forgotten
        self._ticks = self._forgotten = 0
        self._on_due: Callable[[], None] | None = None
        #: those of other slots are told to nobody here
        self.slots = ALL_SLOTS

    def serve(self, slots: frozenset[int]) -> None:
        """Tell from now on of what is about messages of these slots only."""
        if slots != self.slots:
            self.slots = ALL_SLOTS if slots == ALL_SLOTS else slots
            self.forget()

    def subscribe(self, on_due: Callable[[], None]) -> None:
        """Have whoever posts told when something may have become due."""
        self._on_due = on_due

    def must_ask(self, now: int) -> bool:
        """Tell whether the table must be asked which lanes have anything due."""
        return self._named_at is None or not 0 <= now - self._named_at < REREAD_MS

    def must_read(self, name: str, now: int) -> bool:
        """Tell whether the table must be asked what is due in a lane."""
        lane = self._lanes.get(name)
        return self.must_ask(now) or (lane is not None and lane.is_open)

    # ── what happens ──

    def forget(self) -> None:
        """Have the table asked for everything: something was made due that is not told."""
        self._clear()
        self._wake()

    def note(self, told: MadeDue) -> None:
        """Hear what a transaction made due, after its commit and before its callers."""
        if told.postbacks is None:
            self.forget()
            return
        is_all = self.slots is ALL_SLOTS
        for due in told.postbacks:
            if is_all or slot_of_id(due.message.message_id) in self.slots:
                self._add(told.transaction, due)
        for name in told.lanes:
            self._open(self._lane(name))
        self._wake()

    def begin_read(self) -> int:
        """Begin to ask the table."""
        return self._ticks

    def note_named(
        self, began: int, names: Collection[str], seen: Snapshot, now: int, *, is_all: bool
    ) -> None:
        """Hear which lanes have something due in the table, and whether those are all."""
        if self._forgotten > began:
            return
        if not is_all:
            self._clear()
            return
        self._named_at, self._named = now, seen
        for name in names:
            self._lane(name).is_open = True
        for name, lane in list(self._lanes.items()):
            if name not in names and lane.opened <= began:
                lane.is_open = False
                self._drop_seen(lane, seen)
                if not lane.fresh:
                    del self._lanes[name]

    def note_read(self, began: int, name: str, seen: Snapshot, *, is_all: bool) -> None:
        """Hear that what is due in a lane was read from the table, and whether that was all."""
        if self._forgotten > began:
            return
        lane = self._lane(name)
        self._drop_seen(lane, seen)
        lane.is_open = lane.has_more or not is_all or lane.opened > began
        lane.has_more = False

    def note_more(self, name: str) -> None:
        """Hear that there is more about messages from handsets than was read."""
        self._lane(name).has_more = True

    def _wake(self) -> None:
        if self._on_due is not None:
            self._on_due()

    def _clear(self) -> None:
        self._lanes.clear()
        self._count = 0
        self._named_at = self._named = None
        self._forgotten = self._tick()

    def _drop_seen(self, lane: _Lane, seen: Snapshot) -> None:
        """Forget what a read saw: it has given it, or it is not due any more."""
        self._count -= len(lane.fresh)
        lane.fresh = deque(each for each in lane.fresh if not seen.saw(each[0]))
        self._count += len(lane.fresh)
        lane.seen = seen

    def _lane(self, name: str) -> _Lane:
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = _Lane(self._named)
        return lane

    def _add(self, transaction: int, due: DuePostback) -> None:
        lane = self._lane(due.lane)
        if lane.seen is not None and lane.seen.saw(transaction):
            return
        lane.fresh.append((transaction, due))
        self._count += 1
        if len(lane.fresh) > MAX_FRESH or self._count > MAX_IN_ALL:
            self._open(lane)

    def _open(self, lane: _Lane) -> None:
        self._count -= len(lane.fresh)
        lane.fresh.clear()
        lane.is_open = True
        lane.opened = self._tick()

    def _tick(self) -> int:
        self._ticks += 1
        return self._ticks

    # ── what is asked ──

    def lanes(self, after: str, limit: int, now: int) -> list[str]:
        """Name the lanes with something due behind a name, as the table would."""
        found = [
            name
            for name, lane in self._lanes.items()
            if name > after and (lane.is_open or (lane.fresh and lane.fresh[0][1].happened_at <= now))
        ]
        return sorted(found)[:limit]

    def take(self, name: str, limit: int, now: int) -> list[DuePostback]:
        """Give what is due in a lane, oldest first, and forget it: it is in the poster's hands."""
        lane = self._lanes.get(name)
        found: list[DuePostback] = []
        while lane is not None and lane.fresh and len(found) < limit and lane.fresh[0][1].happened_at <= now:
            found.append(lane.fresh.popleft()[1])
        self._count -= len(found)
        return found
