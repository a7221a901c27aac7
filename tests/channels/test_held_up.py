"""What was not sent or not heard because the loop was held up is no try of the customer's."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from ipaddress import ip_network
from typing import Any

import aiodns
import pytest
import uvloop
from tests.fakes.scripted import OK, Scripted

from aldis.channels.http.client import SWEEP_S, HttpChannel
from aldis.stages.postbacks.channel import Answer, Limits
from aldis.traffic.postback import PostbackRequest

LOOPBACK = (ip_network("127.0.0.0/8"),)
#: a transaction that waits for the disk, longer than anything may take
HELD_UP_S = 0.8
LIMITS = Limits(connect_s=0.3, total_s=0.3, private_networks=LOOPBACK)

runners = pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
Run = Callable[[Coroutine[Any, Any, Answer]], Answer]


def post(channel: HttpChannel, url: str) -> asyncio.Future[Answer]:
    answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    channel.post(PostbackRequest("POST", url, (), b"x"), LIMITS, answer.set_result)
    return answer


@runners
@pytest.mark.parametrize("turns", range(6))
def test_a_hold_up_at_any_moment_of_connecting_costs_nothing(run: Run, turns: int) -> None:
    async def ask() -> Answer:
        channel = HttpChannel()
        async with Scripted([OK]) as url:
            answer = post(channel, url)
            for _ in range(turns):
                await asyncio.sleep(0)
            time.sleep(HELD_UP_S)  # noqa: ASYNC251 - the loop is held up
            found = await answer
        await channel.close()
        return found

    assert run(ask()).status == 200


@runners
def test_a_peer_that_has_lost_patience_with_us_meanwhile_is_asked_again(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It closes a connection on which nothing was said, while the loop is held up between connecting and sending."""
    connections = 0

    async def ask() -> Answer:
        channel = HttpChannel()
        connect = channel._connector.connect

        async def slowly(*arguments: Any) -> Any:
            wire = await connect(*arguments)
            nonlocal connections
            connections += 1
            if connections == 1:
                time.sleep(HELD_UP_S)  # noqa: ASYNC251 - the loop is held up
            return wire

        monkeypatch.setattr(channel._connector, "connect", slowly)
        found = await post(channel, f"http://127.0.0.1:{port}/")
        await channel.close()
        return found

    port, stop = impatient()
    try:
        assert run(ask()).status == 200
    finally:
        stop()
    assert connections == 2


def impatient() -> tuple[int, Callable[[], None]]:
    """Serve in a thread: the first connection is closed after a moment, whatever comes."""
    loop, ready, found = asyncio.new_event_loop(), threading.Event(), list[int]()
    patience = [0.2, 5.0]

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(patience.pop(0)):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(OK)
        except (TimeoutError, asyncio.IncompleteReadError):
            pass
        writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(take, "127.0.0.1", 0)
        found.append(server.sockets[0].getsockname()[1])
        stopped = asyncio.Event()
        stops.append(lambda: loop.call_soon_threadsafe(stopped.set))
        ready.set()
        await stopped.wait()
        server.close()
        await asyncio.sleep(0.05)

    stops: list[Callable[[], object]] = []
    thread = threading.Thread(target=lambda: (loop.run_until_complete(serve()), loop.close()))
    thread.start()
    ready.wait()

    def stop() -> None:
        stops[0]()
        thread.join()

    return found[0], stop


async def test_name_servers_that_waited_in_vain_are_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    channel = HttpChannel()
    resolve, asked = channel._connector._resolver._dns.getaddrinfo, 0

    class Resolver:
        async def getaddrinfo(self, *arguments: Any, **more: Any) -> Any:
            nonlocal asked
            asked += 1
            if asked == 1:
                time.sleep(HELD_UP_S)  # noqa: ASYNC251 - the loop is held up, and the library's timers with it
                raise aiodns.error.DNSError(12, "Timeout while contacting DNS servers")
            return await resolve(*arguments, **more)

        close = channel._connector._resolver._dns.close

    monkeypatch.setattr(channel._connector._resolver, "_dns", Resolver())
    async with Scripted([OK]) as url:
        assert (await post(channel, url)).status == 200
    assert asked == 2
    await channel.close()


async def test_what_takes_too_long_while_the_loop_runs_still_ends() -> None:
    channel = HttpChannel()
    async with Scripted([b""], closes=False) as url:
        begun = time.monotonic()
        answer = await post(channel, url)
    assert (answer.status, answer.fault) == (None, "no answer in time")
    assert time.monotonic() - begun < LIMITS.total_s + 20 * SWEEP_S
    await channel.close()
