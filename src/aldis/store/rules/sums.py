"""Adds up sums that are made part by part."""

from __future__ import annotations

from collections import Counter

from aldis.store.contract.search import Sum
from aldis.traffic.query import OTHER

DAY_MS = 86_400_000

#: key and account → accepted, delivered, failed, segments, micros
Part = list[tuple[str | int, int, int, int, int, int, int]]


class Total:
    """Adds parts up."""

    def __init__(self, most: int | None) -> None:
        """`most`: groups of one account, None: no bound; what is met after those is added up as OTHER."""
        self._most = most
        self._sums: dict[tuple[str | int, int], list[int]] = {}
        #: groups, by account
        self._count: Counter[int] = Counter()

    def add(self, part: Part) -> None:
        """Add a part."""
        for key, account_id, *counts in part:
            known = self._sums.get((key, account_id))
            if known is None:
                known = self._new(key, account_id, len(counts))
            for position, count in enumerate(counts):
                known[position] += count

    def _new(self, key: str | int, account_id: int, size: int) -> list[int]:
        if self._most is not None and self._count[account_id] >= self._most:
            return self._sums.setdefault((OTHER, account_id), [0] * size)
        self._count[account_id] += 1
        new = self._sums[key, account_id] = [0] * size
        return new

    def sums(self) -> list[Sum]:
        """Give what there is in all, by key and account."""
        return [Sum(key, account_id, *counts) for (key, account_id), counts in sorted(self._sums.items())]
