"""The SMPP link's tables, and the link itself against the simulated SMSC over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from tests.fakes.clock import NOON

from aldis.app.simulator import Simulator
from aldis.clock import SystemClock
from aldis.links.contract import taking_nothing
from aldis.links.smpp import verdicts
from aldis.links.smpp.entry import SmppEntry
from aldis.links.smpp.link import SmppLink
from aldis.links.smpp.quirks import Quirks
from aldis.links.smpp.translate import Translator, is_receipt
from aldis.smpp import codec, status, tlv
from aldis.smpp.command import CommandId
from aldis.smpp.pdus import BindResp, Empty, MessageIdBody, Pdu, ShortMessageBody
from aldis.sms.encoding import Encoding
from aldis.sms.reading import text_of
from aldis.stages.sending.upstream import (
    Accepted,
    Deferred,
    InDoubt,
    LinkTrouble,
    Outbound,
    Outcome,
    Rejected,
    UpstreamListener,
)
from aldis.telemetry import Metrics, Noted
from aldis.traffic.inbound import DoubtfulReceipt, InboundPart
from aldis.traffic.receipt import Receipt, ReceiptState


def outbound(recipient: str = "447700900001", **changes: Any) -> Outbound:
    segment = Outbound(1, 1, 1, "74700", recipient, Encoding.GSM7, b"", b"hi", 3, NOON + 3_600_000)
    return msgspec.structs.replace(segment, **changes)


@pytest.mark.parametrize(
    ("response", "outcome"),
    [
        (Pdu(CommandId.submit_sm_resp, 1, 0, MessageIdBody("00ab")), Accepted("ab")),
        (Pdu(CommandId.submit_sm_resp, 1, 0, MessageIdBody("")), Accepted("")),
        (Pdu(CommandId.submit_sm_resp, 1, 0), Accepted("")),
        (Pdu(CommandId.submit_sm_resp, 1, status.ESME_RTHROTTLED), Deferred("ESME_RTHROTTLED")),
        (Pdu(CommandId.submit_sm_resp, 1, status.ESME_RMSGQFUL), Deferred("ESME_RMSGQFUL")),
        (Pdu(CommandId.submit_sm_resp, 1, status.ESME_RINVDSTADR), Rejected("ESME_RINVDSTADR")),
        (
            Pdu(CommandId.submit_sm_resp, 1, 0x4A1),
            Deferred("0x000004A1"),
        ),  # unknown: losing is worse than twice
        (Pdu(CommandId.generic_nack, 1, status.ESME_RINVCMDID, Empty()), LinkTrouble("ESME_RINVCMDID")),
        (Pdu(CommandId.submit_sm_resp, 1, status.ESME_RINVBNDSTS), LinkTrouble("ESME_RINVBNDSTS")),
    ],
)
def test_a_response_and_its_verdict(response: Pdu, outcome: Outcome) -> None:
    assert verdicts.judge(response, Quirks()) == outcome


def test_every_status_with_a_name_has_a_verdict() -> None:
    assert set(status.NAMES) - {status.ESME_ROK} == set(verdicts.VERDICTS)


def test_a_segment_becomes_a_submit_sm() -> None:
    segment = outbound(header=b"\x05\x00\x03\x01\x02\x01", encoding=Encoding.UCS2)
    body, tlvs = Translator("link", Quirks()).to_submit_sm(segment, NOON)
    assert not tlvs
    assert (body.source_addr_ton, body.dest_addr_ton, body.dest_addr_npi) == (3, 1, 1)
    assert (body.esm_class, body.data_coding, body.registered_delivery) == (0x40, 0x08, 1)
    assert body.short_message == b"\x05\x00\x03\x01\x02\x01hi"


#: user data headers of messages that are one segment: tables, ports, a concatenation of one
HEADERS_OF_ONE = (b"\x03\x24\x01\x01", b"\x06\x05\x04\x00\x50\x00\x50", b"\x05\x00\x03\x07\x01\x01")
RECEIPT_TEXT = b"id:0ab stat:UNDELIV err:034"


@pytest.mark.parametrize(
    ("body", "tlvs", "receipt"),
    [
        (RECEIPT_TEXT, {}, ("ab", ReceiptState.UNDELIVERED, "034")),
        (
            RECEIPT_TEXT,
            {tlv.RECEIPTED_MESSAGE_ID: b"cd\0", tlv.MESSAGE_STATE: b"\x02"},
            ("cd", ReceiptState.DELIVERED, "034"),
        ),
        (
            b"",
            {
                tlv.RECEIPTED_MESSAGE_ID: b"cd\0",
                tlv.MESSAGE_STATE: b"\x03",
                tlv.NETWORK_ERROR_CODE: b"\x03\x00\x1b",
            },
            ("cd", ReceiptState.EXPIRED, "027"),
        ),
        (b"", {tlv.MESSAGE_PAYLOAD: RECEIPT_TEXT}, ("ab", ReceiptState.UNDELIVERED, "034")),
        (b"id:7 stat:WONDERFUL", {}, ("7", ReceiptState.ENROUTE, "")),
        (b"id:7 stat:ACCEPTD", {tlv.MESSAGE_STATE: b"\x63"}, ("7", ReceiptState.ENROUTE, "")),
        (b"hello", {}, None),
    ],
)
def test_a_deliver_sm_and_its_receipt(
    body: bytes, tlvs: dict[int, bytes], receipt: tuple[str, ReceiptState, str] | None
) -> None:
    message = ShortMessageBody(source_addr="447700900001", esm_class=0x04, short_message=body)
    pdu = Pdu(CommandId.deliver_sm, 1, body=message, tlvs=tlvs)
    assert is_receipt(message, pdu)
    found = Translator("link", Quirks()).to_receipt(message, pdu, NOON)
    if receipt is None:
        assert found is None
        return
    assert found is not None
    assert (found.smsc_message_id, found.state, found.error_code) == receipt
    assert (found.recipient, found.received_at) == ("447700900001", NOON)


class Watch:
    """A link under observation: outcomes and receipts as they come."""

    def __init__(
        self,
        port: int,
        password: str = "right",
        window: int = 10,
        response_s: float = 30,
        quirks: Quirks = Quirks(),  # noqa: B008 - frozen
    ) -> None:
        self.outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
        self.receipts: asyncio.Queue[Receipt] = asyncio.Queue()
        self.inbound: list[InboundPart] = []
        self.late: list[tuple[Outbound, Accepted]] = []
        self.doubtful: list[DoubtfulReceipt] = []
        self.metrics = Metrics()
        self.changed = asyncio.Event()
        self.keep = True
        entry = SmppEntry(
            name="link",
            host="127.0.0.1",
            port=port,
            system_id="aldis",
            password=password,
            window=window,
            response_s=response_s,
            quirks=quirks,
        )
        around = msgspec.structs.replace(
            taking_nothing(SystemClock()),
            jitter=lambda: 0.0,
            take_receipt=self._take_receipt,
            take_inbound=self._take_inbound,
            take_doubtful=self._take_doubtful,
            metrics=self.metrics,
        )
        listener = UpstreamListener(
            lambda _segment, outcome: self.outcomes.put_nowait(outcome),
            lambda segment, accepted: self.late.append((segment, accepted)),
            self.changed.set,
        )
        self.link = SmppLink(entry, around, listener)
        self.task = asyncio.create_task(self.link.run())

    def _take_inbound(self, part: InboundPart, done: Callable[[bool], None]) -> None:
        self.inbound.append(part)
        done(self.keep)

    def _take_doubtful(self, doubtful: DoubtfulReceipt, done: Callable[[bool], None]) -> None:
        self.doubtful.append(doubtful)
        done(self.keep)

    def _take_receipt(self, receipt: Receipt, done: Callable[[bool], None]) -> None:
        self.receipts.put_nowait(receipt)
        done(self.keep)

    async def up(self) -> None:
        while not self.link.is_up:
            self.changed.clear()
            await self.changed.wait()

    async def stop(self) -> None:
        await self.link.stop(1.0)
        await self.task


async def test_a_link_binds_submits_and_hears_receipts(smsc: Simulator) -> None:
    watch = Watch(smsc.smsc.port)
    await watch.up()
    watch.link.submit(outbound())
    outcome = await watch.outcomes.get()
    receipt = await watch.receipts.get()
    assert isinstance(outcome, Accepted)
    assert receipt.smsc_message_id == outcome.smsc_message_id
    assert receipt.state is ReceiptState.DELIVERED
    await watch.stop()


async def test_a_receipt_that_could_not_be_kept_comes_again(smsc: Simulator) -> None:
    watch = Watch(smsc.smsc.port)
    await watch.up()
    watch.keep = False
    watch.link.submit(outbound())
    first = await watch.receipts.get()
    watch.keep = True
    assert (await watch.receipts.get()).smsc_message_id == first.smsc_message_id
    await watch.stop()


async def test_room_is_what_the_window_has_left(smsc: Simulator) -> None:
    watch = Watch(smsc.smsc.port, window=3)
    assert watch.link.room() == 0
    await watch.up()
    for number in range(3):
        watch.link.submit(
            outbound(number=number + 1, recipient="447700900092")
        )  # answered after eight seconds
    assert watch.link.room() == 0
    await watch.stop()


async def test_what_cannot_be_said_is_rejected_and_the_link_lives(smsc: Simulator) -> None:
    watch = Watch(smsc.smsc.port)
    await watch.up()
    watch.link.submit(outbound(octets=b"x" * 300))
    assert isinstance(await watch.outcomes.get(), Rejected)
    watch.link.submit(outbound())
    assert isinstance(await watch.outcomes.get(), Accepted)
    await watch.stop()


async def test_a_dropped_connection_leaves_doubt_and_comes_back(smsc: Simulator) -> None:
    watch = Watch(smsc.smsc.port)
    await watch.up()
    watch.link.submit(outbound("447700900089"))
    assert await watch.outcomes.get() == InDoubt("connection lost")
    await watch.up()
    watch.link.submit(outbound("447700900089"))
    assert isinstance(await watch.outcomes.get(), Accepted)
    await watch.stop()


@pytest.mark.parametrize("before_unbind", [0, 700, 1000])
async def test_what_a_carrier_says_in_one_go_is_heard_to_the_end(before_unbind: int) -> None:
    """A thousand responses in one write, with the carrier's unbind before, between or behind them."""
    count = 1000

    async def carrier(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def asked() -> codec.Header:
            head = codec.header(await reader.readexactly(16))
            await reader.readexactly(head.command_length - 16)
            return head

        number = (await asked()).sequence_number
        writer.write(codec.encode(Pdu(CommandId.bind_transceiver_resp, number, body=BindResp("x"))))
        answers = [
            codec.encode(
                Pdu(CommandId.submit_sm_resp, (await asked()).sequence_number, body=MessageIdBody(str(each)))
            )
            for each in range(count)
        ]
        answers.insert(before_unbind, codec.encode(Pdu(CommandId.unbind, 1, body=Empty())))
        writer.write(b"".join(answers))
        writer.close()

    server = await asyncio.start_server(carrier, "127.0.0.1", 0)
    watch = Watch(server.sockets[0].getsockname()[1], window=count)
    await watch.up()
    for number in range(count):
        watch.link.submit(outbound(message_id=number + 1))
    try:
        async with asyncio.timeout(10):
            outcomes = [await watch.outcomes.get() for _ in range(count)]
    finally:
        await watch.stop()
        server.close()
    assert {outcome.smsc_message_id for outcome in outcomes if isinstance(outcome, Accepted)} == {
        str(each) for each in range(count)
    }


async def test_a_wrong_password_is_told_from_a_closed_port(
    smsc: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    watch = Watch(smsc.smsc.port, password="wrong")
    while "refused: ESME_RINVPASWD" not in capsys.readouterr().out:
        await asyncio.wait_for(watch.changed.wait(), 5)
        watch.changed.clear()
    assert not watch.link.is_up
    await watch.stop()


@asynccontextmanager
async def delivering(octets: bytes) -> AsyncIterator[tuple[int, asyncio.Queue[Pdu]]]:
    """A carrier that sends these octets to whoever binds; gives its port, and what it is answered."""
    answers: asyncio.Queue[Pdu] = asyncio.Queue()

    async def heard(reader: asyncio.StreamReader) -> Pdu:
        head = await reader.readexactly(16)
        return codec.decode(head + await reader.readexactly(codec.header(head).command_length - 16))

    async def carrier(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = (await heard(reader)).sequence_number
        writer.write(codec.encode(Pdu(CommandId.bind_transceiver_resp, number, body=BindResp("x"))))
        writer.write(octets)
        answers.put_nowait(await heard(reader))
        writer.close()

    server = await asyncio.start_server(carrier, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], answers
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(("kept", "answered"), [(True, status.ESME_ROK), (False, status.ESME_RX_T_APPN)])
async def test_an_inbound_message_is_acknowledged_when_it_is_kept(kept: bool, answered: int) -> None:  # noqa: FBT001
    octets = codec.encode(Pdu(CommandId.deliver_sm, 1, body=ShortMessageBody(short_message=b"STOP")))
    async with delivering(octets) as (port, answers):
        watch = Watch(port)
        watch.keep = kept
        answer = await answers.get()
        assert (answer.command_id, answer.command_status) == (CommandId.deliver_sm_resp, answered)
        assert [text_of([part.piece]) for part in watch.inbound] == ["STOP"]
        assert watch.link.condition().anomalies == ()
        await watch.stop()


@pytest.mark.parametrize("tail", [b"\0", b"\x14\x01\x00\x08\x31"])
async def test_a_message_with_octets_behind_it_is_taken_and_told_of(tail: bytes) -> None:
    body = codec.parameters(ShortMessageBody(short_message=b"STOP"), {}) + tail
    octets = codec.head(16 + len(body), CommandId.deliver_sm, 0, 1) + body
    async with delivering(octets) as (port, answers):
        watch = Watch(port)
        assert (await answers.get()).command_status == status.ESME_ROK
        assert [text_of([part.piece]) for part in watch.inbound] == ["STOP"]
        assert watch.link.condition().anomalies == (Noted("trailing_octets", "", 1),)
        await watch.stop()


async def test_a_form_without_an_id_that_can_be_read_is_a_handset_s_message() -> None:
    text = b"id:, stat:DELIVRD sub:001"
    body = ShortMessageBody(source_addr="447700900001", destination_addr="74700", short_message=text)
    async with delivering(codec.encode(Pdu(CommandId.deliver_sm, 1, body=body))) as (port, answers):
        watch = Watch(port)
        assert (await answers.get()).command_status == status.ESME_ROK
        assert [text_of([part.piece]) for part in watch.inbound] == [text.decode()]
        await watch.stop()


@pytest.mark.parametrize(("tagged", "is_doubtful"), [(b"7\0", False), (b"ZZ-9\0", True)])
async def test_a_receipt_with_two_ids_is_in_doubt(tagged: bytes, *, is_doubtful: bool) -> None:
    body = ShortMessageBody(esm_class=0x04, short_message=b"id:7 stat:DELIVRD")
    pdu = Pdu(CommandId.deliver_sm, 1, body=body, tlvs={tlv.RECEIPTED_MESSAGE_ID: tagged})
    async with delivering(codec.encode(pdu)) as (port, answers):
        watch = Watch(port)
        assert (await answers.get()).command_status == status.ESME_ROK
        assert [each.message for each in watch.doubtful] == ([None] if is_doubtful else [])
        assert watch.receipts.empty() is is_doubtful
        await watch.stop()


@pytest.mark.parametrize("is_on", [True, False])
@pytest.mark.parametrize("header", [b"", *HEADERS_OF_ONE])
async def test_what_has_the_form_of_a_receipt_and_no_mark_is_told_apart_by_others(
    header: bytes, *, is_on: bool
) -> None:
    text = b"id:7 sub:001 dlvrd:001 submit date:2611211200 done date:2611211200 stat:UNDELIV err:034 text:"
    body = ShortMessageBody(
        source_addr="447700900001",
        destination_addr="74700",
        esm_class=0x40 if header else 0,
        short_message=header + text,
    )
    async with delivering(codec.encode(Pdu(CommandId.deliver_sm, 1, body=body))) as (port, answers):
        watch = Watch(port, quirks=Quirks(unmarked_receipts=is_on))
        assert (await answers.get()).command_status == status.ESME_ROK
        found = [(each.receipt.smsc_message_id, each.receipt.state) for each in watch.doubtful]
        assert found == ([("7", ReceiptState.UNDELIVERED)] if is_on else [])
        messages = watch.inbound + [each.message for each in watch.doubtful if each.message is not None]
        assert [text_of([part.piece]) for part in messages] == [text.decode()]
        await watch.stop()
