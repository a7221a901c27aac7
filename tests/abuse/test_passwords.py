"""Two hundred connections guess passwords: few are looked at, and nobody else waits for them."""

from __future__ import annotations

import asyncio
import itertools

import aiohttp
import pytest
from tests.abuse.conftest import MOST_OF_ONE_LOGIN, Verifications
from tests.fakes.whole import WholeGateway

from aldis.stages.passwords import THREADS, PasswordLimits

GUESSES = 200
NUMBERS = itertools.count()
WRONG, THROTTLED = "result_code=2", "result_code=6"


async def send(whole: WholeGateway, source: str, login: str, password: str) -> str:
    """Send from an address of loopback; gives the answer."""
    connector = aiohttp.TCPConnector(local_addr=(source, 0))
    form = {
        "login": login,
        "password": password,
        "phone_number": "447700900001",
        "sender": "447700900001",
        "message": "Hello",
        "message_id": str(next(NUMBERS)),
    }
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.post(whole.base + "/httpapi/receiver", data=form) as answer,
    ):
        return await answer.text()


async def waiting(whole: WholeGateway) -> int:
    """Give how many passwords wait, as the metrics tell."""
    for line in (await whole.get("/metrics"))[1].splitlines():
        if line.startswith("aldis_passwords_waiting "):
            return int(float(line.split()[1]))
    raise LookupError


async def test_a_first_login_overtakes_all_guesses(whole: WholeGateway, looked_at: Verifications) -> None:
    guesses = [
        asyncio.create_task(send(whole, f"127.0.1.{number % 10}", f"login {number}", "123456"))
        for number in range(GUESSES)
    ]
    while await waiting(whole) < GUESSES - THREADS:
        await asyncio.sleep(0.01)
    first = asyncio.create_task(send(whole, "127.0.0.2", "demo", "demo-genesys"))
    while await waiting(whole) <= GUESSES - THREADS:
        await asyncio.sleep(0.01)
    looked_at.let_end()
    assert await first == "result_code=0"
    assert "demo-genesys" in looked_at.passwords[: THREADS + 1]
    assert set(await asyncio.gather(*guesses)) <= {WRONG, THROTTLED}


@pytest.mark.parametrize("login", ["demo", "nobody"])
async def test_guesses_for_one_login_are_not_looked_at_for_long(
    whole: WholeGateway, looked_at: Verifications, login: str
) -> None:
    looked_at.let_end()
    assert await send(whole, "127.0.0.2", "demo", "demo-genesys") == "result_code=0"
    answers = await asyncio.gather(
        *(send(whole, "127.0.0.2", login, f"guess {number}") for number in range(GUESSES))
    )
    assert answers.count(WRONG) <= MOST_OF_ONE_LOGIN
    assert answers.count(WRONG) + answers.count(THROTTLED) == GUESSES
    assert len(looked_at.passwords) == 1 + answers.count(WRONG)
    # known from before, so it is not looked at; from elsewhere a guesser shuts nobody out
    assert await send(whole, "127.0.0.2", "demo", "demo-genesys") == "result_code=0"
    assert await send(whole, "127.0.0.3", "broke", "broke-genesys") == "result_code=99"


async def test_guesses_for_many_logins_pause_their_address(
    whole: WholeGateway, looked_at: Verifications
) -> None:
    looked_at.let_end()
    answers = await asyncio.gather(
        *(send(whole, "127.0.0.2", f"login {number}", "123456") for number in range(GUESSES))
    )
    assert answers.count(WRONG) + answers.count(THROTTLED) == GUESSES
    # a pause may end while they come
    assert PasswordLimits().tries_per_address <= answers.count(WRONG) < GUESSES / 4
    assert len(looked_at.passwords) == answers.count(WRONG)
    assert await send(whole, "127.0.0.3", "demo", "demo-genesys") == "result_code=0"
