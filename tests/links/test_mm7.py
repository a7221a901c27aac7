"""MM7 links: what each status means, and what becomes of a request whatever the MMSC does."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from tests.fakes.customer import raw_server, silent_server
from tests.fakes.ports import free_port
from tests.mms.photos import a_photo
from tests.mms.samples import PNG

from aldis.clock import SystemClock
from aldis.links.contract import taking_nothing
from aldis.links.mm7.entry import Mm7Entry
from aldis.links.mm7.link import Mm7Link
from aldis.links.mm7.translate import to_receipt
from aldis.links.mm7.verdicts import PERMANENT, TAKEN, TEMPORARY, judge
from aldis.mms.mm7 import DeliveryReportReq, Response, SubmitReq, read_message, write
from aldis.mms.status import Mm7Status
from aldis.sms.encoding import Encoding
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
from aldis.traffic.anomalies import Anomaly
from aldis.traffic.content import KeptPart
from aldis.traffic.receipt import ReceiptState

MESSAGE = Outbound(
    message_id=1,
    number=1,
    total=1,
    sender="74700",
    recipient="447700900001",
    encoding=Encoding.OCTETS,
    header=b"",
    octets=b"Hi",
    priority=3,
    expires_at=1_800_000_000_000,
    parts=(KeptPart("image/png", "digest", len(PNG)),),
)


def test_every_status_has_one_verdict() -> None:
    assert set(Mm7Status) == PERMANENT | TEMPORARY | TAKEN
    assert not PERMANENT & TEMPORARY
    assert not (PERMANENT | TEMPORARY) & TAKEN


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (1000, Accepted("=abc")),
        (1100, Accepted("=abc")),
        (2003, Rejected("MM7 2003 Address not found")),
        (4006, Deferred("MM7 4006 Service unavailable")),
        (9999, Deferred("MM7 9999 status 9999")),
    ],
)
def test_a_status_and_its_outcome(code: int, outcome: Outcome) -> None:
    assert judge(Response("SubmitRsp", "t", code, "abc")) == outcome


@pytest.mark.parametrize(
    ("mm_status", "state"),
    [
        ("Retrieved", ReceiptState.DELIVERED),
        ("Expired", ReceiptState.EXPIRED),
        ("REJECTED", ReceiptState.REJECTED),
        ("Unreachable", ReceiptState.UNDELIVERED),
        ("Indeterminate", ReceiptState.ENROUTE),
        ("Delivered", ReceiptState.DELIVERED),
        ("Undeliverable", ReceiptState.UNDELIVERED),
        ("FAILED", ReceiptState.UNDELIVERED),
        ("Deleted", ReceiptState.DELETED),
        ("Something", ReceiptState.ENROUTE),
    ],
)
def test_a_report_and_its_receipt(mm_status: str, state: ReceiptState) -> None:
    unknown: list[str] = []
    report = DeliveryReportReq(
        transaction_id="t", message_id="aB0", sender="1", recipient="2", mm_status=mm_status
    )
    receipt = to_receipt(report, "mmsc", 5, unknown.append)
    assert unknown == (["Something"] if mm_status == "Something" else [])
    assert (receipt.smsc_message_id, receipt.state, receipt.recipient) == ("=aB0", state, "2")


# ── the link ──


class Mmsc:
    """Answers as told, and remembers what was asked."""

    def __init__(self) -> None:
        self.port = free_port()
        self.asked: list[tuple[dict[str, str], SubmitReq]] = []
        self.pause_s = 0.0  # before each answer
        self.answer: Callable[[str], web.Response | None] = lambda transaction_id: said(transaction_id, 1000)
        self._runner: web.AppRunner

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        app = web.Application(client_max_size=10_000_000)
        app.router.add_post("/mm7", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=tls).start()

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        message = read_message(request.headers["Content-Type"], await request.read())
        assert isinstance(message, SubmitReq)
        self.asked.append((dict(request.headers), message))
        await asyncio.sleep(self.pause_s)
        answer = self.answer(message.transaction_id)
        if answer is None and request.transport is not None:
            request.transport.abort()
            await asyncio.sleep(0.1)
        return answer or web.Response()


def said(transaction_id: str, code: int, kind: str = "SubmitRsp") -> web.Response:
    written = write(Response(kind, transaction_id, code, "abc"))
    return web.Response(body=written.octets, headers={"Content-Type": written.content_type})


ENTRY = Mm7Entry(
    name="mmsc", user="me", password="secret", vasp_id="vasp", vas_id="vas", service_code="code", window=2
)


class Observed:
    """A link and what it reports."""

    def __init__(self, port: int, **changes: Any) -> None:
        url = f"http://127.0.0.1:{port}/mm7"
        entry = msgspec.structs.replace(ENTRY, **{"url": url, "response_s": 0.5, **changes})
        bare = taking_nothing(SystemClock())
        around = msgspec.structs.replace(bare, read_content=self._read, jitter=lambda: 0.0)
        self.content: dict[str, bytes] = {"digest": PNG}
        self.outcomes: list[Outcome] = []
        self.late: list[Accepted] = []
        told, late = self.outcomes.append, self.late.append
        listener = UpstreamListener(lambda _, each: told(each), lambda _, each: late(each), lambda: None)
        self.link = Mm7Link(entry, around, listener)
        self.running = asyncio.create_task(self.link.run())

    async def _read(self, digest: str) -> bytes | None:
        return self.content.get(digest)

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await asyncio.sleep(0.01)

    async def send(self, message: Outbound = MESSAGE) -> Outcome:
        await self.until(lambda: self.link.room() > 0)
        self.outcomes.clear()
        self.link.submit(message)
        await self.until(lambda: bool(self.outcomes))
        return self.outcomes[0]

    async def stop(self) -> None:
        await self.link.stop(0.1)
        await self.running


@pytest.fixture
async def mmsc() -> AsyncIterator[Mmsc]:
    made = Mmsc()
    await made.start()
    yield made
    await made.stop()


async def test_a_message_is_posted_with_who_we_are(mmsc: Mmsc) -> None:
    seen = Observed(mmsc.port)
    assert await seen.send() == Accepted("=abc")
    ((headers, asked),) = mmsc.asked
    assert headers["Authorization"] == "Basic bWU6c2VjcmV0"
    assert headers["SOAPAction"] == '""'
    told = (asked.vasp_id, asked.vas_id, asked.service_code, asked.sender, asked.recipient, asked.priority)
    assert told == ("vasp", "vas", "code", "74700", "447700900001", "High")
    await seen.stop()


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (lambda name: said(name, 4006), Deferred("MM7 4006 Service unavailable")),
        (lambda name: said(name, 2004), Rejected("MM7 2004 Multimedia content refused")),
        (lambda _: web.Response(status=503, text="busy"), Deferred("HTTP 503")),
        (lambda _: web.Response(status=401, text="who?"), Deferred("HTTP 401")),
        (lambda _: web.Response(status=302, headers={"Location": "/elsewhere"}), Deferred("HTTP 302")),
        (lambda _: web.Response(text="thanks"), Accepted("")),
        (lambda _: web.Response(status=202), Accepted("")),
        (lambda _: web.Response(text="x" * 1_000_000), Accepted("")),
        (lambda name: said(name, 0), Accepted("=abc")),
        (lambda name: said(name, 0, "RSErrorRsp"), Deferred("MM7 3000 Server error")),
        (lambda _: None, InDoubt("connection lost")),
    ],
    ids=[
        *("temporary", "permanent", "busy", "unauthorised", "redirect", "no mm7", "empty", "endless"),
        *("no status", "an error without a status", "hangs up"),
    ],
)
async def test_whatever_the_mmsc_does_there_is_an_outcome(
    mmsc: Mmsc, answer: Callable[[str], web.Response | None], outcome: Outcome
) -> None:
    seen = Observed(mmsc.port)
    mmsc.answer = answer
    assert await seen.send() == outcome
    assert seen.link.is_up
    await seen.stop()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"
TOLD = write(Response("SubmitRsp", "t", 1000, "abc")).octets
SHORT = b"Content-Length: 9\r\n\r\n<Envelope"
#: what stands on the wire, and whether an id can be had of it
ON_THE_WIRE = {
    "a body that ends early": (HEAD + b"Content-Length: 9000\r\n\r\n" + TOLD, "=abc"),
    "half a body": (HEAD + b"Content-Length: 9000\r\n\r\n" + TOLD[:90], ""),
    "a body that is no gzip": (HEAD + b"Content-Encoding: gzip\r\n" + SHORT, ""),
    "headers that end early": (HEAD + b"Content-Le", ""),
    "a chunk that is none": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + TOLD, ""),
    "no chunk at its end": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n<Enve\r\n", ""),
    "a header without colon": (HEAD + b"X-Frame-Options DENY\r\n" + SHORT, ""),
    "two lengths": (HEAD + b"Content-Length: 8\r\n" + SHORT, ""),
    "a length that is none": (HEAD + b"Content-Length: nine\r\n\r\n" + TOLD, ""),
    "a length and chunks": (HEAD + b"Transfer-Encoding: chunked\r\n" + SHORT, ""),
    "no Content-Length": (HEAD + b"\r\n" + TOLD, "=abc"),
    "a long header": (HEAD + b"X: " + b"x" * 20_000 + b"\r\n" + SHORT, ""),
    "bare line feeds": (HEAD.replace(b"\r", b"") + b"\n" + TOLD, "=abc"),
    "a folded header": (HEAD + b"X: a,\r\n b\r\n" + SHORT, ""),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", ""),
    "white space before the envelope": (
        HEAD + b"Content-Length: %d\r\n\r\n \n" % (len(TOLD) + 2) + TOLD,
        "=abc",
    ),
    "a multipart without boundary": (
        HEAD.replace(b"text/xml", b"multipart/related") + b"\r\n" + TOLD,
        "=abc",
    ),
}


@pytest.mark.parametrize("name", ON_THE_WIRE)
async def test_an_mmsc_that_said_200_has_the_message(name: str) -> None:
    octets, known_as = ON_THE_WIRE[name]
    async with raw_server(octets) as (url, _):
        seen = Observed(0, url=url)
        assert await seen.send() == Accepted(known_as)
        noted = [each.kind for each in seen.link.condition().anomalies]
        assert noted == ([] if known_as else [Anomaly.UNREADABLE_ANSWER])
        await seen.stop()


@pytest.mark.parametrize("response_s", [0.5, 30.0], ids=["it is overdue", "we stop"])
async def test_a_body_that_never_comes_takes_nothing_back(response_s: float) -> None:
    async with raw_server(HEAD + SHORT[:-1], hangs=True) as (url, answered):
        seen = Observed(0, url=url, response_s=response_s)
        await seen.until(lambda: seen.link.room() > 0)
        seen.link.submit(MESSAGE)
        await answered.wait()
        if response_s > 1:
            await seen.stop()
        await seen.until(lambda: bool(seen.outcomes))
        assert seen.outcomes == [Accepted("")]
        await seen.stop()


async def test_a_link_whose_mmsc_has_too_much_sends_slower_and_finds_its_way_back(mmsc: Mmsc) -> None:
    seen = Observed(mmsc.port)
    mmsc.answer = lambda name: said(name, 4006)
    await seen.send()
    assert seen.link.room() == 0
    mmsc.answer = lambda name: said(name, 1000)
    assert await seen.send() == Accepted("=abc")  # after a second or so
    await seen.stop()


async def test_an_mmsc_that_is_away_takes_the_link_down_until_it_is_back(mmsc: Mmsc) -> None:
    seen = Observed(mmsc.port)
    await seen.until(lambda: seen.link.is_up)
    await mmsc.stop()
    assert await seen.send() == LinkTrouble("unreachable")
    assert (seen.link.is_up, seen.link.room()) == (False, 0)
    assert seen.link.condition().binds[0].startswith("unreachable")
    await mmsc.start()
    assert await seen.send() == Accepted("=abc")
    await seen.stop()


async def test_over_tls_only_to_whom_we_believe(certificate: tuple[Path, Path]) -> None:
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(*certificate)
    mmsc = Mmsc()
    await mmsc.start(theirs)
    url = f"https://127.0.0.1:{mmsc.port}/mm7"
    seen = Observed(0, url=url, tls_ca=str(certificate[0]))
    assert await seen.send() == Accepted("=abc")
    await seen.stop()
    doubting = Observed(0, url=url)
    await doubting.until(lambda: "certificate" in doubting.link.condition().binds[0].lower())
    assert not doubting.link.is_up
    await doubting.stop()
    await mmsc.stop()


async def test_a_request_that_is_never_answered_is_in_doubt() -> None:
    async with silent_server() as url:
        seen = Observed(0, url=url)
        assert await seen.send() == InDoubt("response overdue", 0.5)
        await seen.stop()


async def test_what_is_under_way_when_we_stop_is_in_doubt() -> None:
    async with silent_server() as url:
        seen = Observed(0, url=url, response_s=30.0)
        await seen.until(lambda: seen.link.is_up)
        seen.link.submit(MESSAGE)
        seen.link.submit(MESSAGE)
        assert seen.link.room() == 0
        await asyncio.sleep(0)
        await seen.stop()
    assert seen.outcomes == [InDoubt("stopping")] * 2


async def test_content_that_is_lost_or_too_large_is_rejected(mmsc: Mmsc) -> None:
    seen = Observed(mmsc.port, max_octets=500)
    assert await seen.send() == Rejected("content too large for this link")
    seen.content.clear()
    assert await seen.send() == Rejected("content lost")
    text = msgspec.structs.replace(MESSAGE, parts=())
    assert await seen.send(text) == Rejected("a text cannot go over this link")
    await seen.stop()


async def test_a_picture_is_made_smaller_for_the_carrier(mmsc: Mmsc) -> None:
    pytest.importorskip("PIL")
    seen = Observed(mmsc.port, max_octets=6_000, downscale=True)
    seen.content["digest"] = a_photo("PNG")
    assert len(seen.content["digest"]) > 6_000
    assert await seen.send() == Accepted("=abc")
    assert mmsc.asked[0][1].content is not None
    assert len(mmsc.asked[0][1].content.octets) <= 6_000
    await seen.stop()
