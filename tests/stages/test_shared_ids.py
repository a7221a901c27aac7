"""Ids for all who make messages: in the order in which they are asked for."""

from __future__ import annotations

import asyncio

from aldis.stages.shared_ids import ID_BLOCK, SharedIds
from aldis.traffic.ids import ROW_IDS


class Blocks:
    """Reserves blocks as a store does, each after a turn of the loop."""

    def __init__(self) -> None:
        self.next = 1

    async def take_ids(self, count: int) -> range:
        assert count <= ROW_IDS
        block = range(self.next, self.next + count)
        self.next = block.stop
        await asyncio.sleep(0)
        return block


async def test_takers_get_ids_in_the_order_in_which_they_ask() -> None:
    ids = SharedIds(Blocks())
    await ids.refill(1)
    first = ids.blocks.take(3)  # admission, without a wait
    again = await ids.take_ids(1)  # a message that is sent again
    second = ids.blocks.take(2)
    inbound = await ids.take_ids(ID_BLOCK)
    assert [*first, *again, *second, *inbound] == [*range(1, ID_BLOCK + 7)]


async def test_those_who_wait_together_get_their_own() -> None:
    ids = SharedIds(Blocks())
    found = await asyncio.gather(*(ids.take_ids(ID_BLOCK // 3) for _ in range(20)))
    taken = [each for part in found for each in part]
    assert len(set(taken)) == len(taken)
    assert all(part == sorted(part) for part in map(list, found))


async def test_more_than_a_block_may_have_come_of_several() -> None:
    taken = await SharedIds(Blocks()).take_ids(3 * ROW_IDS + 1)
    assert [*taken] == [*range(1, 3 * ROW_IDS + 2)]
