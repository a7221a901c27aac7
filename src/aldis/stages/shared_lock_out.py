"""Counts wrong passwords: in memory, and with the other gateways on the same data where there can be any, so
that going from one to the next gives nobody more tries.

For who has not failed of late nobody is asked: a gateway that has heard of no failure lets a try be made, and
knows from then on how all stand. So each gateway gives one try more at most, and a pause ends for one try of
all. While the store takes nothing, each counts by itself.
"""

from __future__ import annotations

from contextlib import suppress

from aldis.accounts.lock_out import LockOut, PauseRules
from aldis.clock import Clock
from aldis.errors import TemporaryError
from aldis.store.contract.shared import CountChange, FailureStore, Tries

#: from so many before the last free try on, tries are counted before they are made
NEAR = 2


class SharedLockOut:
    """Says who must wait, of one kind of tries."""

    def __init__(self, kind: str, rules: PauseRules, clock: Clock, store: FailureStore | None) -> None:
        """`kind`: tells its keys from those of others; `store`: None where no other gateway can be."""
        self._kind = kind
        self._rules = rules
        self._clock = clock
        self._store = store
        self._memory = LockOut(rules)
        #: a try of these is under way, and counted already
        self._begun = set[str]()

    def wait_s(self, *keys: str) -> float:
        """Tell how long these must wait, as far as we know; 0: they may try."""
        return self._memory.wait_s(keys, self._clock.monotonic())

    def failures(self, key: str) -> int:
        """Tell how often it failed of late, as far as we know."""
        return self._memory.failures(key, self._clock.monotonic())

    async def begin(self, keys: tuple[str, ...]) -> float:
        """Count a try before it is made, so that tries at once count each; returns how long these must wait,
        and then nothing is counted.
        """
        wait_s = self.wait_s(*keys)
        if wait_s:
            return wait_s
        if self._store is not None:
            with suppress(TemporaryError):
                return await self._tell(self._store, CountChange.BEGIN, keys)
        self._memory.failed(keys, self._clock.monotonic())
        return 0.0

    async def take_turn(self, key: str) -> float:
        """Do so for one whose free tries are all used, or nearly, where there can be other gateways. That try
        ends with `failed`, `passed` or `succeeded`.
        """
        if self._store is None or self.failures(key) < max(1, self._rules.free_tries - NEAR):
            return 0.0
        wait_s = await self.begin((key,))
        if not wait_s:
            self._begun.add(key)
        return wait_s

    async def failed(self, key: str) -> None:
        """Count a failure, unless it is counted already."""
        if key in self._begun:
            self._begun.remove(key)
            return
        self._memory.failed((key,), self._clock.monotonic())
        if self._store is not None:
            with suppress(TemporaryError):
                await self._tell(self._store, CountChange.COUNT, (key,))

    async def passed(self, key: str) -> None:
        """Hear that a try was none, and forget nothing else."""
        if key in self._begun and self._store is not None:
            self._begun.remove(key)
            with suppress(TemporaryError):
                await self._tell(self._store, CountChange.TAKE_BACK, (key,))

    async def succeeded(self, keys: tuple[str, ...]) -> None:
        """Forget the failures of these."""
        known = tuple(key for key in keys if self.failures(key))
        self._begun.difference_update(keys)
        self._memory.succeeded(keys)
        if known and self._store is not None:
            with suppress(TemporaryError):
                await self._tell(self._store, CountChange.FORGET, known)

    async def _tell(self, store: FailureStore, change: CountChange, keys: tuple[str, ...]) -> float:
        """Count with all others; returns how long one must wait, 0 where it was done."""
        names, now = tuple(f"{self._kind} {key}" for key in keys), self._clock.now()
        is_done, standing = await store.tell(Tries(change, names, self._rules, now))
        waits = [max(0.0, (each.allowed_at - now) / 1000) for each in standing]
        for key, each, wait_s in zip(keys, standing, waits, strict=True):
            if each.failed:
                self._memory.learn(key, each.failed, wait_s, self._clock.monotonic())
        return 0.0 if is_done else max(waits)
