"""The door's connection without a socket: how octets are cut does not matter, nothing makes it raise, and every
state knows what follows.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.doors.http.answers import Answers
from aldis.doors.http.assembler import MAX_PIPELINED, Phase, RequestAssembler
from aldis.doors.http.guard import BodyBudget, GuardLimits
from aldis.doors.http.session import WASTE_S, HttpSession, Site, in_our_own_words
from aldis.doors.http.states import (
    ANSWERING,
    BLOCKED,
    CLOSING,
    ENDING,
    EVENTS,
    LOST,
    READING,
    REFUSED,
    STALLED,
    TABLE,
    ConnectionState,
)
from aldis.listening.guard import Guard

LIMITS = GuardLimits(header_octets=1000, header_count=20, body_octets=500, connections=1, answer_s=15)
OK = HttpReply(200, b"text/plain", b"yes")
LATE = HttpReply(503, b"text/plain", b"late")
GET = b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
CHUNKED = b"POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\n"
TOO_LARGE = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 501\r\n\r\n" + b"a" * 501
EXPECTING = b"POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok"
OLD = b"HEAD /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
LAST = b"GET /l HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
WHOLE = (GET, POST, CHUNKED, EXPECTING, OLD, TOO_LARGE, LAST)


class FakeWire:
    """A transport in memory: keeps what is written, closes when told."""

    def __init__(self) -> None:
        self.written = b""
        self.is_closed = self.is_paused = False

    def write(self, data: bytes, /) -> None:
        assert not self.is_closed
        self.written += data

    def is_closing(self) -> bool:
        return self.is_closed

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def close(self) -> None:
        self.is_closed = True

    abort = close


class Opened:
    """A session on a fake wire; its requests are answered when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked: list[HttpRequest] = []
        self.answers: list[Callable[[HttpReply], None]] = []
        self.guard = Guard(LIMITS)
        self.site = Site(
            answer_late=self._answer_late,
            refuse=in_our_own_words,
            limits=LIMITS,
            entropy=lambda _bits: 7,
            answers=Answers(lambda: self.now),
            origin="http://",
            is_tls=False,
            bodies=BodyBudget(2**30),
        )
        self.session, self.wire = self.another()

    def another(self) -> tuple[HttpSession, FakeWire]:
        slot = self.guard.admit("10.0.0.1")
        assert slot is not None
        session, wire = HttpSession(self.site, slot, lambda: self.now, self._serve), FakeWire()
        session.opened(wire)
        return session, wire

    def _serve(self, request: HttpRequest, answer: Callable[[HttpReply], None]) -> None:
        self.asked.append(request)
        self.answers.append(answer)

    def _answer_late(self, request: HttpRequest) -> HttpReply:
        assert self.answers, "it has an answer"
        assert request is self.asked[-1]
        return LATE

    def end(self) -> None:
        if not self.session.eof_received():
            self.wire.close()

    def lose(self) -> None:
        self.wire.close()
        self.session.connection_lost(None)

    def answer(self) -> None:
        if self.answers:
            self.answers.pop(0)(OK)


def assembled(pieces: list[bytes]) -> tuple[list[tuple[HttpRequest, bytes]], Phase, int]:
    assembler = RequestAssembler("10.0.0.1", LIMITS, lambda _bits: 7, "http://", BodyBudget(2**30))
    found: list[tuple[HttpRequest, bytes]] = []
    for piece in pieces:
        assembler.feed(piece)
        found += assembler.requests
        assembler.requests.clear()
    return found, assembler.phase, assembler.fault


@given(st.lists(st.sampled_from(WHOLE), min_size=1, max_size=MAX_PIPELINED - 1), st.data())
def test_any_cut_of_a_stream_gives_the_same_requests(stream: list[bytes], data: st.DataObject) -> None:
    octets = b"".join(stream)
    cuts = data.draw(st.lists(st.integers(0, len(octets)), max_size=30).map(sorted))
    pieces = [octets[start:end] for start, end in zip([0, *cuts], [*cuts, len(octets)], strict=True)]
    assert assembled([piece for piece in pieces if piece]) == assembled([octets])


def test_every_octet_by_itself_gives_the_same_requests() -> None:
    octets = b"".join(WHOLE)
    requests, phase, fault = assembled([bytes((octet,)) for octet in octets])
    assert (requests, phase, fault) == assembled([octets])
    assert [(each.method, each.path, each.body, each.body_fits) for each, _ in requests] == [
        ("GET", "/a", b"", True),
        ("POST", "/a", b"body", True),
        ("POST", "/c", b"abcde", True),
        ("POST", "/e", b"ok", True),
        ("HEAD", "/a", b"", True),
        ("POST", "/a", b"", False),  # what stands behind it is not read
    ]
    assert (phase, fault) == (Phase.ENDED, 0)


ACTIONS: dict[str, Callable[[Opened], object]] = {
    "answer": Opened.answer,
    "block": lambda opened: opened.session.pause_writing(),
    "unblock": lambda opened: opened.session.resume_writing(),
    "end": Opened.end,
    "leave": lambda opened: opened.session.leave(),
    "sweep": lambda opened: opened.session.sweep(opened.now),
    "wait": lambda opened: setattr(opened, "now", opened.now + 10),
    "lose": Opened.lose,
}
PIECES = (
    st.sampled_from(WHOLE) | st.binary(min_size=1, max_size=50) | st.sampled_from(WHOLE).map(lambda w: w[:30])
)


@given(st.lists(PIECES | st.sampled_from(sorted(ACTIONS)), max_size=30))
def test_whatever_comes_in_whatever_order_it_never_raises_and_asks_one_by_one(
    happenings: list[bytes | str],
) -> None:
    opened = Opened()
    session, is_lost = opened.session, False
    for happening in happenings:
        if is_lost:
            break
        if isinstance(happening, bytes):
            session.data_received(happening)
        else:
            ACTIONS[happening](opened)
            is_lost = happening == "lose"
        assert len(opened.answers) <= 1
        assert session.state in TABLE
        if session.state.is_answering:
            assert len(opened.answers) == 1
        assert opened.wire.is_closed is (session.state is CLOSING or is_lost)
    if not is_lost:
        session.connection_lost(None)
    assert (session.state, opened.site.sessions) == (LOST, set())
    opened.answer()  # in vain
    assert opened.guard.open == 0  # its slot is free again


#: what is said or done → the state after it
WAYS: dict[str, tuple[list[bytes | str], ConnectionState]] = {
    "nothing yet": ([], READING),
    "half a request": ([GET[:9]], READING),
    "a request": ([GET], ANSWERING),
    "its answer": ([GET, "answer"], READING),
    "the last request": ([LAST], ENDING),
    "its last answer": ([LAST, "answer"], CLOSING),
    "two, the first answered": ([GET + LAST, "answer"], ENDING),
    "no HTTP": ([b"\x00\x01"], CLOSING),
    "a request and no HTTP": ([GET + b"\x00\x01"], ENDING),
    "no more is said": (["end"], CLOSING),
    "no more is said behind a request": ([GET, "end"], ENDING),
    "answers are not read": ([GET, "answer", "block"], BLOCKED),
    "answers are not read meanwhile": ([GET, "block"], STALLED),
    "and that one is answered": ([GET, "block", "answer"], BLOCKED),
    "answers are read again": ([GET, "block", "answer", "unblock"], READING),
    "and one waits": ([GET + GET, "block", "answer", "unblock"], ANSWERING),
    "we leave": (["leave"], CLOSING),
    "we leave behind a request": ([GET, "leave"], ENDING),
    "idle for too long": ([GET, "answer", *["wait"] * 7, "sweep"], CLOSING),
    "slow": ([GET[:9], "wait", "sweep"], CLOSING),
    "slow while one is answered": ([GET + GET[:9], "wait", "sweep"], ANSWERING),
    "lost": ([GET, "lose"], LOST),
    "unanswered": ([GET, "sweep", "wait", "sweep"], ANSWERING),
    "unanswered for too long": ([GET, "sweep", *["wait"] * 2, "sweep"], CLOSING),
    "and one waits behind it": ([GET + GET, "sweep", *["wait"] * 2, "sweep"], CLOSING),
    "each has its own time": ([GET + GET, "sweep", "wait", "answer", "sweep", "wait", "sweep"], ANSWERING),
    "unanswered, and not read": ([GET, "block", "sweep", *["wait"] * 2, "sweep"], CLOSING),
}


def test_an_answer_that_comes_after_its_time_answers_nobody() -> None:
    opened = Opened()
    opened.session.data_received(GET + GET)
    for now in (0, 15):
        opened.now = now
        opened.session.sweep(now)
    written = opened.wire.written
    assert written.startswith(b"HTTP/1.1 503 ")
    assert b"connection: close" in written.lower()
    opened.answer()
    assert (opened.wire.written, len(opened.asked)) == (written, 1)


@pytest.mark.parametrize("way", WAYS)
def test_what_leads_where(way: str) -> None:
    happenings, state = WAYS[way]
    opened = Opened()
    for happening in happenings:
        if isinstance(happening, bytes):
            opened.session.data_received(happening)
        else:
            ACTIONS[happening](opened)
    assert opened.session.state is state


def test_one_connection_too_many_is_refused() -> None:
    opened = Opened()
    session, wire = opened.another()
    assert session.state is REFUSED
    session.data_received(GET)
    assert (session.state, wire.written[:13]) == (CLOSING, b"HTTP/1.1 429 ")


def test_the_table_is_total_and_every_state_is_reached() -> None:
    for state, followers in TABLE.items():
        assert len(followers) == len(EVENTS)
        assert set(followers) <= set(TABLE)
        assert [getattr(state, event) for event in EVENTS] == list(followers)
    reached, found = set[ConnectionState](), {READING, REFUSED}
    while found - reached:
        reached |= found
        found = {follower for state in reached for follower in TABLE[state]}
    assert reached == set(TABLE)


@pytest.mark.parametrize("state", TABLE)
def test_what_the_table_promises(state: ConnectionState) -> None:
    assert state.lost is LOST
    assert state.closed in {CLOSING, LOST}
    assert state.blocked.unblocked.blocked is state.blocked
    if state in {CLOSING, LOST}:  # nothing is asked, read or answered any more
        assert {getattr(state, event) for event in EVENTS} <= {CLOSING, LOST}
    assert not state.ended.ended.answered.is_answering or state.ended is ENDING


#: octets that the parser refuses, and the path that they name
UNREADABLE = [
    ("GET /a?text=ü HTTP/1.1\r\nHost: x\r\n\r\n".encode(), "/a"),
    (b"GET /a?text=two words HTTP/1.1\r\nHost: x\r\n\r\n", "/a"),
    (b"GET /a HTTP/1.1\r\nHost x\r\n\r\n", "/a"),
    (b"GET /a HTTP/1.1\r\n\r\n", "/a"),
    (b"POST /a/b HTTP/1.1\r\nHost: x\r\nContent-Length: two\r\n\r\n", "/a/b"),
    (b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", "/a"),
    (b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "/a"),
    (b"get /a HTTP/1.1\r\nHost: x\r\n\r\n", "/a"),
    (b"FETCH /a HTTP/1.1\r\nHost: x\r\n\r\n", "/a"),
    (b"GET /a HTTP/3.0\r\nHost: x\r\n\r\n", "/a"),
    (b"GET /a HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 2000, "/a"),
    (b"\x16\x03\x01\x02\x00\x01\x00", ""),
    (b"\0\0\0\x10\0\0\0\x15", ""),
    (b"/a\r\n\r\n", ""),
]


@pytest.mark.parametrize(("octets", "path"), UNREADABLE)
@pytest.mark.parametrize("before", [b"", GET])
def test_what_cannot_be_read_is_refused_by_whom_it_was_for(octets: bytes, path: str, before: bytes) -> None:
    opened = Opened()
    refused: list[tuple[str, int]] = []

    def refuse(request: HttpRequest, status: int) -> HttpReply | None:
        refused.append((request.path, status))
        return HttpReply(status, b"text/xml", b"<no/>")

    opened.site.refuse = refuse
    if before:
        opened.session.data_received(before)
        opened.answer()
        opened.wire.written = b""
    opened.session.data_received(octets)
    assert opened.wire.is_closed
    assert [each for each, _ in refused] == ([path] if path else [])
    head, _, body = opened.wire.written.partition(b"\r\n\r\n")
    assert b"\r\nConnection: close" in head
    assert (body == b"<no/>") is bool(path)
    assert head.split(b" ")[1] == str(refused[0][1] if path else 400).encode()
    assert all(line.split(b":")[0].istitle() for line in head.split(b"\r\n")[1:])


def test_who_sends_mostly_framing_is_turned_away_with_a_later_sweep() -> None:
    opened = Opened()
    opened.session.data_received(CHUNKED[: CHUNKED.index(b"3\r\n")] + b"1\r\nx\r\n" * 1_000)
    assert (opened.wire.is_paused, opened.wire.written) == (True, b"")
    opened.session.sweep(WASTE_S / 2)
    assert opened.wire.written == b""
    opened.session.sweep(WASTE_S)
    assert (opened.wire.written[:13], opened.wire.is_closed) == (b"HTTP/1.1 431 ", True)
