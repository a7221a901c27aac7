"""What a transaction owes is told once it is kept, and only then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple
from uuid import uuid4

import asyncpg
import pytest

from aldis.store.memory.told_postbacks import MadeDue
from aldis.store.postgresql.engine.opening import Engine, open_engine
from aldis.store.postgresql.engine.operations import operation_on_each
from aldis.store.postgresql.writes import owing
from aldis.store.postgresql.writes.owing import INBOUND, MOST_TOLD, NewPostback
from aldis.traffic.postback import PostbackEvent
from aldis.traffic.slots import ALL_SLOTS, slot_of_id
from aldis.traffic.states import State
from tests.store.building import NOW, a_message
from tests.store.postgresql.rows import insert_messages


class House(NamedTuple):
    """An engine, and what its transactions have told."""

    engine: Engine
    told: list[MadeDue]
    #: those that are posted here
    slots: set[int]
    #: a word to the others each
    hints: list[str]

    async def owe(self, *rows: NewPostback) -> None:
        await self.engine.writer.call(owe, rows)

    def ids(self) -> list[list[int]]:
        """Name the messages of which each transaction told."""
        return [[due.message.message_id for due in each.postbacks or ()] for each in self.told]


@operation_on_each
async def owe(db: asyncpg.Connection, rows: tuple[NewPostback, ...]) -> None:
    await owing.owe(db, rows)
    if any(row.error_code == "refused" for row in rows):
        raise ValueError


@pytest.fixture
async def house(database: str) -> AsyncIterator[House]:
    told: list[MadeDue] = []
    slots, hints = set(ALL_SLOTS), list[str]()
    outbox = owing.PostbackOutbox(told.append, lambda: frozenset(slots), lambda: hints.append("due"))
    engine = await open_engine(database, "one", uuid4(), outbox)
    await engine.writer.call(insert_messages, [a_message(number) for number in range(1, 9)])
    yield House(engine, told, slots, hints)
    await engine.close()


def ended(message_id: int, error_code: str = "") -> NewPostback:
    return NewPostback(message_id, "l", PostbackEvent.ENDED, State.DELIVERED, error_code, NOW)


async def test_it_is_told_with_its_message_before_the_caller_hears(house: House) -> None:
    await house.owe(ended(1, "0\x00\x01"))
    (told,) = house.told
    assert told.postbacks is not None
    (due,) = told.postbacks
    assert (due.lane, due.event, due.error_code) == ("l", PostbackEvent.ENDED, "0\x00\x01")
    assert (due.message.state, due.message.recipient) == (State.QUEUED, "447700900001")


async def test_what_is_rolled_back_tells_nothing_and_its_neighbours_do(house: House) -> None:
    calls = [house.owe(ended(number, "refused" if number == 3 else "")) for number in range(1, 7)]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes].count(ValueError) == 1
    assert sorted(number for each in house.ids() for number in each) == [1, 2, 4, 5, 6]


async def test_of_one_message_the_earliest_is_told(house: House) -> None:
    sent = NewPostback(1, "l", PostbackEvent.SENT, State.SENT, "", NOW)
    await house.owe(sent, ended(1), ended(2))
    await house.owe(ended(1))
    assert house.ids() == [[1, 2], []]
    assert house.told[0].postbacks is not None
    assert house.told[0].postbacks[0].event is PostbackEvent.SENT


async def test_too_much_is_not_told(house: House) -> None:
    await house.owe(*[ended(1)] * (MOST_TOLD + 1))
    await house.owe(NewPostback(7, "in", INBOUND, "", "", NOW))
    assert [each.postbacks for each in house.told] == [None, []]
    assert list(house.told[1].lanes) == ["in"]


async def test_what_is_of_others_slots_is_hinted_to_them_and_not_told_here(house: House) -> None:
    await house.owe(ended(1), ended(2))
    assert house.hints == []
    house.slots.remove(slot_of_id(2))
    await house.owe(ended(1))
    assert house.hints == []
    await house.owe(ended(2), ended(3))
    await house.owe(ended(2))
    assert house.ids() == [[1, 2], [], [3], []]
    assert house.hints == ["due", "due"]
