"""The door's bounds, probed with raw sockets as a stranger would."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from aldis.app.entropy import Entropy
from aldis.clock import unix_s
from aldis.doors.http.guard import GuardLimits
from aldis.doors.http.server import HttpServer, ServerSettings
from aldis.errors import SettingsError
from aldis.store.contract.store import Store
from tests.dialects.asking import Asker
from tests.doors.stranger import Stranger, ask
from tests.fakes.clock import FakeClock

LIMITS = GuardLimits(
    header_octets=4096,
    header_count=20,
    header_s=0.3,
    body_s=0.3,
    body_octets=1000,
    connections=8,
    connections_per_address=4,
)
SEND = (
    b"GET /httpapi/receiver?login=demo&password=demo-genesys&phone_number=12025550100&sender=74700"
    b"&message=Hi&message_id=%d HTTP/1.1\r\nHost: x\r\n\r\n"
)


@pytest.fixture
async def server(demo_store: Store, clock: FakeClock) -> AsyncIterator[HttpServer]:
    asker = await Asker.over(demo_store, clock)
    made = HttpServer(asker.door.serve, ServerSettings("127.0.0.1", 0, LIMITS, grace_s=1), Entropy(), unix_s)
    await made.start()
    yield made
    await made.stop()


async def test_a_request_in_single_octets_is_answered(server: HttpServer) -> None:
    stranger = await Stranger.at(server)
    for octet in SEND % 1:
        await stranger.say(bytes((octet,)))
    assert await stranger.answer() == (200, b"result_code=0")
    stranger.leave()


async def test_pipelined_requests_are_answered_in_order(server: HttpServer) -> None:
    stranger = await Stranger.at(server)
    await stranger.say(SEND % 1 + SEND % 1 + SEND % 2)
    assert [(await stranger.answer())[1] for _ in range(3)] == [
        b"result_code=0",
        b"result_code=7",
        b"result_code=0",
    ]
    stranger.leave()


@pytest.mark.parametrize(
    "octets",
    [
        b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 5000,
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: a\r\n" % n for n in range(30)) + b"\r\n",
    ],
    ids=["long path", "long header without end", "many headers"],
)
async def test_too_much_in_the_head_is_431(server: HttpServer, octets: bytes) -> None:
    assert (await ask(server, octets))[0] == 431


@pytest.mark.parametrize(
    "octets",
    [
        b"POST /httpapi/receiver HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"\x00\x00\x00\x10\x00\x00\x00\x09\x00\x00\x00\x00\x00\x00\x00\x01",
        b"GET / HTTP/9.9\r\n\r\n",
    ],
    ids=["smuggling", "SMPP", "version"],
)
async def test_what_is_no_http_is_400(server: HttpServer, octets: bytes) -> None:
    assert (await ask(server, octets))[0] == 400


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"GET /httpapi/rec",
        b"POST /httpapi/receiver HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf",
    ],
    ids=["silence", "half a head", "half a body"],
)
async def test_a_slow_request_is_408(server: HttpServer, octets: bytes) -> None:
    started = time.monotonic()
    assert (await ask(server, octets))[0] == 408
    assert time.monotonic() - started >= 0.25


async def test_a_slow_drip_does_not_buy_time(server: HttpServer) -> None:
    stranger = await Stranger.at(server)

    async def drip() -> None:
        for octet in SEND % 1:
            await stranger.say(bytes((octet,)))
            await asyncio.sleep(0.01)

    dripping = asyncio.create_task(drip())
    assert (await stranger.answer())[0] == 408
    dripping.cancel()
    stranger.leave()


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/httpapi/receiver", b"result_code=1"),
        ("/v2/mtsms", b'"code":"0x0308"'),
        ("/API/wxml/1.3/index.php", b"<ERRORCODE>E100</ERRORCODE>"),
        ("/api/sumopost/post", b'"ErrNum":1022'),
    ],
)
@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "chunked"])
async def test_a_large_body_is_413_in_the_dialects_words(
    server: HttpServer, path: str, answer: bytes, *, chunked: bool
) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\n".encode()
    body = b"a" * 1001
    if chunked:
        octets = head + b"Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + body + b"\r\n0\r\n\r\n"
    else:
        octets = head + b"Content-Length: 1001\r\n\r\n" + body
    status, content = await ask(server, octets)
    assert status == 413
    assert answer in content


async def test_the_fifth_connection_of_an_address_is_429_and_room_comes_back(server: HttpServer) -> None:
    strangers = [await Stranger.at(server) for _ in range(4)]
    for number, stranger in enumerate(strangers):
        await stranger.say(SEND % number)
        assert (await stranger.answer())[0] == 200
    fifth = await Stranger.at(server)
    await fifth.say(SEND % 9)
    assert (await fifth.answer())[0] == 429
    assert await fifth.is_closed()
    fifth.leave()
    strangers.pop().leave()
    while (await ask(server, SEND % 10))[0] == 429:
        await asyncio.sleep(0)
    for stranger in strangers:
        stranger.leave()


async def test_an_unknown_path_is_404(server: HttpServer) -> None:
    assert (await ask(server, b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"))[0] == 404


async def test_a_port_that_is_taken_is_told_in_one_sentence(server: HttpServer) -> None:
    with pytest.raises(SettingsError, match="is something else running there"):
        HttpServer(
            lambda _request, _answer: None, ServerSettings("127.0.0.1", server.port), Entropy(), unix_s
        )


async def test_blank_lines_do_not_keep_a_connection(server: HttpServer) -> None:
    assert (await ask(server, b"\r\n"))[0] == 408


async def test_requests_are_not_queued_without_end(server: HttpServer) -> None:
    stranger = await Stranger.at(server)
    await stranger.say(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 2000)
    answers = 0
    try:
        while True:
            await stranger.answer()
            answers += 1
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    assert answers < 20
    stranger.leave()


async def test_a_whole_request_is_answered_before_the_nonsense_behind_it_closes_the_door(
    server: HttpServer,
) -> None:
    stranger = await Stranger.at(server)
    await stranger.say(SEND % 1 + b"\x00\x01 nonsense\r\n\r\n")
    assert await stranger.answer() == (200, b"result_code=0")
    assert await stranger.is_closed()
    stranger.leave()


async def test_a_half_closed_socket_still_gets_its_answer(server: HttpServer) -> None:
    stranger = await Stranger.at(server)
    await stranger.say(SEND % 1)
    stranger.writer.write_eof()
    assert await stranger.answer() == (200, b"result_code=0")
    assert await stranger.is_closed()
    stranger.leave()


async def test_endless_trailers_end_the_connection(server: HttpServer) -> None:
    head = b"POST /httpapi/receiver HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    stranger = await Stranger.at(server)
    await stranger.say(head + b"1\r\na\r\n0\r\nX: ")
    said = 0
    with suppress(ConnectionError):
        while said < 10_000_000:
            await stranger.say(b"a" * 1000)
            said += 1000
            await asyncio.sleep(0)
    assert said < 10_000_000
    stranger.leave()
