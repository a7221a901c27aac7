"""Hands out message ids from blocks that the store reserved, so that no id costs a round trip.

Ids are integers below 2^53, because JavaScript clients parse them as doubles. An id that a crash left unused
stays unused.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence


class IdBlocks:
    """A stock of reserved ids; admission refills it before it runs dry."""

    def __init__(self) -> None:
        self._blocks: deque[range] = deque()
        #: of the block in use, the next id and the first behind it
        self._next = self._end = 0
        self.left = 0

    def add(self, block: range) -> None:
        """Put a freshly reserved block into stock."""
        self._blocks.append(block)
        self.left += len(block)

    def take(self, count: int) -> Sequence[int]:
        """Give `count` ids in rising order; the caller has made sure that `left` suffices."""
        self.left -= count
        first = self._next
        if self._end - first >= count:
            self._next += count
            return range(first, self._next)
        taken: list[int] = []
        while len(taken) < count:
            if self._next == self._end:
                block = self._blocks.popleft()
                self._next, self._end = block.start, block.stop
            upto = min(self._end, self._next + count - len(taken))
            taken += range(self._next, upto)
            self._next = upto
        return taken
