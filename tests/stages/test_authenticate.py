"""Passwords are verified slowly once and quickly afterwards, and a changed one counts at once."""

from __future__ import annotations

import asyncio

import pytest

from aldis.accounts import credentials, directory
from aldis.accounts.credentials import Credential, digest, hash_password
from aldis.stages.admission import authenticate
from aldis.stages.admission.authenticate import Authenticator
from aldis.traffic.submission import Presented
from tests.fakes.clock import FakeClock


def a_directory(password_hash: str) -> directory.Directory:
    known = [
        Credential("demo", "genesys", digest("demo"), password_hash),
        Credential("demo", "skycore", digest("key")),
    ]
    return directory.assemble(1, [], known, [], [], [])


@pytest.fixture
def slow_checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Counts the slow verifications; the real one runs underneath."""
    ran: list[str] = []

    def counting(password: str, password_hash: str) -> bool:
        ran.append(password)
        return credentials.is_password(password, password_hash)

    monkeypatch.setattr(authenticate, "is_password", counting)
    return ran


async def test_a_password_costs_once(clock: FakeClock, slow_checks: list[str]) -> None:
    authenticator, known = Authenticator(clock, b"secret"), a_directory(hash_password("right"))
    asked = [authenticator.credential(known, Presented("genesys", "demo", "right")) for _ in range(20)]
    assert all(await asyncio.gather(*asked))
    assert await authenticator.credential(known, Presented("genesys", "demo", "right"))
    assert slow_checks == ["right"]
    clock.advance(authenticate.REMEMBER_YES_S)
    assert await authenticator.credential(known, Presented("genesys", "demo", "right"))
    assert len(slow_checks) == 2


async def test_a_wrong_password_is_remembered_for_a_moment(clock: FakeClock, slow_checks: list[str]) -> None:
    authenticator, known = Authenticator(clock, b"secret"), a_directory(hash_password("right"))
    for _ in range(3):
        assert not await authenticator.credential(known, Presented("genesys", "demo", "wrong"))
    assert len(slow_checks) == 1
    changed = a_directory(hash_password("wrong"))
    assert await authenticator.credential(changed, Presented("genesys", "demo", "wrong"))


@pytest.mark.parametrize(
    "presented",
    [
        Presented("genesys", "nobody", "right"),
        Presented("genesys", "demo"),
        Presented("mavorion", "demo", "right"),
        Presented("skycore", "key", "with a password"),
        Presented("skycore", "no key"),
    ],
    ids=["login", "no password", "dialect", "password too many", "key"],
)
async def test_who_is_not_known(clock: FakeClock, presented: Presented) -> None:
    authenticator = Authenticator(clock, b"secret")
    assert await authenticator.credential(a_directory(hash_password("right")), presented) is None


def test_credentials_do_not_print_themselves() -> None:
    assert "hunter2" not in repr(Presented("genesys", "hunter2", "hunter2"))
