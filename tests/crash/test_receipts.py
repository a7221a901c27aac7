"""Receipts under `kill -9`: small ids that mean something in decimal and in hexadecimal, each receipt right
behind its response or before it, and one phone for all. Each customer hears what became of its own message.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from aldis.smpp.command import CommandId
from aldis.smpp.connection import Connection, RequestArrived, ResponseArrived
from aldis.smpp.pdus import Bind, BindResp, MessageIdBody, Pdu, ShortMessageBody
from aldis.smpp.receipt_text import MessageState, write
from aldis.smpp.session import Role
from aldis.smpp.timers import Timers
from tests.crash.world import World

KILLS = int(os.environ.get("ALDIS_KILLS", "6"))
PHONE = "447700900123"
STATES = {MessageState.DELIVERED: "2", MessageState.UNDELIVERABLE: "5"}
pytestmark = [pytest.mark.crash, pytest.mark.timeout(120 + 10 * KILLS)]


class SmallIds(asyncio.Protocol):
    """A carrier that counts from 1 and repeats receipts until they are acknowledged; half of them are bad."""

    def __init__(self, *, early: bool) -> None:
        self.early = early
        self.last_id = 0
        #: text → what was reported of it, by id; a text that came again after a crash has several
        self.ends: dict[str, list[MessageState]] = {}
        self._unacknowledged: dict[str, ShortMessageBody] = {}
        self._transport: asyncio.Transport
        self._connection: Connection[str]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connection = Connection(Role.SMSC, 0.0, Timers())

    def data_received(self, data: bytes) -> None:
        for event in self._connection.receive(data, 0.0):
            match event:
                case RequestArrived(pdu) if isinstance(pdu.body, Bind):
                    self._connection.respond(pdu, body=BindResp("small"))
                    for name in self._unacknowledged:
                        self._report(name)
                case RequestArrived(pdu) if isinstance(pdu.body, ShortMessageBody):
                    self._take(pdu, pdu.body)
                case ResponseArrived(name, pdu) if pdu.command_status == 0:
                    self._unacknowledged.pop(name, None)
                case _:
                    pass
        self._transport.write(self._connection.take_output())

    def _take(self, pdu: Pdu, body: ShortMessageBody) -> None:
        self.last_id += 1
        name, ends = str(self.last_id), self.ends.setdefault(body.short_message.decode(), [])
        ends.append(list(STATES)[self.last_id % 2])
        now = datetime.now(UTC)
        self._unacknowledged[name] = ShortMessageBody(
            source_addr=body.destination_addr,
            destination_addr=body.source_addr,
            esm_class=0x04,
            short_message=write(name, ends[-1], "000", now, now),
        )
        if self.early:
            self._report(name)
        self._connection.respond(pdu, body=MessageIdBody(name))
        if not self.early:
            self._report(name)

    def _report(self, name: str) -> None:
        self._connection.request(CommandId.deliver_sm, self._unacknowledged[name], name, 0.0)


@pytest.fixture
async def carrier(world: World, request: pytest.FixtureRequest) -> AsyncIterator[SmallIds]:
    """Takes the place of the simulated carrier."""
    made = SmallIds(early=request.param)
    await world.carrier.simulator.stop()
    server = await asyncio.get_running_loop().create_server(
        lambda: made, "127.0.0.1", world.carrier.smpp_port
    )
    yield made
    server.close()


@pytest.mark.parametrize("carrier", [False, True], indirect=True, ids=["behind", "early"])
async def test_each_customer_hears_of_its_own_message(
    world: World, carrier: SmallIds, chance: random.Random
) -> None:
    for _ in range(max(2, KILLS // 2)):
        await world.child.start()
        sending = asyncio.create_task(world.send_many(100, phone_number=PHONE))
        await world.send_until(sending, chance.randrange(100))
        await asyncio.sleep(chance.uniform(0.0, 0.05))
        assert await world.child.end(signal.SIGKILL) == -signal.SIGKILL
        await sending
    await world.child.start()
    await world.send_many(400, phone_number=PHONE)
    told: dict[str, set[str]] = {}
    while world.accepted - told.keys():
        await asyncio.sleep(0.1)
        for came in world.customer.to("/genesys"):
            told.setdefault(came.form["message_id"], set()).add(came.form["message_state"])
    assert await world.child.end(signal.SIGTERM) == 0
    wrong = {
        text: (states, carrier.ends[text])
        for text, states in told.items()
        if not states <= {STATES[end] for end in carrier.ends[text]}
    }
    assert wrong == {}
