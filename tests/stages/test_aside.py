"""Whoever asks for much waits for itself: one thing at a time, a part of the time, and what is left of it is freed
in passing.
"""

from __future__ import annotations

import asyncio
import threading

import pytest

from aldis.stages.aside import FREED_AT_ONCE, MOST_WAITING, Aside, Turns, free_gradually


async def test_each_account_has_one_thing_done_at_a_time() -> None:
    aside, go_on, began = Aside(), threading.Event(), []

    def work(name: str) -> None:
        began.append(name)
        go_on.wait()

    first = [asyncio.create_task(aside.run("a", work, f"a{number}")) for number in range(3)]
    await asyncio.sleep(0)
    await aside.run("b", began.append, "b")  # though another's is not done
    assert began == ["a0", "b"]
    go_on.set()
    await asyncio.gather(*first)
    assert began == ["a0", "b", "a1", "a2"]
    aside.close()


@pytest.mark.parametrize(("rests", "seen"), [(0.0, ["a0", "b0", "a1", "b1"]), (1e9, ["a0", "b0"])])
async def test_an_account_rests_for_as_many_times_as_its_turn_took(rests: float, seen: list[str]) -> None:
    turns, had = Turns(rests), []

    async def take(account: str, number: int) -> None:
        async with turns.of(account):
            had.append(f"{account}{number}")
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(take(account, number)) for number in range(2) for account in "ab"]
    await asyncio.wait(tasks[:2])
    for _ in range(20):
        await asyncio.sleep(0)
    assert had == seen
    for task in tasks:
        task.cancel()


async def test_a_turn_that_fails_or_is_given_up_ends() -> None:
    turns = Turns()

    async def fail() -> None:
        async with turns.of("a"):
            raise LookupError

    async def hold() -> None:
        async with turns.of("a"):
            await asyncio.sleep(3600)

    with pytest.raises(LookupError):
        await fail()
    held, waiting = asyncio.create_task(hold()), asyncio.create_task(hold())
    await asyncio.sleep(0)
    waiting.cancel()
    held.cancel()
    await asyncio.wait([held, waiting])
    async with turns.of("a"):
        pass


async def test_many_objects_are_freed_some_in_each_turn_of_the_loop() -> None:
    objects, left = [object() for _ in range(3 * FREED_AT_ONCE + 1)], []
    free_gradually(objects)
    while objects:
        left.append(len(objects))
        await asyncio.sleep(0)
    assert left == [2 * FREED_AT_ONCE + 1, FREED_AT_ONCE + 1, 1]


async def test_so_many_wait_for_the_turn_of_one_account() -> None:
    turns, go_on = Turns(), asyncio.Event()

    async def take(account: str) -> None:
        async with turns.of(account):
            await go_on.wait()

    tasks = [asyncio.create_task(take("a")) for _ in range(MOST_WAITING)]
    await asyncio.sleep(0)
    assert not turns.are_taken("a")  # one of them has it
    tasks.append(asyncio.create_task(take("a")))
    await asyncio.sleep(0)
    assert turns.are_taken("a")
    assert not turns.are_taken("b")
    tasks.pop().cancel()  # whoever leaves
    await asyncio.sleep(0)
    assert not turns.are_taken("a")
    go_on.set()
    await asyncio.gather(*tasks)
