"""The simulated SMSC's other operations, by two ends of the same core over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from aldis.app.simulator import Simulator
from aldis.clock import SystemClock
from aldis.settings import SimulatorSettings
from aldis.simulator.behaviour import behaviour_for
from aldis.simulator.taken import MAX_TAKEN, VALIDITY_MS, Taken
from aldis.smpp import codec, status
from aldis.smpp.command import CommandId
from aldis.smpp.multi import DistributionList, SmeAddress
from aldis.smpp.pdus import (
    Bind,
    Body,
    CancelSm,
    DataSm,
    MessageIdBody,
    Pdu,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    ShortMessageBody,
    SubmitMulti,
    SubmitMultiResp,
)
from aldis.smpp.receipt_text import MessageState

SENDER = "74700"


class Esme:
    """A customer that says one thing at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.heard: list[Pdu] = []

    async def read(self) -> Pdu:
        head = await self._reader.readexactly(16)
        return codec.decode(head + await self._reader.readexactly(codec.header(head).command_length - 16))

    async def ask(self, command: CommandId, body: Body) -> Pdu:
        self._writer.write(codec.encode(Pdu(command, 1, body=body)))
        while not (pdu := await self.read()).command_id & 0x80000000:
            self._take(pdu)
        return pdu

    async def delivery(self) -> Pdu:
        while not self.heard:
            self._take(await self.read())
        return self.heard.pop(0)

    def _take(self, pdu: Pdu) -> None:
        answer = Pdu(CommandId.deliver_sm_resp, pdu.sequence_number, body=MessageIdBody())
        self._writer.write(codec.encode(answer))
        self.heard.append(pdu)

    def leave(self) -> None:
        self._writer.close()


@pytest.fixture
async def esme() -> AsyncIterator[Esme]:
    simulator = Simulator(SimulatorSettings("127.0.0.1:0", "127.0.0.1:0"), SystemClock())
    await simulator.start()
    made = Esme(*await asyncio.open_connection("127.0.0.1", simulator.smsc.port))
    await made.ask(CommandId.bind_transceiver, Bind("x"))
    yield made
    made.leave()
    await simulator.stop()


async def submit(esme: Esme, recipient: str) -> str:
    body = ShortMessageBody(
        source_addr=SENDER, destination_addr=recipient, registered_delivery=1, short_message=b"hi"
    )
    answer = await esme.ask(CommandId.submit_sm, body)
    assert isinstance(answer.body, MessageIdBody)
    return answer.body.message_id


async def state_of(esme: Esme, name: str) -> tuple[int, bool]:
    answer = await esme.ask(CommandId.query_sm, QuerySm(name, source_addr=SENDER))
    assert isinstance(answer.body, QuerySmResp)
    return answer.body.message_state, bool(answer.body.final_date)


async def test_a_message_that_is_under_way_can_be_asked_about_and_cancelled(esme: Esme) -> None:
    name = await submit(esme, "447700900088")
    assert await state_of(esme, name) == (MessageState.ENROUTE, False)
    assert (
        await esme.ask(CommandId.cancel_sm, CancelSm(message_id=name, source_addr=SENDER))
    ).command_status == 0
    assert await state_of(esme, name) == (MessageState.DELETED, True)
    delivery = await esme.delivery()
    assert isinstance(delivery.body, ShortMessageBody)
    assert b"stat:DELETED" in delivery.body.short_message


async def test_what_has_ended_is_not_cancelled(esme: Esme) -> None:
    name = await submit(esme, "447700900001")
    assert await state_of(esme, name) == (MessageState.DELIVERED, True)
    refused = await esme.ask(CommandId.cancel_sm, CancelSm(message_id=name, source_addr=SENDER))
    assert refused.command_status == status.ESME_RCANCELFAIL
    refused = await esme.ask(CommandId.replace_sm, ReplaceSm(message_id=name, source_addr=SENDER))
    assert refused.command_status == status.ESME_RREPLACEFAIL


async def test_nobody_asks_about_another_s_message(esme: Esme) -> None:
    name = await submit(esme, "447700900001")
    stranger = await esme.ask(CommandId.query_sm, QuerySm(name, source_addr="other"))
    assert stranger.command_status == status.ESME_RQUERYFAIL


async def test_one_message_to_many(esme: Esme) -> None:
    to = (SmeAddress(1, 1, "447700900001"), SmeAddress(1, 1, "447700900082"), DistributionList("all"))
    body = SubmitMulti(source_addr=SENDER, dest_addresses=to, registered_delivery=1, short_message=b"hi")
    answer = await esme.ask(CommandId.submit_multi, body)
    assert isinstance(answer.body, SubmitMultiResp)
    assert [each.error_status_code for each in answer.body.unsuccess_sme] == [
        status.ESME_RINVDSTADR,
        status.ESME_RINVDLNAME,
    ]
    delivery = await esme.delivery()
    assert isinstance(delivery.body, ShortMessageBody)
    assert f"id:{answer.body.message_id} ".encode() in delivery.body.short_message


def test_what_was_taken_is_remembered_within_bounds() -> None:
    taken = Taken()
    for number in range(MAX_TAKEN + 1):
        taken.add(str(number), "a", behaviour_for("1"), 0)
    assert taken.find("0", "a", 0) is None
    assert taken.find("1", "a", 0) is not None
    taken.add("never", "a", behaviour_for("84"), 0)
    waiting, dead_letters = taken.find("never", "a", 5), taken.find("never", "a", VALIDITY_MS)
    assert waiting is not None
    assert not waiting.has_ended
    assert dead_letters is not None
    assert dead_letters.state is MessageState.EXPIRED


async def test_addresses_that_are_too_long_are_refused_and_the_session_lives(esme: Esme) -> None:
    long = DataSm(source_addr=SENDER, destination_addr="4" * 40, registered_delivery=1)
    assert (await esme.ask(CommandId.data_sm, long)).command_status == status.ESME_RINVDSTADR
    answered = DataSm(source_addr="4" * 40, destination_addr="447700900001", registered_delivery=1)
    assert (await esme.ask(CommandId.data_sm, answered)).command_status == status.ESME_ROK
    assert await state_of(esme, await submit(esme, "447700900001")) == (MessageState.DELIVERED, True)
