"""One customer signs more requests than are remembered: that is said to it, and to nobody else."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from oauthlib.oauth1 import Client
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway

MOST = 20
OTHER = """
[[account.credential]]
dialect = "mavorion"
key = "another"
secret = "another-secret"
"""


@pytest.fixture
async def signing(tmp_path: Path, customer: FakeCustomer) -> AsyncIterator[WholeGateway]:
    made = WholeGateway(tmp_path / "data", customer, more=f"\n[authentication]\nsigned_per_minute = {MOST}\n")
    key = '[[account.credential]]\ndialect = "aldis"\nkey = "demo-native"\n'
    made.world = lambda text: text.replace(key, key + OTHER)
    await made.start()
    yield made
    await made.stop()


async def ask(gateway: WholeGateway, at: int, key: str, secret: str, nonce: str) -> tuple[int, str]:
    url = f"{gateway.base}/rest/me"
    _, headers, _ = Client(key, secret, nonce=nonce, timestamp=str(at)).sign(url, "GET")
    async with gateway.session.get(url, headers=headers) as answer:
        return answer.status, await answer.text()


async def test_too_many_signed_requests_are_said_to_be(signing: WholeGateway) -> None:
    at = int(time.time())  # of all requests: the same nonce at another second is another
    answers = [
        await ask(signing, at, "demo-mavorion", "demo-mavorion-secret", str(n)) for n in range(MOST + 5)
    ]
    assert [status for status, _ in answers] == [200] * MOST + [429] * 5
    assert '"code":"0x0309"' in answers[-1][1]
    assert "0x0226" in (await ask(signing, at, "demo-mavorion", "demo-mavorion-secret", "0"))[1]
    assert (await ask(signing, at, "another", "another-secret", "0"))[0] == 200
    # a stranger without the secret takes nobody's room
    for number in range(MOST + 5):
        assert "0x0224" in (await ask(signing, at, "another", "wrong", f"x{number}"))[1]
    assert (await ask(signing, at, "another", "another-secret", "1"))[0] == 200
