"""Guessing is slow, and costs nobody else their turn."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.accounts.lock_out import FIRST_WAIT_S, FREE_TRIES, LONGEST_WAIT_S
from aldis.stages import passwords
from aldis.stages.passwords import (
    MAX_PASSWORD,
    MAX_WAITING,
    MAX_WAITING_PER_LOGIN,
    REMEMBER_RIGHT_S,
    REMEMBER_WRONG_S,
    PasswordLimits,
    PasswordTry,
    PasswordVerifier,
    TooManyTries,
)
from aldis.telemetry import Metrics
from tests.fakes.clock import FakeClock

RIGHT = "right"
LIMITS = PasswordLimits()


class Bench:
    """A verifier with one thread, whose verifications wait until the test lets them end."""

    def __init__(self, limits: PasswordLimits = LIMITS) -> None:
        self.clock = FakeClock()
        self.held = 0
        #: (login, password) in the order of their verifications
        self.verified: list[tuple[str, str]] = []
        self._turns = threading.Semaphore(0)
        self.made = PasswordVerifier(self.clock, b"secret", Metrics(), limits, delay=self._hold)

    async def _hold(self, _seconds: float) -> None:
        self.held += 1

    def is_password(self, password: str, password_hash: str) -> bool:
        """Stand for argon2id: the hash is the login."""
        self.verified.append((password_hash, password))
        assert self._turns.acquire(timeout=20)
        return password == RIGHT

    def let_end(self, count: int = 10_000) -> None:
        self._turns.release(count)

    async def try_(self, login: str, source: str, password: str) -> bool | TooManyTries:
        return await self.made.verify(PasswordTry(login, source, password, login))

    async def begun(self, count: int) -> None:
        while len(self.verified) < count:
            await asyncio.sleep(0.001)


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(passwords, "THREADS", 1)
    made = Bench()
    monkeypatch.setattr(passwords, "is_password", made.is_password)
    yield made
    made.let_end()
    made.made.close()


async def test_a_pair_pauses_twice_as_long_each_time_and_others_do_not(bench: Bench) -> None:
    bench.let_end()
    for number in range(FREE_TRIES):
        assert await bench.try_("demo", "192.0.2.1", f"guess {number}") is False
    pause = FIRST_WAIT_S
    while pause < LONGEST_WAIT_S:
        assert await bench.try_("demo", "192.0.2.1", RIGHT) == TooManyTries(pause)
        assert await bench.try_("demo", "192.0.2.1", "another") == TooManyTries(pause)
        bench.clock.advance(pause)
        assert await bench.try_("demo", "192.0.2.1", f"guess {pause}") is False
        pause *= 2
    assert await bench.try_("demo", "192.0.2.1", RIGHT) == TooManyTries(LONGEST_WAIT_S)
    assert await bench.try_("demo", "192.0.2.2", RIGHT) is True  # who guesses shuts nobody else out
    assert await bench.try_("other", "192.0.2.1", RIGHT) is True
    assert await bench.try_("demo", "192.0.2.1", RIGHT) is True  # known by now


async def test_what_is_paused_is_not_verified_and_told_late(bench: Bench) -> None:
    bench.let_end()
    for number in range(FREE_TRIES + 50):
        await bench.try_("demo", "192.0.2.1", str(number))
    assert len(bench.verified) == FREE_TRIES
    assert bench.held == 50


async def test_a_wrong_password_that_comes_again_is_no_further_guess(bench: Bench) -> None:
    bench.let_end()
    for _ in range(50):
        assert await bench.try_("demo", "192.0.2.1", "old") is False
    assert bench.verified == [("demo", "old")]
    bench.clock.advance(REMEMBER_WRONG_S)
    assert await bench.try_("demo", "192.0.2.1", "old") is False
    assert len(bench.verified) == 2


async def test_a_login_in_use_is_never_verified_again_nor_paused(bench: Bench) -> None:
    bench.let_end()
    assert await bench.try_("demo", "192.0.2.1", RIGHT) is True
    for _ in range(10):
        for number in range(20):
            await bench.try_("demo", "192.0.2.1", str(number))
        assert await bench.try_("demo", "192.0.2.1", RIGHT) is True
        bench.clock.advance(REMEMBER_RIGHT_S - 1)
    assert bench.verified.count(("demo", RIGHT)) == 1
    bench.clock.advance(REMEMBER_RIGHT_S)
    assert await bench.try_("demo", "192.0.2.2", RIGHT) is True
    assert bench.verified.count(("demo", RIGHT)) == 2


async def test_an_address_that_guesses_for_many_logins_pauses_too(bench: Bench) -> None:
    bench.let_end()
    verdicts = [await bench.try_(f"login {number}", "192.0.2.1", "123456") for number in range(100)]
    assert verdicts.count(False) == LIMITS.tries_per_address
    assert verdicts[-1] == TooManyTries(FIRST_WAIT_S)
    assert await bench.try_("login 99", "192.0.2.2", RIGHT) is True
    bench.clock.advance(passwords.LONGEST_PAUSE_OF_ADDRESS_S)
    assert await bench.try_("login 99", "192.0.2.1", RIGHT) is True


async def test_a_right_password_pardons_the_pair_and_not_the_address(bench: Bench) -> None:
    bench.let_end()
    for number in range(200):  # somebody with a login of their own
        await bench.try_("demo", "192.0.2.1", str(number))
        await bench.try_(f"own {number}", "192.0.2.1", RIGHT)
    wrong = [password for login, password in bench.verified if login == "demo"]
    assert len(wrong) == FREE_TRIES


async def test_a_first_login_is_the_next_one_whoever_guesses(bench: Bench) -> None:
    guesses = [
        asyncio.create_task(bench.try_(f"login {number}", f"192.0.2.{number % 5}", "123456"))
        for number in range(200)
    ]
    await bench.begun(1)
    first = asyncio.create_task(bench.try_("honest", "198.51.100.1", RIGHT))
    await asyncio.sleep(0)
    bench.let_end(2)
    assert await first is True
    assert bench.verified[1] == ("honest", RIGHT)
    bench.let_end()
    assert TooManyTries(FIRST_WAIT_S) in await asyncio.gather(*guesses)
    # 20 of each address, and what was under way
    assert len(bench.verified) <= 5 * LIMITS.tries_per_address + 2


async def test_who_waits_for_one_login_makes_room_for_who_has_failed_less(bench: Bench) -> None:
    guesses = [
        asyncio.create_task(bench.try_("demo", f"192.0.2.{number % 2}", str(number))) for number in range(40)
    ]
    await bench.begun(1)
    first = asyncio.create_task(bench.try_("demo", "198.51.100.1", RIGHT))
    other = asyncio.create_task(bench.try_("other", "198.51.100.2", RIGHT))
    await asyncio.sleep(0)
    bench.let_end(3)
    assert await first is True
    assert await other is True
    assert bench.verified[1:3] == [("demo", RIGHT), ("other", RIGHT)]
    bench.let_end()
    verdicts = await asyncio.gather(*guesses)
    assert len([verdict for verdict in verdicts if verdict is False]) <= MAX_WAITING_PER_LOGIN + 1


async def test_the_same_at_once_is_verified_once(bench: Bench) -> None:
    tries = [asyncio.create_task(bench.try_("demo", f"192.0.2.{number}", RIGHT)) for number in range(50)]
    await bench.begun(1)
    bench.let_end()
    assert all(await asyncio.gather(*tries))
    assert bench.verified == [("demo", RIGHT)]


async def test_what_no_thread_takes_any_more_is_answered(bench: Bench) -> None:
    bench.made.close()
    assert await bench.try_("demo", "192.0.2.1", RIGHT) == TooManyTries(1.0)


async def test_whatever_comes_the_memory_is_bounded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "MAX_REMEMBERED", 50)
    tries = [
        asyncio.create_task(
            bench.try_(f"login {number}", f"10.0.{number >> 8}.{number & 255}", "x" * 100_000)
        )
        for number in range(MAX_WAITING + 100)
    ]
    await bench.begun(1)
    assert len(bench.made._waiting) == MAX_WAITING
    assert {len(each.tried.password) for each in bench.made._waiting} == {MAX_PASSWORD}
    bench.let_end()
    verdicts = await asyncio.gather(*tries)
    assert verdicts.count(False) == MAX_WAITING + 1
    assert len(bench.made._wrong) == 50
    assert not bench.made._waiting
    assert not bench.made._waiting_of
    assert not bench.made._verdicts


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 9)), max_size=60))
async def test_whoever_comes_each_try_has_one_answer(tries: list[tuple[int, int, int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "THREADS", 1)
        bench = Bench(PasswordLimits(free_tries=2, tries_per_address=5))
        patch.setattr(passwords, "is_password", bench.is_password)
        bench.let_end()
        asked = [bench.try_(f"l{login}", f"s{source}", f"{guess}") for login, source, guess in tries]
        verdicts = await asyncio.gather(*asked)
        bench.made.close()
    assert True not in verdicts
    assert len(bench.verified) == len(set(bench.verified))
    assert not bench.made._waiting
    assert not bench.made._verdicts
