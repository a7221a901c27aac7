"""Disks, carriers and clocks that fail: nothing is lost, and the gateway goes on by itself."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from aldis.clock import SystemClock
from aldis.links.smpp.link import SmppLink
from aldis.smpp import status
from aldis.smpp.command import CommandId
from aldis.smpp.connection import Connection, RequestArrived
from aldis.smpp.session import Role
from aldis.smpp.timers import Timers
from tests.crash.world import World
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway

pytestmark = [pytest.mark.crash, pytest.mark.timeout(90)]


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace makes writes fail; it is not installed")
@pytest.mark.parametrize("fault", ["ENOSPC", "EIO", "EROFS"])
async def test_a_disk_that_takes_nothing_is_an_internal_error_until_it_does(world: World, fault: str) -> None:
    fail = f"inject=pwrite64:error={fault}:when=200..260"
    await world.child.start("strace", "-D", "-f", "-qq", "-e", "trace=pwrite64", "-e", fail, "-o", os.devnull)
    refused = 0
    for _ in range(60):
        answers = await world.send_many(10)
        assert answers.keys() <= {"result_code=0", "result_code=98"}
        refused += answers["result_code=98"]
        if refused and answers["result_code=0"] == 10:
            break
    assert refused
    assert answers["result_code=0"] == 10
    assert await world.balance(kills=0) == 0
    await world.child.end(signal.SIGTERM)


@pytest.mark.parametrize("tail", [b"\0" * 5000, random.Random(5000).randbytes(5000)], ids=["zeros", "noise"])
async def test_a_torn_write_ahead_log_costs_only_what_was_torn(world: World, tail: bytes) -> None:
    await world.child.start()
    await world.send_many(50)
    await world.child.end(signal.SIGKILL)
    log = world.child.data_dir / "aldis.db-wal"
    await asyncio.to_thread(_append, log, tail)
    await world.child.start()
    await world.send_many(5)
    await world.balance(kills=1)
    assert await world.child.end(signal.SIGTERM) == 0


def _append(path: Path, octets: bytes) -> None:
    with path.open("ab") as file:
        file.write(octets)


async def test_another_takes_over_at_once_and_nothing_is_repeated(world: World) -> None:
    await world.child.start()
    for _ in range(3):
        sending = asyncio.create_task(world.send_many(200))
        await world.send_until(sending, 50)
        assert await world.child.end(signal.SIGTERM) == 0
        await world.child.start()
        await sending
    assert len(world.accepted) > 100
    assert await world.balance(kills=0) == 0
    assert await world.child.end(signal.SIGTERM) == 0


class _BadCarrier(asyncio.Protocol):
    """Binds, and answers every submit with one status, or not at all."""

    def __init__(self, status_of_all: int | None, submits: list[int]) -> None:
        self._status = status_of_all
        self._submits = submits
        self._connection: Connection[None] = Connection(Role.SMSC, 0.0, Timers())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for event in self._connection.receive(data, 0.0):
            if not isinstance(event, RequestArrived):
                continue
            if event.pdu.command_id != CommandId.submit_sm:
                self._connection.respond(event.pdu)
            else:
                self._submits.append(event.pdu.sequence_number)
                if self._status is not None:
                    self._connection.respond(event.pdu, self._status)
        self._transport.write(self._connection.take_output())


@asynccontextmanager
async def bad_carrier(port: int, status_of_all: int | None) -> AsyncIterator[list[int]]:
    submits: list[int] = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _BadCarrier(status_of_all, submits), "127.0.0.1", port)
    yield submits
    server.close()


@pytest.mark.parametrize("answer", [None, status.ESME_RTHROTTLED], ids=["silent", "throttling"])
async def test_a_carrier_that_takes_nothing_delays_and_loses_nothing(
    tmp_path: Path, customer: FakeCustomer, answer: int | None
) -> None:
    whole = WholeGateway(tmp_path / "data", customer, "window = 20\nresponse_s = 1")
    await whole.start()
    await whole.stop_carrier()
    async with bad_carrier(whole.smpp_port, answer) as submits:
        for number in range(60):
            assert await whole.genesys(f"4477009{number:05d}", f"m{number}") == "result_code=0"
        while len(submits) < 20:
            await asyncio.sleep(0.02)
        if answer is None:  # the link leaves it by itself
            while whole.gateway.links_up()["simulator"]:
                await asyncio.sleep(0.02)
        else:
            link = whole.gateway._links._links["simulator"]
            assert isinstance(link, SmppLink)
            (bind,) = link.binds
            assert bind.session is not None
            bind.session.close("test")
    await whole.start_carrier()
    assert await whole.all_ended(60) == {"delivered": 60}
    await customer.wait_for(60, "/genesys")
    await whole.stop()


@pytest.mark.parametrize(("response_s", "most_copies"), [(3.0, 1), (1.0, 2)], ids=["in its place", "late"])
async def test_a_carrier_that_answers_late_is_not_taken_for_one_that_refuses(
    tmp_path: Path, customer: FakeCustomer, response_s: float, most_copies: int
) -> None:
    """It answers after eight seconds, and reports on what it took the first time."""
    whole = WholeGateway(tmp_path / "data", customer, f"window = 20\nresponse_s = {response_s}")
    await whole.start()
    numbers = [f"4477009{number:03d}92" for number in range(10)]
    for index, number in enumerate(numbers):
        assert await whole.genesys(number, f"m{index}") == "result_code=0"
    assert await whole.all_ended(len(numbers)) == {"delivered": len(numbers)}
    assert all(1 <= len(whole.handset(number)) <= most_copies for number in numbers)
    assert whole.gateway.conditions()["simulator"].late_at
    await customer.wait_for(len(numbers), "/genesys")
    await whole.stop()


class JumpingClock(SystemClock):
    """A clock that somebody sets."""

    offset = 0

    def now(self) -> int:
        return super().now() + self.offset


async def test_a_clock_that_jumps_loses_nothing(tmp_path: Path, customer: FakeCustomer) -> None:
    # all in one process, because a clock of ours does not reach into another
    whole = WholeGateway(tmp_path / "data", customer, more='[store]\nwriter = "thread"\n')
    clock = whole.clock = JumpingClock()
    await whole.start()
    for number, offset in enumerate((0, 3_600_000, -3_600_000, 86_400_000, 0)):
        clock.offset = offset
        for index in range(20):
            assert await whole.genesys(f"4477009{number}{index:04d}", f"m{number}-{index}") == "result_code=0"
        assert (await whole.all_ended(20 * (number + 1)))["delivered"] == 20 * (number + 1)
    await customer.wait_for(100, "/genesys")
    await whole.stop()
