"""The simulated carrier: its table, its handsets, its view."""

from __future__ import annotations

import random

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sms.long_messages import Row, rows
from tests.strategies import gsm_texts, texts

from aldis.app.simulator import Simulator
from aldis.clock import SystemClock
from aldis.settings import SimulatorSettings
from aldis.simulator.behaviour import BY_LAST_DIGITS, DELIVERS, behaviour_for, reaches_handset
from aldis.simulator.handsets import PATIENCE_MS, Arriving, Handsets
from aldis.sms.encoding import Encoding, encode
from aldis.sms.reassembly import BURST_MS, OVERLAP_MS, Times
from aldis.sms.segments import split
from aldis.traffic.handset import Bubble


def test_the_table_covers_what_is_promised() -> None:
    assert sorted(BY_LAST_DIGITS) == [str(number) for number in range(80, 93)]
    assert all(behaviour_for(f"4477009000{number:02d}") is DELIVERS for number in range(80))
    assert not reaches_handset(BY_LAST_DIGITS["80"])
    assert reaches_handset(BY_LAST_DIGITS["84"])


@given(st.one_of(gsm_texts, texts).filter(bool), st.randoms(use_true_random=False))
def test_a_handset_shows_the_text_whatever_the_order_of_its_segments(
    text: str, chance: random.Random
) -> None:
    handsets, encoded = Handsets(), encode(text)
    segments = list(split(encoded, 42))
    chance.shuffle(segments)
    for segment in segments:
        esm_class = 0x40 if segment.header else 0
        data_coding = 0 if encoded.encoding is Encoding.GSM7 else 8
        payload = segment.header + segment.octets
        handsets.receive(Arriving("74700", "447700900001", esm_class, data_coding, payload), 0)
    (received,) = handsets.of("447700900001")
    assert (received.text, received.segments) == (text, len(segments))
    assert handsets.incomplete == 0
    assert handsets.numbers() == {"447700900001": 1}


def test_an_incomplete_message_is_counted_and_not_shown() -> None:
    handsets = Handsets()
    part = Arriving("a", "b", 0x40, 0, b"\x05\x00\x03\x01\x02\x01x")
    assert handsets.receive(part, 0) is None
    assert handsets.receive(part, 0) is None  # the same segment again
    assert (handsets.incomplete, handsets.messages) == (1, 0)
    handsets.clear()
    assert handsets.incomplete == 0


def test_handsets_forget_the_oldest_and_count_what_they_keep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aldis.simulator.handsets.MAX_MESSAGES", 4)
    handsets = Handsets()
    for at, number in enumerate(("one", "two", "one", "three", "two", "two")):
        handsets.receive(Arriving("74700", number, 0, 0, b"x"), at)
    handsets.wrote("one", Bubble(9, is_written=True, other="74700", text="STOP"))
    assert handsets.numbers() == {"three": 1, "two": 2}
    assert [(phone.number, phone.messages, phone.last.text) for phone in handsets.phones(2)] == [
        ("one", 1, "STOP"),
        ("two", 2, "x"),
    ]
    assert [bubble.at for bubble in handsets.conversation("two", 1)] == [5]
    assert handsets.changes == 7


@pytest.mark.parametrize(
    ("method", "path", "status", "part"),
    [
        ("GET", "/", 200, '"submits"'),
        ("GET", "/handsets", 200, '"447700900001": 1'),
        ("GET", "/handsets/447700900001", 200, '"text": "Grüße, 1 €"'),
        ("GET", "/handsets/%2B447700900001", 200, '"segments": 1'),
        ("GET", "/handsets/1", 200, '"messages": []'),
        ("DELETE", "/handsets", 200, '"messages": 0'),
        ("GET", "/nothing", 404, "error"),
        ("POST", "/handsets", 405, "error"),
    ],
)
async def test_the_view_shows_what_arrived(method: str, path: str, status: int, part: str) -> None:
    simulator = Simulator(SimulatorSettings("127.0.0.1:0", "127.0.0.1:0"), SystemClock())
    await simulator.start()
    arriving = Arriving("74700", "447700900001", 0, 0, encode("Grüße, 1 €").octets)
    simulator.memory.handsets.receive(arriving, 1_795_262_400_000)
    url = f"http://127.0.0.1:{simulator.view.port}{path}"
    async with aiohttp.ClientSession() as session, session.request(method, url) as answer:
        assert answer.status == status
        assert part in await answer.text()
    await simulator.stop()


def test_a_handset_shows_in_the_end_what_it_has_of_a_message() -> None:
    handsets = Handsets()
    handsets.receive(Arriving("a", "b", 0x40, 0, b"\x05\x00\x03\x01\x03\x01one "), 0)
    handsets.receive(Arriving("a", "b", 0x40, 0, b"\x05\x00\x03\x01\x03\x03three"), 1)
    handsets.receive(Arriving("a", "c", 0, 0, b"later"), PATIENCE_MS + 1)
    assert [received.text for received in handsets.of("b")] == ["one three"]


TIMES = Times(PATIENCE_MS, 0, OVERLAP_MS, BURST_MS)


@pytest.mark.parametrize("row", rows(TIMES).values(), ids=rows(TIMES))
def test_a_handset_puts_segments_together_as_inbound_does(row: Row) -> None:
    came, told = row
    handsets = Handsets()
    for number, text, at, total in came:
        header = bytes((5, 0, 3, 7, total, number))
        handsets.receive(Arriving("a", "b", 0x40, 0, header + text.encode()), at)
    assert [received.text for received in handsets.of("b")] == told


def test_a_handset_reads_national_tables_and_classes() -> None:
    handsets = Handsets()
    shown = handsets.receive(Arriving("a", "b", 0x40, 0x10, b"\x03\x24\x01\x01\x1bi\x1bs"), 0)
    assert shown is not None
    assert (shown.text, shown.encoding, shown.message_class) == ("ış", "GSM7", 0)
    octets = handsets.receive(Arriving("a", "b", 0, 0x04, b"\x01\xff"), 0)
    assert octets is not None
    assert octets.text == "01 ff"
