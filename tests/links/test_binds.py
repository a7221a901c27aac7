"""A link over several binds, pairs and TLS, against the simulated SMSC over real sockets."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.links.test_smpp import outbound

from aldis.app.simulator import Simulator
from aldis.clock import SystemClock
from aldis.links.contract import taking_nothing
from aldis.links.smpp.entry import SmppEntry
from aldis.links.smpp.link import SmppLink
from aldis.smpp import codec, status
from aldis.smpp.command import CommandId
from aldis.smpp.pdus import BindResp, MessageIdBody, Pdu
from aldis.stages.sending.upstream import (
    CLOSED,
    Accepted,
    Deferred,
    LinkTrouble,
    Outbound,
    Outcome,
    UpstreamListener,
)
from aldis.traffic.inbound import InboundPart
from aldis.traffic.receipt import Receipt

ENTRY = SmppEntry(name="link", host="127.0.0.1", system_id="aldis", password="right", window=5)


class Observed:
    """A running link, and what came of it."""

    def __init__(self, **changes: Any) -> None:
        around = msgspec.structs.replace(
            taking_nothing(SystemClock()),
            jitter=lambda: 0.0,
            take_receipt=self._receipt,
            take_inbound=self._inbound,
        )
        self.outcomes: list[Outcome] = []
        self.receipts: list[Receipt] = []
        self.inbound: list[InboundPart] = []
        self.changed = asyncio.Event()
        listener = UpstreamListener(self._outcome, lambda _segment, _accepted: None, self.changed.set)
        self.link = SmppLink(msgspec.structs.replace(ENTRY, **changes), around, listener)
        self.task = asyncio.create_task(self.link.run())

    def _outcome(self, _segment: Outbound, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.changed.set()

    def _inbound(self, part: InboundPart, done: Callable[[bool], None]) -> None:
        self.inbound.append(part)
        done(True)

    def _receipt(self, receipt: Receipt, done: Callable[[bool], None]) -> None:
        self.receipts.append(receipt)
        self.changed.set()
        done(True)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self.changed.clear()
                try:
                    await asyncio.wait_for(self.changed.wait(), 0.05)
                except TimeoutError:
                    continue

    async def stop(self) -> None:
        await self.link.stop(1.0)
        await self.task


async def test_several_binds_share_the_load_and_their_windows_add_up(smsc: Simulator) -> None:
    seen = Observed(port=smsc.smsc.port, binds=3)
    await seen.until(lambda: seen.link.room() == 15)
    assert seen.link.window == 15
    for number in range(15):
        seen.link.submit(outbound(message_id=number + 1))
    assert seen.link.room() == 0
    assert [bind.room(5) for bind in seen.link.binds] == [0, 0, 0]
    await seen.until(lambda: len(seen.outcomes) == 15 and len(seen.receipts) == 15)
    assert all(isinstance(outcome, Accepted) for outcome in seen.outcomes)
    first = seen.link.binds[0].session
    assert first is not None
    first.close("test")
    assert seen.link.is_up  # the others stand
    await seen.until(lambda: all(bind.is_up for bind in seen.link.binds))
    await seen.stop()
    assert not seen.link.is_up


async def test_a_transmitter_and_a_receiver_make_a_pair(smsc: Simulator) -> None:
    seen = Observed(port=smsc.smsc.port, bind="pair")
    await seen.until(lambda: all(bind.is_up for bind in seen.link.binds))
    assert seen.link.room() == 5
    seen.link.submit(outbound())
    await seen.until(lambda: len(seen.receipts) == 1)
    (accepted,) = seen.outcomes
    assert isinstance(accepted, Accepted)
    assert seen.receipts[0].smsc_message_id == accepted.smsc_message_id
    assert Counter(bind.condition for bind in seen.link.binds) == {"bound": 2}
    await seen.stop()


@asynccontextmanager
async def behind_tls(port: int, certificate: tuple[Path, Path]) -> AsyncIterator[int]:
    """Put a TLS door before the simulator."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while octets := await reader.read(65_536):
            writer.write(octets)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind, before = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(carry(reader, before), carry(behind, writer), return_exceptions=True)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def test_a_link_over_tls(smsc: Simulator, certificate: tuple[Path, Path]) -> None:
    async with behind_tls(smsc.smsc.port, certificate) as port:
        seen = Observed(port=port, tls=True, tls_ca=str(certificate[0]))
        await seen.until(lambda: seen.link.is_up)
        seen.link.submit(outbound())
        await seen.until(lambda: len(seen.receipts) == 1)
        await seen.stop()


def test_carriers_speak_tls_1_2_or_better() -> None:
    context = SmppEntry(name="a", tls=True).tls_context()
    assert context is not None
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_REQUIRED


async def test_a_certificate_that_does_not_hold_is_refused(
    smsc: Simulator, certificate: tuple[Path, Path]
) -> None:
    async with behind_tls(smsc.smsc.port, certificate) as port:
        seen = Observed(port=port, tls=True)
        (bind,) = seen.link.binds
        await seen.until(lambda: "certificate does not hold" in bind.condition)
        assert not seen.link.is_up
        await seen.stop()


async def test_why_a_bind_does_not_stand(smsc: Simulator) -> None:
    refused = Observed(port=smsc.smsc.port, password="wrong")
    await refused.until(lambda: refused.link.binds[0].condition == "refused: ESME_RINVPASWD")
    await refused.stop()
    unreachable = Observed(port=1)
    await unreachable.until(lambda: unreachable.link.binds[0].condition.startswith("unreachable: "))
    await unreachable.stop()


@asynccontextmanager
async def carrier(statuses: list[int]) -> AsyncIterator[tuple[int, Counter[str]]]:
    """A carrier that answers submits with these statuses, then with yes."""
    counts: Counter[str] = Counter()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readexactly(16)
                body = await reader.readexactly(codec.header(head).command_length - 16)
                pdu = codec.decode(head + body)
                counts[CommandId(pdu.command_id).name] += 1
                number = pdu.sequence_number
                match pdu.command_id:
                    case CommandId.bind_transceiver:
                        answer = Pdu(CommandId.bind_transceiver_resp, number, body=BindResp("x"))
                    case CommandId.submit_sm if statuses:
                        answer = Pdu(CommandId.submit_sm_resp, number, statuses.pop(0))
                    case CommandId.submit_sm:
                        answer = Pdu(CommandId.submit_sm_resp, number, body=MessageIdBody(str(number)))
                    case _:
                        answer = Pdu(pdu.command_id | 0x80000000, number)
                writer.write(codec.encode(answer))
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], counts
    server.close()


async def test_a_session_that_is_at_fault_begins_anew_and_the_message_is_not_blamed() -> None:
    async with carrier([status.ESME_RINVBNDSTS]) as (port, counts):
        seen = Observed(port=port)
        await seen.until(lambda: seen.link.is_up)
        seen.link.submit(outbound())
        await seen.until(lambda: bool(seen.outcomes))
        assert seen.outcomes == [LinkTrouble("ESME_RINVBNDSTS")]
        assert seen.link.room() == 0
        await seen.until(lambda: counts["bind_transceiver"] == 2 and seen.link.room() == 5)
        assert counts["unbind"] == 1
        await seen.stop()


async def test_a_carrier_that_throttles_gets_less() -> None:
    async with carrier([status.ESME_RTHROTTLED]) as (port, _):
        seen = Observed(port=port)
        await seen.until(lambda: seen.link.is_up)
        for number in range(5):
            seen.link.submit(outbound(message_id=number + 1))
        await seen.until(lambda: len(seen.outcomes) == 5)
        assert seen.outcomes[0] == Deferred("ESME_RTHROTTLED")
        assert seen.link.room() == 0  # though the window is free
        assert seen.link.condition().throttled_by == "ESME_RTHROTTLED"
        await seen.until(lambda: seen.link.room() >= 1)
        await seen.stop()


async def test_a_stop_that_comes_while_connecting_is_heard() -> None:
    held: list[asyncio.StreamWriter] = []

    async def slow(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    server = await asyncio.start_server(slow, "127.0.0.1", 0)
    seen = Observed(port=server.sockets[0].getsockname()[1])
    await asyncio.sleep(0)  # the connect is under way now
    await seen.link.stop(1.0)
    await asyncio.wait_for(seen.task, 5)
    assert not seen.link.is_up
    for writer in held:
        writer.close()
    server.close()


async def test_a_bind_that_cannot_be_said_leaves_no_connection_behind() -> None:
    async with carrier([]) as (port, counts):
        seen = Observed(port=port, password="x" * 70)
        (bind,) = seen.link.binds
        await seen.until(lambda: bind.condition == "failed")
        assert bind.session is None
        assert counts == {}
        await seen.stop()


async def test_a_message_that_troubles_each_session_does_not_keep_the_link_down() -> None:
    async with carrier([status.ESME_ROK, status.ESME_RBINDFAIL] * 3) as (port, counts):
        seen = Observed(port=port)
        for round_number in range(3):
            await seen.until(lambda: seen.link.room() == 5)
            seen.link.submit(outbound(message_id=2 * round_number + 1))
            seen.link.submit(outbound(message_id=2 * round_number + 2))
            await seen.until(lambda count=2 * round_number + 2: len(seen.outcomes) == count)  # type: ignore[misc]
        assert counts["bind_transceiver"] == 3
        await seen.stop()


@pytest.mark.parametrize("binds", [{}, {"binds": 3}, {"bind": "pair"}])
async def test_a_link_that_is_closed_stays_down_until_it_is_opened(
    smsc: Simulator, binds: dict[str, Any]
) -> None:
    seen = Observed(port=smsc.smsc.port, **binds)
    await seen.until(lambda: set(seen.link.condition().binds) == {"bound"})
    await seen.link.close(2.0)
    assert set(seen.link.condition().binds) == {CLOSED}
    assert (seen.link.is_up, seen.link.room(), seen.link.condition().last_error) == (False, 0, "")
    assert seen.link.condition().down_since
    seen.link.open()
    await seen.until(lambda: set(seen.link.condition().binds) == {"bound"})
    assert seen.link.is_up
    await seen.link.stop(2.0)
    await seen.task


async def test_a_link_can_be_closed_while_it_cannot_be_reached() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        seen = Observed(port=nobody.getsockname()[1])
        await seen.until(lambda: seen.link.condition().last_error.startswith("unreachable"))
        await seen.link.close(2.0)
        assert seen.link.condition().binds == (CLOSED,)
        assert seen.link.condition().last_error.startswith("unreachable")
        await seen.link.stop(2.0)
        await seen.task
