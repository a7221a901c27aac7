"""Wrong passwords at several gateways: going from one to the next gives nobody more tries."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from aldis.accounts.staff import Actor, Role
from aldis.admin.sign_ins import SignIns
from aldis.app.people import people_of
from aldis.errors import AdminError, StoreUnavailable
from aldis.stages import passwords
from aldis.stages.passwords import PasswordLimits, PasswordTry, PasswordVerifier, TooManyTries
from aldis.store.contract.shared import Failures, FailureStore, Tries
from aldis.store.contract.store import Store
from aldis.telemetry import Metrics
from tests.fakes.clock import FakeClock

RIGHT = "right"
LIMITS = PasswordLimits(free_tries=3, tries_per_address=6)
BOSS = Actor("boss", Role.ADMIN, "command line")
GOOD = "tide gravel moth"


class Gateways:
    """The verifiers of two gateways, and what they looked at; they share a clock."""

    def __init__(self, stores: list[Store]) -> None:
        self.clock = FakeClock()
        self.looked_at: list[str] = []
        self.made = [self.verifier(store.shared.failures) for store in stores if store.shared is not None]

    def verifier(self, failures: FailureStore) -> PasswordVerifier:
        return PasswordVerifier(self.clock, b"secret", Metrics(), LIMITS, failures, self._hold)

    async def _hold(self, _seconds: float) -> None:
        """Hold no answer back."""

    def is_password(self, password: str, _password_hash: str) -> bool:
        self.looked_at.append(password)
        return password == RIGHT

    async def try_(
        self, gateway: int, password: str, login: str = "demo", source: str = "192.0.2.1"
    ) -> bool | TooManyTries:
        return await self.made[gateway].verify(PasswordTry(login, source, password, login))


@pytest.fixture
def gateways(both: list[Store], monkeypatch: pytest.MonkeyPatch) -> Gateways:
    made = Gateways(both)
    monkeypatch.setattr(passwords, "is_password", made.is_password)
    return made


async def test_tries_go_by_turns_and_count_together(gateways: Gateways) -> None:
    answers = [await gateways.try_(number % 2, f"guess {number}") for number in range(8)]
    assert [answer for answer in answers if answer is False] == [False] * 3
    assert len(gateways.looked_at) == 3
    assert all(isinstance(answer, TooManyTries) for answer in answers[3:])


async def test_a_pause_that_ends_ends_for_one(gateways: Gateways) -> None:
    for number in range(4):
        await gateways.try_(number % 2, f"guess {number}")
    waits = []
    for round_ in range(5):
        gateways.clock.advance(2 * 2**round_)
        before = len(gateways.looked_at)
        tried = [gateways.try_(each, f"round {round_} {each}") for each in (0, 1)]
        answers = await asyncio.gather(*tried)
        assert len(gateways.looked_at) == before + 1
        waits += [answer.wait_s for answer in answers if isinstance(answer, TooManyTries)]
    assert waits == [4, 8, 16, 32, 64]


async def test_one_that_has_heard_of_nothing_lets_one_be_tried(gateways: Gateways) -> None:
    for number in range(4):
        await gateways.try_(0, f"guess {number}")
    assert await gateways.try_(1, "another") is False
    assert isinstance(await gateways.try_(1, "and one more"), TooManyTries)


@pytest.mark.parametrize("forget", [True, False])
async def test_who_knows_the_password_ends_the_count_of_their_login(
    gateways: Gateways, *, forget: bool
) -> None:
    for number in range(3):
        await gateways.try_(number % 2, f"guess {number}")
    gateways.clock.advance(2)
    if forget:
        assert await gateways.try_(1, RIGHT) is True
    answers = [await gateways.try_(1, f"then {number}") for number in range(4)]
    assert answers.count(False) == (3 if forget else 1)


async def test_an_address_that_guesses_for_many_logins_is_counted_by_all(gateways: Gateways) -> None:
    for number in range(12):
        await gateways.try_(number % 2, "guess", f"login {number}")
    assert len(gateways.looked_at) == LIMITS.tries_per_address
    gateways.clock.advance(2)
    assert await gateways.try_(0, RIGHT, "theirs") is True  # no guess, though it was counted as one before
    assert await gateways.try_(1, "guess", "login 12") is False
    assert isinstance(await gateways.try_(0, "guess", "login 13"), TooManyTries)


class Away:
    """Implements `FailureStore`; cannot be reached."""

    def __init__(self) -> None:
        self.asked = 0

    async def tell(self, _tries: Tries) -> tuple[bool, Sequence[Failures]]:
        self.asked += 1
        raise StoreUnavailable("away")


async def test_the_right_password_of_who_never_failed_asks_nobody(gateways: Gateways) -> None:
    away = Away()
    gateways.made[0] = gateways.verifier(away)
    assert await gateways.try_(0, RIGHT) is True
    assert away.asked == 0
    assert await gateways.try_(0, "wrong") is False  # and so it goes on while the store is away
    answers = [await gateways.try_(0, f"guess {number}") for number in range(4)]
    assert answers.count(False) == 2


async def signing_in(sign_ins: SignIns, password: str) -> str:
    try:
        await sign_ins.sign_in("ada", password, "192.0.2.1")
    except AdminError as refused:
        return str(refused)
    return "in"


async def test_operators_are_counted_together(both: list[Store], clock: FakeClock) -> None:
    made = [SignIns(people_of(store), store.audit, clock, store.shared) for store in both]
    await people_of(both[0]).put_operator(BOSS, "ada", Role.OPERATOR, GOOD, clock.now())
    answers = [await signing_in(made[number % 2], f"guess {number}") for number in range(4)]
    assert [answer.split()[0] for answer in answers] == ["Name", "Name", "Name", "Too"]
    clock.advance(2)
    assert await signing_in(made[1], GOOD) == "in"
    assert await signing_in(made[0], "guess") == "Name or password is wrong."
