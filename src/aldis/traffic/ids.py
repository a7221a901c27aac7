"""Hands out message ids from blocks that the store reserved, so that no id costs a round trip.

Ids are integers below 2^53, because JavaScript clients parse them as doubles. An id that a crash left unused
stays unused.
"""

from __future__ import annotations


class IdBlocks:
    """A stock of reserved ids; admission refills it before it runs dry."""

    def __init__(self) -> None:
        self._blocks: list[range] = []
        self.left = 0

    def add(self, block: range) -> None:
        """Put a freshly reserved block into stock."""
        self._blocks.append(block)
        self.left += len(block)

    def take(self, count: int) -> list[int]:
        """Give `count` ids in rising order; the caller has made sure that `left` suffices."""
        self.left -= count
        if count == 1 and len(self._blocks[0]) > 1:  # by far the most frequent
            block = self._blocks[0]
            self._blocks[0] = block[1:]
            return [block.start]
        taken: list[int] = []
        while len(taken) < count:
            block = self._blocks[0]
            part = block[: count - len(taken)]
            taken.extend(part)
            if len(part) == len(block):
                self._blocks.pop(0)
            else:
                self._blocks[0] = block[len(part) :]
        return taken
