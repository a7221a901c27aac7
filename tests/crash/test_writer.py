"""The writer's process dies alone: everybody who waits is answered, a yes is kept, and where nobody can know,
nobody says no.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter

import aiohttp
import pytest

from tests.crash.world import WINDOW, World

pytestmark = [pytest.mark.crash, pytest.mark.timeout(120)]

EX_SOFTWARE = 70
#: requests under way when it dies
COUNT = 40
YES, UNKNOWN = "accepted", "outcome_unknown"
#: what was asked last, or has not left the gateway, is known not to be kept
NO = {"internal", "unavailable"}


class Customer:
    """Sends over connections that stay open, so that its requests are under way at once."""

    def __init__(self, world: World, session: aiohttp.ClientSession) -> None:
        self._url = f"http://127.0.0.1:{world.child.port}"
        self._session = session

    async def send(self, reference: str) -> str:
        """Send one message under a key; returns `accepted`, or the code of the problem."""
        body = {"to": "447700900001", "from": "447700900001", "text": reference}
        headers = {"Authorization": "Bearer demo-native", "Idempotency-Key": reference}
        async with self._session.post(f"{self._url}/v1/messages", json=body, headers=headers) as answer:
            document = await answer.json(content_type=None)
            return YES if answer.status < 300 else str(document["code"])

    async def status_of(self, reference: str) -> str:
        """Tell how a message stands that is kept under a key; "" for none."""
        headers = {"Authorization": "Bearer demo-native"}
        async with self._session.get(f"{self._url}/v1/messages/k-{reference}", headers=headers) as answer:
            assert answer.status in (200, 404)
            return str((await answer.json())["messages"][0]["status"]) if answer.status == 200 else ""

    async def send_many(self, references: list[str]) -> dict[str, str]:
        """Send one message for each; gives each one's answer."""
        answers = await asyncio.gather(*(self.send(reference) for reference in references))
        return dict(zip(references, answers, strict=True))

    async def turn(self) -> None:
        """Have the gateway's loop go round: it reads what has come before this."""
        async with self._session.get(f"{self._url}/health/live"):
            pass


@pytest.fixture
def sent() -> list[int]:
    """Of each request whose body has left."""
    return []


@pytest.fixture
def tracing(sent: list[int]) -> aiohttp.TraceConfig:
    async def note(*_: object) -> None:
        sent.append(1)

    config = aiohttp.TraceConfig()
    config.on_request_chunk_sent.append(note)
    return config


@pytest.mark.parametrize("stands_still", [False, True], ids=["at work", "under way"])
async def test_who_waits_for_a_writer_that_dies_is_answered(
    world: World, tracing: aiohttp.TraceConfig, sent: list[int], *, stands_still: bool
) -> None:
    await world.child.start()
    pool = aiohttp.TCPConnector(limit=COUNT + 1)
    async with aiohttp.ClientSession(connector=pool, trace_configs=[tracing]) as session:
        customer = Customer(world, session)
        answers = await customer.send_many([f"first-{n}" for n in range(COUNT)])
        assert set(answers.values()) == {YES}
        writer = await world.child.writer()
        if stands_still:
            for reference in answers:  # so that the writer is at nothing else
                while await customer.status_of(reference) != "delivered":
                    await asyncio.sleep(0.02)
            os.kill(writer, signal.SIGSTOP)
        sent.clear()
        sending = asyncio.create_task(customer.send_many([f"second-{n}" for n in range(COUNT)]))
        while len(sent) < COUNT:
            await asyncio.sleep(0)
        for _ in range(2 * stands_still):
            await customer.turn()
        os.kill(writer, signal.SIGKILL)
        answers |= await sending
    counts = Counter(answers.values())
    assert counts.keys() <= {YES, UNKNOWN, *NO}
    if stands_still:
        assert counts[YES] == COUNT
        assert counts[UNKNOWN] > 0
    assert await world.child.ended() == EX_SOFTWARE
    await world.child.start()
    async with aiohttp.ClientSession() as session:
        customer = Customer(world, session)
        known = {reference for reference in answers if await customer.status_of(reference)}
        assert {reference for reference, said in answers.items() if said == YES} <= known
        assert not {reference for reference, said in answers.items() if said in NO} & known
        again = await customer.send_many(list(answers))
        assert set(again.values()) == {YES}
    while answers.keys() - (shown := Counter(each.text for each in world.carrier.received())).keys():
        await asyncio.sleep(0.05)
    assert shown.total() - len(answers) <= WINDOW
    assert await world.child.end(signal.SIGTERM) == 0
