"""Whoever reaches the listener of an MMSC's link guesses its password: few guesses are looked at, and the MMSC is heard."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import msgspec
import pytest
from tests.abuse.conftest import MOST_OF_ONE_LOGIN, Verifications
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway

from aldis.mms.access import Access
from aldis.mms.mm7 import DeliverReq, Response, read_message, write
from aldis.mms.status import Mm7Status

GUESSES = 200
MMSC, GUESSER, PROXY = "127.0.0.3", "127.0.0.2", "127.0.0.4"
RIGHT = Access("mmsc", "demo-mm7").header
#: an answer: HTTP's status, MM7's, and whether it says when to come again
TAKEN = (200, Mm7Status.SUCCESS, False)
WRONG = (401, Mm7Status.IMPROPER_IDENTIFICATION, False)
PAUSED = (503, Mm7Status.SERVICE_UNAVAILABLE, True)
LETTER = write(DeliverReq(transaction_id="t", sender="447700900001", recipients=("74700",), subject="Hello"))


@pytest.fixture
async def multimedia(tmp_path: Path, customer: FakeCustomer) -> AsyncIterator[WholeGateway]:
    made = WholeGateway(tmp_path / "data", customer, mmsc="")
    http = msgspec.structs.replace(made.settings.http, trusted_proxies=(PROXY,))
    made.settings = msgspec.structs.replace(made.settings, http=http)
    await made.start()
    yield made
    await made.stop()


async def deliver(
    whole: WholeGateway, source: str, authorization: str | None, **more: str
) -> tuple[int, int, bool]:
    """Bring a letter from an address of loopback, with more headers; gives the answer."""
    connector = aiohttp.TCPConnector(local_addr=(source, 0))
    headers = {"Content-Type": LETTER.content_type, **more}
    if authorization is not None:
        headers["Authorization"] = authorization
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.post(f"http://127.0.0.1:{whole.listen_port}/", data=LETTER.octets, headers=headers) as answer,
    ):
        told = read_message(answer.headers["Content-Type"], await answer.read())
        assert isinstance(told, Response)
        return answer.status, told.code, "Retry-After" in answer.headers


async def guess(whole: WholeGateway, passwords: list[Access]) -> Counter[tuple[int, int, bool]]:
    """Try them all, ten at a time."""
    found: Counter[tuple[int, int, bool]] = Counter()
    for start in range(0, len(passwords), 10):
        tried = passwords[start : start + 10]
        found.update(await asyncio.gather(*(deliver(whole, GUESSER, each.header) for each in tried)))
    return found


@pytest.mark.parametrize(
    "guesses",
    [
        [Access("mmsc", f"guess {number}") for number in range(GUESSES)],
        [Access(f"user {number}", "demo-mm7") for number in range(GUESSES)],
    ],
    ids=["passwords", "users"],
)
async def test_few_guesses_are_looked_at_and_the_mmsc_is_heard(
    multimedia: WholeGateway, looked_at: Verifications, guesses: list[Access]
) -> None:
    looked_at.let_end()
    assert await deliver(multimedia, GUESSER, RIGHT) == TAKEN
    found = await guess(multimedia, guesses)
    assert found.keys() == {WRONG, PAUSED}
    assert found[WRONG] <= MOST_OF_ONE_LOGIN
    assert len(looked_at.passwords) == 1 + found[WRONG]
    # known from before, so it is not looked at, whoever guesses beside it; and from elsewhere nobody pauses
    assert await deliver(multimedia, GUESSER, RIGHT) == TAKEN
    assert await deliver(multimedia, MMSC, RIGHT) == TAKEN


async def test_a_guess_that_is_right_is_not_told_in_a_pause(
    multimedia: WholeGateway, looked_at: Verifications
) -> None:
    looked_at.let_end()
    await guess(multimedia, [Access("mmsc", f"guess {number}") for number in range(MOST_OF_ONE_LOGIN + 10)])
    assert await deliver(multimedia, GUESSER, RIGHT) == PAUSED
    assert await deliver(multimedia, MMSC, RIGHT) == TAKEN


async def test_who_guesses_through_our_proxy_does_not_pause_the_mmsc_behind_it(
    multimedia: WholeGateway, looked_at: Verifications
) -> None:
    looked_at.let_end()
    behind = {"X-Forwarded-For": "192.0.2.1"}
    for number in range(MOST_OF_ONE_LOGIN + 10):
        last = await deliver(multimedia, PROXY, Access("mmsc", f"guess {number}").header, **behind)
    assert last == PAUSED
    assert await deliver(multimedia, PROXY, RIGHT, **{"X-Forwarded-For": "192.0.2.2"}) == TAKEN


@pytest.mark.parametrize("authorization", [None, "", "Basic", "Bearer abc", "Digest username=mmsc"])
async def test_who_shows_no_password_has_guessed_none(
    multimedia: WholeGateway, looked_at: Verifications, authorization: str | None
) -> None:
    """As clients ask that show theirs only once they are told to (RFC 9110 §11.6.1)."""
    looked_at.let_end()
    for _ in range(MOST_OF_ONE_LOGIN + 10):
        assert await deliver(multimedia, MMSC, authorization) == WRONG
    assert looked_at.passwords == []
    assert await deliver(multimedia, MMSC, RIGHT) == TAKEN


@pytest.mark.parametrize("scheme", ["Basic ", "basic ", "BASIC  "])
async def test_a_scheme_is_read_in_any_case(
    multimedia: WholeGateway, looked_at: Verifications, scheme: str
) -> None:
    """RFC 9110 §11.1."""
    looked_at.let_end()
    assert await deliver(multimedia, MMSC, scheme + RIGHT.partition(" ")[2]) == TAKEN
