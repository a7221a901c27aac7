"""Taking note of refused requests: what is told of each, what is not, and how much is held in memory."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aldis.accounts.credentials import digest
from aldis.accounts.directory import CurrentDirectory
from aldis.stages.maintenance import refusals
from aldis.stages.maintenance.refusals import RefusalRecorder
from aldis.store.contract.store import Store
from aldis.traffic.caller import Presented
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.refused import RefusedRequest
from tests.backends import apply
from tests.fakes.clock import NOON, FakeClock

KEY = "acme-key-of-many-letters"
LOGIN = Presented("genesys", "acme", "the password")
R = RefusalReason

#: what was presented, the refusal: whose it is, what is told of its value
TOLD: dict[str, tuple[Presented | None, Refusal, str, str]] = {
    "a number": (Presented("skycore", KEY), Refusal(R.RECIPIENT_INVALID, value="12"), "acme", "12"),
    "a key that nobody has": (
        Presented("skycore", "guess"),
        Refusal(R.CREDENTIALS_UNKNOWN, value="guess"),
        "",
        "",
    ),
    "a wrong password": (LOGIN, Refusal(R.CREDENTIALS_UNKNOWN, value="acme"), "acme", ""),
    "a signature": (None, Refusal(R.SIGNATURE_METHOD_UNKNOWN, value="PLAINTEXT secret"), "", ""),
    "a text": (LOGIN, Refusal(R.PARAMETER_INVALID, "Message", "what A writes to B"), "acme", ""),
    "a password where it does not belong": (
        LOGIN,
        Refusal(R.PARAMETER_INVALID, "sender", "x the password"),
        "acme",
        "",
    ),
    "a key where it does not belong": (
        Presented("skycore", KEY),
        Refusal(R.SENDER_UNKNOWN, value=KEY),
        "acme",
        "",
    ),
    "half a character": (LOGIN, Refusal(R.SENDER_UNKNOWN, value="\ud800"), "acme", "?"),
    "much": (LOGIN, Refusal(R.SENDER_UNKNOWN, value="7" * 10_000), "acme", "7" * 200),
}


@pytest.fixture
async def recorder(store: Store) -> RefusalRecorder:
    return await made(store)


DIRECTORY = f"""
[[account]]
name = "acme"
[[account.credential]]
dialect = "skycore"
key = "{KEY}"
[[account.credential]]
dialect = "genesys"
login = "acme"
password = "the password"
"""


async def made(store: Store, **changes: Any) -> RefusalRecorder:
    await apply(store, DIRECTORY, NOON)
    current = CurrentDirectory(await store.directory.load())
    given = {"an_account": 3, "retention_days": 30, "is_logged": False, **changes}
    return RefusalRecorder(store.refusals, FakeClock(), current, **given)


async def found_in(store: Store) -> list[RefusedRequest]:
    return [each for _, each in (await store.refusals.latest(None, 0, 5000)).found]


@pytest.mark.parametrize("name", TOLD)
async def test_what_is_told_of_a_refusal(store: Store, recorder: RefusalRecorder, name: str) -> None:
    presented, refusal, account, value = TOLD[name]
    recorder.note("skycore", 7, "192.0.2.1", "POST /x", presented, refusal)
    await recorder.step()
    (found,) = await found_in(store)
    credential = "" if presented is None else f"{presented.dialect}-{digest(presented.identity)[:12]}"
    assert (found.at, found.account, found.credential, found.value) == (NOON, account, credential, value)
    assert (found.peer, found.request, found.reason) == ("192.0.2.1", "POST /x", refusal.reason.value)


async def test_what_is_no_http_has_a_path_alone(store: Store, recorder: RefusalRecorder) -> None:
    recorder.note("skycore", 7, "192.0.2.1", " /x", None, Refusal(R.NOT_HTTP))
    await recorder.step()
    assert [each.request for each in await found_in(store)] == ["/x"]


async def test_a_flood_displaces_its_own(
    store: Store, recorder: RefusalRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "MOST_WAITING", 4)
    for number in range(1000):
        recorder.note("genesys", number, str(number), "POST /x", LOGIN, Refusal(R.THROTTLED))
    for number in range(2):
        recorder.note("genesys", number, f"nobody {number}", "POST /x", None, Refusal(R.MALFORMED))
    await recorder.step()
    peers = {each.peer for each in await found_in(store)}
    assert peers == {"998", "999", "nobody 0", "nobody 1"}


async def test_it_can_be_switched_off_and_logged(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    recorder = await made(store, an_account=0, is_logged=True)
    recorder.note("genesys", 7, "192.0.2.1", "POST /x", LOGIN, Refusal(R.THROTTLED))
    await recorder.step()
    assert await found_in(store) == []
    said = capsys.readouterr().out
    assert "a request was refused" in said
    assert "throttled" in said
    assert json.dumps("the password") not in said
