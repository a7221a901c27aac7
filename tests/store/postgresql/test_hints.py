"""Hints between gateways: gathered, lossy, and everything is looked at again after a lost connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import asyncpg
import pytest

from aldis.errors import StoreUnavailable
from aldis.store.contract.hints import Hint
from aldis.store.contract.store import Store
from aldis.store.postgresql.engine.address import read_address
from aldis.store.postgresql.engine.connection import HINTING, connect
from aldis.store.postgresql.engine.hints import CHANNEL, Hints

EVERYTHING = Hint(anything=True)
HINTS = [
    Hint(links=frozenset({"demo", "a b/ü"})),
    Hint(postbacks=True),
    Hint(opted_out=True),
    Hint(directory=True),
    Hint(orders=True),
    EVERYTHING,
]


class Ear:
    """Hears hints, and waits for them."""

    def __init__(self, store: Store | Hints) -> None:
        self.heard: list[Hint] = []
        self._news = asyncio.Event()
        (store.hints if isinstance(store, Store) else store).subscribe(self._hear)

    def _hear(self, hint: Hint) -> None:
        self.heard.append(hint)
        self._news.set()

    async def until(self, hint: Hint) -> None:
        """Wait until one was heard that has all of this."""
        while not any(each | hint == each for each in self.heard):
            self._news.clear()
            await self._news.wait()


@pytest.fixture
async def telling(database: str) -> AsyncIterator[asyncpg.Connection]:
    """Somebody else who may write to the database."""
    db = await asyncpg.connect(database)
    yield db
    await db.close()


async def test_the_others_hear_what_one_tells(both: list[Store]) -> None:
    one, two = both
    ears = [Ear(one), Ear(two)]
    for ear in ears:
        await ear.until(EVERYTHING)
        ear.heard.clear()
    for hint in HINTS:
        one.hints.tell(hint)
        await ears[1].until(hint)
    two.hints.tell(Hint(orders=True))
    await ears[0].until(Hint(orders=True))
    assert ears[0].heard == [Hint(orders=True)]  # and nobody hears himself


async def test_hints_are_gathered(both: list[Store]) -> None:
    one, two = both
    ear = Ear(two)
    await ear.until(EVERYTHING)
    ear.heard.clear()
    for number in range(1_000):
        one.hints.tell(Hint(links=frozenset({f"link {number % 9}"}), postbacks=number == 500))
    await ear.until(Hint(links=frozenset(f"link {number}" for number in range(9)), postbacks=True))
    assert len(ear.heard) == 1


async def test_more_than_a_payload_holds_is_a_hint_of_anything(both: list[Store]) -> None:
    one, two = both
    ear = Ear(two)
    await ear.until(EVERYTHING)
    ear.heard.clear()
    one.hints.tell(Hint(links=frozenset(f"link {number}" for number in range(2_000))))
    await ear.until(EVERYTHING)
    one.hints.tell(Hint(directory=True))  # and the connection lives
    await ear.until(Hint(directory=True))


@pytest.mark.parametrize(
    "payload",
    ["", "{", "[]", "null", '{"links":1}', '{"links":["\\ud800"]}', "x" * 7_999, '{"orders":"yes"}'],
)
async def test_what_is_no_hint_is_let_be(
    both: list[Store], telling: asyncpg.Connection, payload: str
) -> None:
    ear = Ear(both[0])
    await ear.until(EVERYTHING)
    ear.heard.clear()
    await telling.execute(f"SELECT pg_notify('{CHANNEL}', $1)", payload)
    await telling.execute(f"SELECT pg_notify('{CHANNEL}', $1)", '{"orders":true,"of a later version":1}')
    await ear.until(Hint(orders=True))
    assert ear.heard == [Hint(orders=True)]


async def test_after_a_lost_connection_everything_is_looked_at(
    both: list[Store], telling: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aldis.store.postgresql.engine.hints.RETRY_S", 0.0)
    one, two = both
    ear = Ear(two)
    await ear.until(EVERYTHING)
    ear.heard.clear()
    await telling.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'aldis two hinting'"
    )
    await ear.until(EVERYTHING)
    one.hints.tell(Hint(orders=True))
    await ear.until(Hint(orders=True))


async def test_what_was_told_last_leaves_before_the_end(both: list[Store], database: str) -> None:
    ear = Ear(both[0])
    await ear.until(EVERYTHING)
    command = Hints(partial(connect, read_address(database), HINTING, "command"))
    command.tell(Hint(orders=True))
    await command.close()
    await ear.until(Hint(orders=True))


async def test_who_cannot_connect_ends_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aldis.store.postgresql.engine.hints.RETRY_S", 0.0)
    tries = asyncio.Semaphore(0)

    async def connect_nowhere() -> asyncpg.Connection:
        tries.release()
        raise StoreUnavailable("there is nobody")

    hints = Hints(connect_nowhere)
    hints.tell(Hint(orders=True))
    for _ in range(3):
        await tries.acquire()
    await hints.close()
