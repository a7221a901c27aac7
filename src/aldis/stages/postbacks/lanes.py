"""How many postbacks may be under way to each endpoint. Pure.

A lane that has answered lately gets many at once. One that has not, or that nobody has tried yet, gets one,
so that a dead endpoint holds one connection and not the pool; all of those together may hold half of the
whole, so that a thousand dead endpoints cannot stop a living one.
"""

from __future__ import annotations

from collections import Counter, OrderedDict

PER_LANE = 32
IN_ALL = 512
#: lanes that are remembered as answering
MAX_PROVEN = 10_000


class Lanes:
    """Counts what is under way."""

    def __init__(self) -> None:
        self._under_way: Counter[str] = Counter()
        self._proven: OrderedDict[str, None] = OrderedDict()
        self._total = 0
        self._total_unproven = 0

    def room(self, lane: str) -> int:
        """How many more may start in a lane."""
        if lane in self._proven:
            return max(0, min(PER_LANE - self._under_way[lane], IN_ALL - self._total))
        return max(0, min(1 - self._under_way[lane], IN_ALL // 2 - self._total_unproven))

    def is_proven(self, lane: str) -> bool:
        """Whether the endpoint answered lately."""
        return lane in self._proven

    def start(self, lane: str) -> None:
        """Count one in."""
        self._under_way[lane] += 1
        self._total += 1
        self._total_unproven += lane not in self._proven

    def end(self, lane: str, *, reached: bool) -> None:
        """Count one out; `reached`: the endpoint answered, whatever it said."""
        was_proven = lane in self._proven
        self._total -= 1
        self._total_unproven -= not was_proven
        self._under_way[lane] -= 1
        if reached:
            self._proven[lane] = None
            self._proven.move_to_end(lane)
            if not was_proven:
                self._total_unproven -= self._under_way[lane]
            if len(self._proven) > MAX_PROVEN:
                self._forget(next(iter(self._proven)))
        elif was_proven:
            self._forget(lane)
        if not self._under_way[lane]:
            del self._under_way[lane]

    def _forget(self, lane: str) -> None:
        del self._proven[lane]
        self._total_unproven += self._under_way[lane]
