"""Hands out message ids from blocks that the store reserved, so that no id costs a round trip.

Ids are integers below 2^53, because JavaScript clients parse them as doubles. An id that a crash left unused
stays unused.

Over PostgreSQL ids grow with time, and those of several cells (databases, each with its gateways) never meet:
in each 1,024 ms every cell has 65,536 ids in a row of its own, the cells' rows one after the other.

    bits 52 … 22  the instant, in 1,024 ms since 1970 (until 2039)
    bits 21 … 16  the cell
    bits 15 …  0  in the row; the lowest three are the slot
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

#: how many can be told apart by ids
CELLS = 64
#: ids that a cell has in a row: no block is longer
ROW_IDS = 1 << 16
#: of an instant to the first id of its time, and of its milliseconds to that time
_TIME_BITS, _MS_BITS = 22, 10


def cell_of_id(message_id: int) -> int:
    """Tell which cell made an id. Of ids that were made before ids had cells any may be told."""
    return message_id // ROW_IDS % CELLS


def first_id_at(instant: int) -> int:
    """Give the lowest id of the time that an instant (Unix milliseconds) is in."""
    return instant >> _MS_BITS << _TIME_BITS


def next_block(free: int, now: int, cell: int, count: int) -> range:
    """Give a cell's next block. `free`: the first id behind all blocks of that store; `now`: Unix
    milliseconds, which may be those of a clock that was set back; `count`: `ROW_IDS` at most. Ids that are
    left of a row that is too short for the block, or over, stay unused.
    """
    if not 0 < count <= ROW_IDS:
        raise ValueError(f"a block of ids cannot have {count}")
    last, time = free - 1, now >> _MS_BITS
    newest = last >> _TIME_BITS
    if time <= newest:
        is_in_row = cell_of_id(last) == cell and last % ROW_IDS + count < ROW_IDS
        if is_in_row:
            return range(free, free + count)
        time = newest + 1
    first = (time << _TIME_BITS) + cell * ROW_IDS
    return range(first, first + count)


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
