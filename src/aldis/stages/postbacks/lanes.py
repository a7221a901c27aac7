"""How many postbacks may be under way to each endpoint. Pure.

A lane that answers gets many at once; one that failed last time gets one, so that a dead endpoint holds one
connection and not the pool. All failing lanes together may hold half of the whole, so that a hundred dead
endpoints cannot stop a living one.
"""

from __future__ import annotations

from collections import Counter

PER_LANE = 32
IN_ALL = 512


class Lanes:
    """Counts what is under way."""

    def __init__(self) -> None:
        self._under_way: Counter[str] = Counter()
        self._failing: set[str] = set()
        self._total = 0
        self._total_failing = 0

    def room(self, lane: str) -> int:
        """How many more may start in a lane."""
        if lane in self._failing:
            free = IN_ALL // 2 - self._total_failing
            return max(0, min(1 - self._under_way[lane], free))
        return max(0, min(PER_LANE - self._under_way[lane], IN_ALL - self._total))

    def under_way(self, lane: str) -> int:
        """How many have started and not ended."""
        return self._under_way[lane]

    def start(self, lane: str) -> None:
        """Count one in."""
        self._under_way[lane] += 1
        self._total += 1
        self._total_failing += lane in self._failing

    def end(self, lane: str, *, reached: bool) -> None:
        """Count one out; `reached`: the endpoint answered, whatever it said."""
        self._total -= 1
        self._under_way[lane] -= 1
        was_failing = lane in self._failing
        self._total_failing -= was_failing
        if reached and was_failing:
            self._failing.discard(lane)
            self._total_failing -= self._under_way[lane]
        elif not reached and not was_failing:
            self._failing.add(lane)
            self._total_failing += self._under_way[lane]
        if not self._under_way[lane]:
            del self._under_way[lane]
