"""What a peer can make us hold: output that it does not read, and work for sessions that have ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from aldis.clock import SystemClock
from aldis.links.smpp.session import CHUNK, SmppSession
from aldis.smpp import codec
from aldis.smpp.command import CommandId
from aldis.smpp.connection import Event, RequestArrived
from aldis.smpp.pdus import Bind, BindResp, Empty, Pdu, ShortMessageBody
from aldis.smpp.timers import Timers
from aldis.stages.intake import MAX_TAKEN, Intake
from aldis.stages.sending.upstream import Outbound

HIGH_WATER = 65_536
LETTER = codec.encode(Pdu(CommandId.deliver_sm, 7, body=ShortMessageBody(short_message=b"x" * 100)))
PROBE = codec.encode(Pdu(CommandId.enquire_link, 7, body=Empty()))


class Wire(asyncio.Transport):
    """A transport whose peer reads only when told to; says so as asyncio's do."""

    def __init__(self, session: SmppSession) -> None:
        super().__init__()
        self._session = session
        self.unread = 0
        self.is_read_from = True
        self.is_aborted = self.is_closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.unread += len(data)
        if self.unread > HIGH_WATER:
            self._session.pause_writing()

    def read(self) -> None:
        self.unread = 0
        self._session.resume_writing()

    def pause_reading(self) -> None:
        self.is_read_from = False

    def resume_reading(self) -> None:
        self.is_read_from = True

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_aborted = True


@pytest.fixture
async def bound() -> tuple[SmppSession, Wire]:
    def answer_all(session: SmppSession, events: list[Event[Outbound]]) -> None:
        for event in events:
            if isinstance(event, RequestArrived):
                session.answer(event.pdu, 0)

    session = SmppSession(SystemClock(), Timers(), answer_all)
    wire = Wire(session)
    session.connection_made(wire)
    session.connection.bind(CommandId.bind_transceiver, Bind("x"))
    session.flush()
    session.data_received(codec.encode(Pdu(CommandId.bind_transceiver_resp, 1, body=BindResp("y"))))
    return session, wire


@pytest.mark.parametrize("pdu", [LETTER, PROBE], ids=["letters", "probes"])
@pytest.mark.parametrize("at_once", [1, 100, 5_000])
async def test_output_to_a_peer_that_does_not_read_is_bounded(
    bound: tuple[SmppSession, Wire], pdu: bytes, at_once: int
) -> None:
    session, wire = bound
    sent = 0
    while sent < 50_000 and wire.is_read_from:
        session.data_received(pdu * at_once)
        sent += at_once
        for _ in range(len(pdu) * at_once // CHUNK + 2):
            await asyncio.sleep(0)
    assert sent < 50_000
    assert wire.unread < HIGH_WATER + 2 * CHUNK
    answered = wire.unread
    while not wire.is_read_from or session.is_clogged:  # it reads at last, and all that it said is answered
        wire.read()
        for _ in range(5):
            await asyncio.sleep(0)
        answered += wire.unread
    answer = 17 if pdu is LETTER else 16
    assert answered >= answer * sent


async def test_what_a_peer_does_not_read_keeps_no_session_open(
    bound: tuple[SmppSession, Wire], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aldis.links.smpp.session.CLOSE_S", 0.0)
    session, wire = bound
    session.close("stopping")
    await asyncio.sleep(0.01)
    assert (wire.is_closed, wire.is_aborted) == (True, True)


class Gathering(Intake[int]):
    """Keeps what it is given."""

    def __init__(self) -> None:
        super().__init__("gathering", 1.0, 500)
        self.kept: list[int] = []

    async def keep(self, items: list[int]) -> None:
        self.kept += items


async def test_more_than_can_be_kept_is_handed_back(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever sent it: a carrier that hangs up after each flood cannot have more taken."""
    intake, handed_back, kept = Gathering(), [0], [0]

    def done(is_kept: bool) -> None:  # noqa: FBT001 - as links are called
        (kept if is_kept else handed_back)[0] += 1

    told: Callable[[bool], None] = done
    for number in range(MAX_TAKEN + 100):
        intake.take(number, told)
    assert (handed_back, kept) == ([100], [0])
    while await intake.step():
        pass
    assert kept == [MAX_TAKEN]
    intake.take(1, told)
    assert await intake.step() == 1
    assert capsys.readouterr().out.count("carriers send faster than can be kept") == 1
