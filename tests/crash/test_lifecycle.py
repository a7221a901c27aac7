"""The writer's process dies, or stands still as before a disk that does not flush, while the gateway starts, serves and
stops: the gateway ends within its bound, says why, and its exit code is true.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest

from aldis.cli.serve import EX_SOFTWARE
from tests.crash.world import World

pytestmark = [pytest.mark.crash, pytest.mark.timeout(60)]

#: seconds: the bound of stopping, and what a busy machine may take to notice
BOUND_S, SLACK_S = 3, 10
LOST, LATE = "writer has ended by itself", "stopping has taken 3 s"


@pytest.fixture
async def stuck() -> AsyncIterator[list[int]]:
    """Of writers that stand still."""
    pids: list[int] = []
    yield pids
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.2, 0.3])
async def test_a_writer_that_dies_at_the_start_ends_the_gateway(world: World, after_s: float) -> None:
    starting = asyncio.create_task(world.child.start())
    while not world.child.is_running:
        await asyncio.sleep(0)
    writer = await world.child.writer()
    await asyncio.sleep(after_s)  # it dies at any step
    os.kill(writer, signal.SIGKILL)
    assert await world.child.ended() == EX_SOFTWARE
    assert LOST in world.child.log.read_text()
    await starting
    await world.child.start()
    assert await world.child.end(signal.SIGTERM) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_signal_to_all_its_processes_stops_it_in_good_order(world: World, number: int) -> None:
    """As a terminal sends it: to the gateway and to its writer."""
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("these tests run under nohup, which what they start inherits and keeps to")
    await world.child.start()
    assert await world.send_many(5) == {"result_code=0": 5}
    os.kill(await world.child.writer(), number)
    assert await world.child.end(number) == 0


async def test_a_writer_that_stands_still_at_the_start_does_not_hold_up_a_stop(
    world: World, stuck: list[int]
) -> None:
    world.child.options = ("--stop-within", str(BOUND_S))
    starting = asyncio.create_task(world.child.start())
    while not world.child.is_running:
        await asyncio.sleep(0)
    stuck.append(await world.child.writer())
    os.kill(stuck[0], signal.SIGSTOP)
    assert await _end_in_time(world, BOUND_S) == EX_SOFTWARE
    assert LATE in world.child.log.read_text()
    await starting


@pytest.mark.parametrize("dies", [False, True], ids=["stands still", "dies"])
async def test_a_writer_that_fails_while_the_gateway_stops_is_not_a_good_end(
    world: World, stuck: list[int], *, dies: bool
) -> None:
    world.child.options = ("--stop-within", str(BOUND_S))
    await world.child.start()
    await world.send_many(5)
    writer = await world.child.writer()
    os.kill(writer, signal.SIGSTOP)
    if dies:
        ending = asyncio.create_task(world.child.end(signal.SIGTERM))
        while await world.child.is_answering():
            await asyncio.sleep(0)
        os.kill(writer, signal.SIGKILL)
        assert await ending == EX_SOFTWARE
        assert LOST in world.child.log.read_text()
    else:
        stuck.append(writer)
        assert await _end_in_time(world, BOUND_S) == EX_SOFTWARE
        assert LATE in world.child.log.read_text()


@pytest.mark.parametrize("dialect", ["genesys", "native"])
async def test_who_waits_for_a_writer_that_stands_still_is_answered_in_time(
    world: World, stuck: list[int], monkeypatch: pytest.MonkeyPatch, dialect: str
) -> None:
    monkeypatch.setenv("ALDIS__HTTP__ANSWER_S", "1")
    await world.child.start()
    assert await world.send_many(5) == {"result_code=0": 5}
    stuck.append(await world.child.writer())
    os.kill(stuck[0], signal.SIGSTOP)
    async with aiohttp.ClientSession() as session:
        if dialect == "genesys":
            assert await world.send(session) == "result_code=98"
        else:
            assert await _send_natively(world, session) == (503, "outcome_unknown")
        os.kill(stuck.pop(), signal.SIGCONT)
        if dialect == "native":  # what was not known was done, once
            assert await _send_natively(world, session) == (202, "")
    assert await world.child.end(signal.SIGTERM) == 0


async def _send_natively(world: World, session: aiohttp.ClientSession) -> tuple[int, str]:
    body = {"to": "447700900001", "from": "447700900001", "text": "once"}
    headers = {"Authorization": "Bearer demo-native", "Idempotency-Key": "once"}
    url = f"http://127.0.0.1:{world.child.port}/v1/messages"
    async with session.post(url, json=body, headers=headers) as answer:
        document = await answer.json(content_type=None)
        return answer.status, document.get("code", "")


async def _end_in_time(world: World, bound_s: float) -> int:
    began = time.monotonic()
    code = await world.child.end(signal.SIGTERM)
    assert time.monotonic() - began < bound_s + SLACK_S
    return code
