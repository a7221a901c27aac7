"""Whose turn it is to be run: small batches go before large ones, which still get one turn in nine."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

Work = TypeVar("Work")

#: so many small batches may go one after the other while a large one waits
IN_A_ROW = 8


class PriorityQueue(Generic[Work]):
    """Two queues of one worker; one thread may put in, and another take out."""

    def __init__(self) -> None:
        self._small: deque[Work] = deque()
        self._large: deque[Work] = deque()
        self._in_a_row = 0

    def __bool__(self) -> bool:
        return bool(self._small or self._large)

    def add(self, work: Work, *, is_large: bool) -> None:
        """Queue up."""
        (self._large if is_large else self._small).append(work)

    def next(self) -> Work:
        """Take what is next; there must be something."""
        if self._small and not (self._large and self._in_a_row >= IN_A_ROW):
            self._in_a_row += 1
            return self._small.popleft()
        self._in_a_row = 0
        return self._large.popleft()
