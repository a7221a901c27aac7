"""What several kinds of abuse are looked at with."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from aldis.accounts import credentials
from aldis.accounts.lock_out import FREE_TRIES
from aldis.stages import passwords
from aldis.stages.passwords import MAX_WAITING_PER_LOGIN, THREADS

#: what one login may cost before each address that guesses for it pauses, tries at once included
MOST_OF_ONE_LOGIN = FREE_TRIES + MAX_WAITING_PER_LOGIN + THREADS


class Verifications:
    """Which passwords were looked at, in their order; none ends before `let_end`."""

    def __init__(self) -> None:
        self.passwords: list[str] = []
        self._may_end = threading.Event()

    def is_password(self, password: str, password_hash: str) -> bool:
        self.passwords.append(password)
        assert self._may_end.wait(20)
        return credentials.is_password(password, password_hash)

    def let_end(self) -> None:
        self._may_end.set()

    async def begun(self, count: int) -> None:
        while len(self.passwords) < count:
            await asyncio.sleep(0.005)


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Verifications]:
    made = Verifications()
    monkeypatch.setattr(passwords, "is_password", made.is_password)
    monkeypatch.setattr(passwords, "HELD_S", 0.05)
    yield made
    made.let_end()
