"""Verifies the passwords of customers, whatever the door, and of MMSCs that ask us. argon2id is slow on
purpose, so it runs in threads of its own, and what it said is remembered for a while under an HMAC with a
secret of this process: neither the password nor anything that could be searched for it stays in memory.

Guessing is slowed down, and costs nobody else anything:

- After a few wrong passwords for one login from one address that pair pauses, twice as long each time; so
  does an address that guesses for many logins. A try in a pause is not verified, and its answer is held back
  for a moment. What was right of late is known without a verification, and never pauses.
- Whoever has failed least, and has least waiting, is verified next, so a first login passes a crowd of
  guesses; what waits is bounded for each login and in all, and who has failed most makes room.
"""

from __future__ import annotations

import asyncio
import hmac
import os
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import msgspec
import structlog

from aldis.accounts.credentials import is_password
from aldis.accounts.lock_out import FREE_TRIES, LONGEST_WAIT_S, PauseRules
from aldis.clock import Clock
from aldis.stages.shared_lock_out import SharedLockOut
from aldis.store.contract.shared import FailureStore
from aldis.telemetry import Metrics

log = structlog.get_logger()

#: since the last use
REMEMBER_RIGHT_S = 3600.0
#: a wrong one that comes again is no further guess
REMEMBER_WRONG_S = 300.0
#: right ones, and wrong ones
MAX_REMEMBERED = 10_000
#: half the cores, so that the loop has one
THREADS = max(1, min(4, (os.cpu_count() or 1) // 2))
#: characters of a password that are looked at: waiting ones are held in memory
MAX_PASSWORD = 4096
#: passwords that wait for their verification, which takes some 20 ms
MAX_WAITING, MAX_WAITING_PER_LOGIN = 500, 8
#: how long the answer to a try in a pause is held back, and how many are at once; others are told at once
HELD_S, MAX_HELD = 1.0, 500
#: an address whose logins may all be other people's pauses no longer than this
LONGEST_PAUSE_OF_ADDRESS_S = 60.0
LOG_EVERY_S = 60.0


class PasswordLimits(msgspec.Struct, frozen=True):
    """How many passwords may be tried."""

    #: wrong ones for one login from one address, before that pair pauses
    free_tries: int = FREE_TRIES
    #: how long the longest pause of such a pair is
    longest_pause_s: float = LONGEST_WAIT_S
    #: wrong ones from one address for whatever logins, before it pauses
    tries_per_address: int = 20


class TooManyTries(NamedTuple):
    """A password was not verified."""

    #: when to try again
    wait_s: float


class PasswordTry(NamedTuple):
    """A password that somebody sends."""

    #: names the login, whether there is one or not: of a bounded length, and nothing to read
    login: str
    #: where it comes from, as `network_of` names it
    source: str
    password: str
    #: what it is compared with
    password_hash: str


class _Waiting(NamedTuple):
    tried: PasswordTry
    key: bytes
    verdict: asyncio.Future[bool | TooManyTries]


class PasswordVerifier:
    """Answers "is this the password?"."""

    def __init__(
        self,
        clock: Clock,
        secret: bytes,
        metrics: Metrics,
        limits: PasswordLimits,
        failures: FailureStore | None = None,
        delay: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`failures`: None where no other gateway can be; `delay`: waits so many seconds."""
        self._clock = clock
        self._secret = secret
        self._metrics = metrics
        self._delay = delay
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="passwords")
        #: key of a password → until when it is known; the one that was used last is the last
        self._right: OrderedDict[bytes, float] = OrderedDict()
        self._wrong: OrderedDict[bytes, float] = OrderedDict()
        of_pair = PauseRules(limits.free_tries, limits.longest_pause_s)
        longest_s = min(limits.longest_pause_s, LONGEST_PAUSE_OF_ADDRESS_S)
        of_source = PauseRules(limits.tries_per_address, longest_s)
        self._pairs = SharedLockOut("login", of_pair, clock, failures)
        self._sources = SharedLockOut("address", of_source, clock, failures)
        self._verdicts: dict[bytes, asyncio.Future[bool | TooManyTries]] = {}
        self._waiting: list[_Waiting] = []
        self._waiting_of = Counter[str]()
        self._running: set[asyncio.Task[None]] = set()
        self._held = 0
        #: wrong passwords since the last line of the log, and when there may be another
        self._untold = 0
        self._log_at = 0.0

    async def verify(self, tried: PasswordTry) -> bool | TooManyTries:
        """Tell whether a password is right, or that it was not looked at."""
        tried = tried._replace(password=tried.password[:MAX_PASSWORD])
        key = self._key(tried)
        known = self._remembered(key)
        if known is not None:
            return known
        verdict = self._verdicts.get(key)
        if verdict is None:
            pause_s = self._pause_s(tried)
            verdict = None if pause_s else self._enter(tried, key)
            if verdict is None:
                return await self._refused(TooManyTries(pause_s or 1.0))
        found = await asyncio.shield(verdict)
        return found if isinstance(found, bool) else await self._refused(found)

    def close(self) -> None:
        """Verify nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _key(self, tried: PasswordTry) -> bytes:
        """Name a password of a login; the stored hash is part of it, so a changed one counts at once."""
        message = f"{tried.login}\0{tried.password_hash}\0{tried.password}"
        return hmac.digest(self._secret, message.encode("utf-8", "surrogatepass"), "sha256")

    def _remembered(self, key: bytes) -> bool | None:
        now = self._clock.monotonic()
        if now < self._right.get(key, 0.0):
            _remember(self._right, key, now + REMEMBER_RIGHT_S)
            return True
        return False if now < self._wrong.get(key, 0.0) else None

    def _pause_s(self, tried: PasswordTry) -> float:
        return max(self._pairs.wait_s(_pair(tried)), self._sources.wait_s(tried.source))

    async def _refused(self, verdict: TooManyTries) -> TooManyTries:
        """Hold the answer back, so that asking again and again is slow."""
        self._metrics.passwords.labels("paused").inc()
        if self._held < MAX_HELD:
            self._held += 1
            try:
                await self._delay(HELD_S)
            finally:
                self._held -= 1
        return verdict

    # ── what waits ──

    def _enter(self, tried: PasswordTry, key: bytes) -> asyncio.Future[bool | TooManyTries] | None:
        """Have a password wait for its verification; None where there is no room for it."""
        entered = _Waiting(tried, key, asyncio.get_running_loop().create_future())
        self._waiting_of[tried.source] += 1
        crowd = [each for each in self._waiting if each.tried.login == tried.login]
        if len(crowd) >= MAX_WAITING_PER_LOGIN or len(crowd := self._waiting) >= MAX_WAITING:
            worst = max(crowd, key=self._rank)
            if self._rank(worst) <= self._rank(entered):
                self._leave(entered)
                return None
            self._leave(worst)
            self._waiting.remove(worst)
            self._tell(worst, TooManyTries(1.0))
        self._waiting.append(entered)
        self._verdicts[key] = entered.verdict
        self._start()
        return entered.verdict

    def _rank(self, waiting: _Waiting) -> int:
        """Give the smallest to what is to be verified first."""
        tried = waiting.tried
        failures = self._pairs.failures(_pair(tried)) + self._sources.failures(tried.source)
        return failures + self._waiting_of[tried.source]

    def _leave(self, waiting: _Waiting) -> None:
        source = waiting.tried.source
        self._waiting_of[source] -= 1
        if not self._waiting_of[source]:
            del self._waiting_of[source]

    def _tell(self, waiting: _Waiting, verdict: bool | TooManyTries) -> None:  # noqa: FBT001 - an answer
        self._verdicts.pop(waiting.key, None)
        if not waiting.verdict.done():
            waiting.verdict.set_result(verdict)

    def _start(self) -> None:
        """Have threads verify what waits, while any are free."""
        while self._waiting and len(self._running) < THREADS:
            first = min(self._waiting, key=self._rank)
            self._waiting.remove(first)
            self._leave(first)
            pause_s = self._pause_s(first.tried)  # since it came, others of the same have failed
            if pause_s:
                self._tell(first, TooManyTries(pause_s))
                continue
            task = asyncio.create_task(self._verify(first))
            self._running.add(task)
            task.add_done_callback(self._ended)
        self._metrics.passwords_waiting.set(len(self._waiting))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._start()

    async def _verify(self, waiting: _Waiting) -> None:
        try:
            self._tell(waiting, await self._verdict(waiting))
        finally:  # where no thread takes it any more
            self._tell(waiting, TooManyTries(1.0))

    async def _verdict(self, waiting: _Waiting) -> bool | TooManyTries:
        pair, source = _pair(waiting.tried), waiting.tried.source
        pause_s = await self._pairs.take_turn(pair)
        if pause_s:
            return TooManyTries(pause_s)
        pause_s = await self._sources.take_turn(source)
        if pause_s:
            await self._pairs.passed(pair)
            return TooManyTries(pause_s)
        return await self._is_right(waiting)

    async def _is_right(self, waiting: _Waiting) -> bool:
        tried, loop = waiting.tried, asyncio.get_running_loop()
        is_right = await loop.run_in_executor(self._threads, is_password, tried.password, tried.password_hash)
        now = self._clock.monotonic()
        if is_right:
            _remember(self._right, waiting.key, now + REMEMBER_RIGHT_S)
            await self._pairs.succeeded((_pair(tried),))
            await self._sources.passed(tried.source)
        else:
            _remember(self._wrong, waiting.key, now + REMEMBER_WRONG_S)
            await asyncio.gather(self._pairs.failed(_pair(tried)), self._sources.failed(tried.source))
            self._note(tried, now)
        self._metrics.passwords.labels("right" if is_right else "wrong").inc()
        return is_right

    def _note(self, tried: PasswordTry, now: float) -> None:
        """Log that passwords are guessed, once a minute."""
        self._untold += 1
        if self._pause_s(tried) and now >= self._log_at:
            self._log_at = now + LOG_EVERY_S
            log.warning("too many wrong passwords; tries pause", address=tried.source, wrong=self._untold)
            self._untold = 0


def _pair(tried: PasswordTry) -> str:
    return f"{tried.source} {tried.login}"


def _remember(memory: OrderedDict[bytes, float], key: bytes, until: float) -> None:
    memory[key] = until
    memory.move_to_end(key)
    if len(memory) > MAX_REMEMBERED:
        memory.popitem(last=False)
