"""Carriers that answer later than they should: they are asked once, and what they say is heard."""

from __future__ import annotations

import asyncio

import pytest
from tests.links.test_mm7 import MESSAGE, Mmsc, Observed
from tests.links.test_smpp import Watch, outbound

from aldis.smpp import codec
from aldis.smpp.command import CommandId
from aldis.smpp.pdus import BindResp, Empty, MessageIdBody, Pdu
from aldis.stages.sending.upstream import Accepted, InDoubt

RESPONSE_S = 0.3
#: four times that is when a segment leaves its place
IN_PLACE_S, AFTER_S = 0.8, 1.7


async def slow_smsc(answers_after_s: float) -> asyncio.Server:
    """An SMSC that lives, and takes its time with each submit."""
    loop = asyncio.get_running_loop()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def answer(head: codec.Header, command: CommandId, body: BindResp | MessageIdBody | Empty) -> None:
            writer.write(codec.encode(Pdu(command, head.sequence_number, body=body)))

        while head_octets := await reader.read(16):
            head = codec.header(head_octets)
            await reader.readexactly(head.command_length - 16)
            match head.command_id:
                case CommandId.bind_transceiver:
                    answer(head, CommandId.bind_transceiver_resp, BindResp("slow"))
                case CommandId.submit_sm:
                    named = MessageIdBody(f"id{head.sequence_number}")
                    loop.call_later(answers_after_s, answer, head, CommandId.submit_sm_resp, named)
                case CommandId.enquire_link:
                    answer(head, CommandId.enquire_link_resp, Empty())
                case _:
                    writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0)


@pytest.mark.parametrize("answers_after_s", [IN_PLACE_S, AFTER_S])
async def test_an_smsc_that_answers_late_is_heard_and_its_link_says_so(
    capsys: pytest.CaptureFixture[str], answers_after_s: float
) -> None:
    server = await slow_smsc(answers_after_s)
    watch = Watch(server.sockets[0].getsockname()[1], response_s=RESPONSE_S)
    try:
        await watch.up()
        watch.link.submit(outbound())
        outcome = await watch.outcomes.get()
        if answers_after_s == IN_PLACE_S:
            assert isinstance(outcome, Accepted)
        else:
            assert outcome == InDoubt("response overdue", RESPONSE_S)
            assert watch.link.room() == watch.link.window  # its place is free
            while not watch.late:
                await asyncio.sleep(0.02)
            ((segment, accepted),) = watch.late
            assert (segment, accepted.smsc_message_id) == (outbound(), "id2")
        assert watch.link.condition().late_at
        assert capsys.readouterr().out.count("answers come after response_s") == 1
    finally:
        await watch.stop()
        server.close()


@pytest.mark.parametrize("answers_after_s", [IN_PLACE_S, AFTER_S])
async def test_an_mmsc_that_answers_late_is_heard_and_its_link_says_so(answers_after_s: float) -> None:
    mmsc = Mmsc()
    await mmsc.start()
    mmsc.pause_s = answers_after_s
    seen = Observed(mmsc.port, response_s=RESPONSE_S)
    try:
        outcome = await seen.send(MESSAGE)
        if answers_after_s == IN_PLACE_S:
            assert outcome == Accepted("=abc")
        else:
            assert outcome == InDoubt("response overdue", RESPONSE_S)
            await seen.until(lambda: seen.link.room() == seen.link.window)
            await seen.until(lambda: seen.late == [Accepted("=abc")])
        assert seen.link.condition().late_at
        assert len(mmsc.asked) == 1
    finally:
        await seen.stop()
        await mmsc.stop()
