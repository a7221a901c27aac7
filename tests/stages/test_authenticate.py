"""Passwords are verified slowly once and quickly afterwards, and a changed one counts at once."""

from __future__ import annotations

import asyncio
import base64
import hmac

import pytest

from aldis.accounts import credentials, directory
from aldis.accounts.credentials import Credential, digest, hash_password
from aldis.accounts.records import AccountRecord, to_account
from aldis.dialects import native
from aldis.dialects.registry import POLICIES
from aldis.stages import passwords
from aldis.stages.authenticate import Authenticator
from aldis.telemetry import Metrics
from aldis.traffic.caller import Caller, Presented, Signed
from aldis.traffic.on_behalf import OnBehalf
from aldis.traffic.refusal import Refusal, RefusalReason
from tests.fakes.clock import FakeClock


def a_directory(password_hash: str, *more: Credential) -> directory.Directory:
    known = [
        Credential("demo", "genesys", digest("demo"), password_hash),
        Credential("demo", "skycore", digest("key")),
        *more,
    ]
    record = AccountRecord("demo", networks=("192.0.2.0/24",), credentials=tuple(known))
    return directory.assemble(1, [to_account(record, 1)], known, [], [], [])


@pytest.fixture
def slow_checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Counts the slow verifications; the real one runs underneath."""
    ran: list[str] = []

    def counting(password: str, password_hash: str) -> bool:
        ran.append(password)
        return credentials.is_password(password, password_hash)

    monkeypatch.setattr(passwords, "is_password", counting)
    return ran


def an_authenticator(clock: FakeClock) -> Authenticator:
    return Authenticator(clock, b"secret", Metrics(), delay=at_once)


async def at_once(_seconds: float) -> None:
    """Hold no answer back."""


async def found(
    authenticator: Authenticator, known: directory.Directory, presented: Presented
) -> Credential | Refusal:
    return await authenticator.credential(known, POLICIES[presented.dialect], Caller(presented, "192.0.2.1"))


async def proven(authenticator: Authenticator, known: directory.Directory, presented: Presented) -> bool:
    return isinstance(await found(authenticator, known, presented), Credential)


async def test_a_password_costs_once(clock: FakeClock, slow_checks: list[str]) -> None:
    authenticator, known = an_authenticator(clock), a_directory(hash_password("right"))
    asked = [proven(authenticator, known, Presented("genesys", "demo", "right")) for _ in range(20)]
    assert all(await asyncio.gather(*asked))
    assert await proven(authenticator, known, Presented("genesys", "demo", "right"))
    assert slow_checks == ["right"]
    clock.advance(passwords.REMEMBER_RIGHT_S)
    assert await proven(authenticator, known, Presented("genesys", "demo", "right"))
    assert len(slow_checks) == 2


async def test_a_wrong_password_is_remembered_for_a_moment(clock: FakeClock, slow_checks: list[str]) -> None:
    authenticator, known = an_authenticator(clock), a_directory(hash_password("right"))
    for _ in range(3):
        assert not await proven(authenticator, known, Presented("genesys", "demo", "wrong"))
    assert len(slow_checks) == 1
    changed = a_directory(hash_password("wrong"))
    assert await proven(authenticator, changed, Presented("genesys", "demo", "wrong"))


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
    authenticator = an_authenticator(clock)
    assert await proven(authenticator, a_directory(hash_password("right")), presented) is False


NOBODY = Presented("genesys", "nobody", "right")
KEY_WITH_PASSWORD = Presented("skycore", "key", "right")


@pytest.mark.parametrize(
    ("presented", "peer", "reason"),
    [
        (Presented("genesys", "demo", "wrong"), "192.0.2.1", RefusalReason.CREDENTIALS_UNKNOWN),
        (Presented("skycore", "demo", "wrong"), "192.0.2.1", RefusalReason.CREDENTIALS_UNKNOWN),
        (NOBODY, "192.0.2.1", RefusalReason.CREDENTIALS_UNKNOWN),
        (NOBODY, "198.51.100.1", RefusalReason.CREDENTIALS_UNKNOWN),
        (NOBODY, "nowhere", RefusalReason.CREDENTIALS_UNKNOWN),
        (KEY_WITH_PASSWORD, "192.0.2.1", RefusalReason.CREDENTIALS_UNKNOWN),
        (Presented("genesys", "demo", "right"), "198.51.100.1", RefusalReason.ADDRESS_NOT_ALLOWED),
        (Presented("genesys", "demo", "wrong"), "198.51.100.1", RefusalReason.ADDRESS_NOT_ALLOWED),
        (Presented("genesys", "late", "right"), "192.0.2.1", RefusalReason.CREDENTIALS_UNKNOWN),
    ],
)
async def test_every_password_that_is_refused_took_one_verification(
    clock: FakeClock, slow_checks: list[str], presented: Presented, peer: str, reason: RefusalReason
) -> None:
    late = Credential("demo", "genesys", digest("late"), hash_password("right"), until=clock.now())
    known = a_directory(hash_password("right"), late)
    policy = POLICIES[presented.dialect]
    answer = await an_authenticator(clock).credential(known, policy, Caller(presented, peer))
    assert isinstance(answer, Refusal)
    assert answer.reason is reason
    assert len(slow_checks) == 1


async def test_guesses_from_elsewhere_shut_nobody_out(clock: FakeClock) -> None:
    authenticator, known = an_authenticator(clock), a_directory(hash_password("right"))
    for number in range(10):
        guess = Caller(Presented("genesys", "demo", str(number)), "198.51.100.1")
        answer = await authenticator.credential(known, POLICIES["genesys"], guess)
        assert isinstance(answer, Refusal)
    assert answer == Refusal(RefusalReason.TOO_MANY_TRIES, value="2")
    assert await proven(authenticator, known, Presented("genesys", "demo", "right"))


async def test_one_customers_addresses_of_ipv6_pause_together(clock: FakeClock) -> None:
    authenticator, known = an_authenticator(clock), a_directory(hash_password("right"))
    reasons = []
    for number in range(6):
        guess = Caller(Presented("mavorion", "demo", str(number)), f"2001:db8::{number}")
        answer = await authenticator.credential(known, POLICIES["mavorion"], guess)
        assert isinstance(answer, Refusal)
        reasons.append(answer.reason)
    assert reasons == [RefusalReason.CREDENTIALS_UNKNOWN] * 3 + [RefusalReason.TOO_MANY_TRIES] * 3


def signed_at(timestamp: int, nonce: str, signature: str = "") -> Presented:
    """Sign a base string with the secret `s&cret`."""
    base = "POST&http%3A%2F%2Fx%2Frest%2Fmtsms&a%3D1"
    made = base64.b64encode(hmac.digest(b"s%26cret&", base.encode(), "sha1")).decode()
    return Presented("mavorion", "key", signed=Signed(lambda: base, signature or made, nonce, timestamp))


async def test_a_signature_counts_once_and_in_its_time(clock: FakeClock) -> None:
    credential = Credential("demo", "mavorion", digest("key"), secret="s&cret")
    known = directory.assemble(1, [], [credential], [], [], [])
    authenticator, now = an_authenticator(clock), clock.now() // 1000
    asked = [
        (signed_at(now, "a"), None),
        (signed_at(now, "a"), RefusalReason.NONCE_USED),
        (signed_at(now, "b"), None),
        (signed_at(now - 301, "c"), RefusalReason.SIGNATURE_EXPIRED),
        (signed_at(now + 301, "c"), RefusalReason.SIGNATURE_EXPIRED),
        (signed_at(now, "d", "AAAA"), RefusalReason.SIGNATURE_INVALID),
        (signed_at(now, "e", "é"), RefusalReason.SIGNATURE_INVALID),
        (
            Presented("mavorion", "other", signed=signed_at(now, "f").signed),
            RefusalReason.CREDENTIALS_UNKNOWN,
        ),
    ]
    for presented, reason in asked:
        answer = await found(authenticator, known, presented)
        assert (answer.reason if isinstance(answer, Refusal) else None) is reason
    clock.advance(700)
    assert await proven(authenticator, known, signed_at(clock.now() // 1000, "a"))


@pytest.mark.parametrize(
    ("countries", "home"),
    [((), ""), (("",), ""), (("US", ""), "US"), (("US", "US"), "US"), (("US", "NP"), "")],
)
async def test_the_house_writes_numbers_as_an_account_does(
    clock: FakeClock, countries: tuple[str, ...], home: str
) -> None:
    record = AccountRecord(
        "a",
        credentials=tuple(Credential("a", "aldis", str(n), country=c) for n, c in enumerate(countries)),
    )
    other = Credential("b", "aldis", "other", country="DE")
    known = directory.assemble(1, [to_account(record, 1)], [*record.credentials, other], [], [], [])
    answer = await an_authenticator(clock).credential(known, native.POLICY, Caller(OnBehalf("aldis", "a")))
    assert isinstance(answer, Credential)
    assert answer.country == home


async def test_a_credential_lapses(clock: FakeClock) -> None:
    credential = Credential("demo", "skycore", digest("key"), until=clock.now() + 10_000)
    known = directory.assemble(1, [], [credential], [], [], [])
    authenticator = an_authenticator(clock)
    assert await proven(authenticator, known, Presented("skycore", "key"))
    clock.advance(10)
    assert not await proven(authenticator, known, Presented("skycore", "key"))


@pytest.mark.parametrize("password", ["", "\ud800", "a\0b", "é" * (passwords.MAX_PASSWORD - 1), "\U0001f511"])
async def test_any_text_may_be_a_password(clock: FakeClock, password: str) -> None:
    authenticator, known = an_authenticator(clock), a_directory(hash_password(password))
    assert await proven(authenticator, known, Presented("genesys", "demo", password))
    assert not await proven(authenticator, known, Presented("genesys", "demo", password + "x"))


@pytest.mark.parametrize("stored", ["no hash", "$argon2id$v=19$m=8,t=1,p=1$", "é"])
async def test_a_damaged_hash_is_nobodys(clock: FakeClock, stored: str) -> None:
    assert not await proven(an_authenticator(clock), a_directory(stored), Presented("genesys", "demo", "x"))


def test_credentials_do_not_print_themselves() -> None:
    assert "hunter2" not in repr(Presented("genesys", "hunter2", "hunter2"))
