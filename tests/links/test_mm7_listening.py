"""What an MMSC may ask of us: its reports and what handsets sent, answered when they are kept."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.clock import FakeClock
from tests.mms.samples import PNG

from aldis.accounts.credentials import is_password
from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.links.contract import taking_nothing
from aldis.links.mm7.entry import Mm7Entry
from aldis.links.mm7.listening import Listener
from aldis.mms.access import Access
from aldis.mms.mm7 import DeliverReq, DeliveryReportReq, Response, read_message, write
from aldis.mms.parts import Part, related
from aldis.stages.passwords import PasswordTry
from aldis.traffic.inbound import InboundMms
from aldis.traffic.receipt import Receipt, ReceiptState

ACCESS = Access("mmsc", "secret")


class Asked:
    """A listener without a socket."""

    def __init__(self, *, keeps: bool = True) -> None:
        self.receipts: list[Receipt] = []
        self.letters: list[InboundMms] = []

        def take_receipt(receipt: Receipt, done: Callable[[bool], None]) -> None:
            self.receipts.append(receipt)
            done(keeps)

        def take_letter(letter: InboundMms, done: Callable[[bool], None]) -> None:
            self.letters.append(letter)
            done(keeps)

        entry = Mm7Entry(name="mmsc", listen_user=ACCESS.user, listen_password=ACCESS.password)

        async def verify(tried: PasswordTry) -> bool:
            return is_password(tried.password, tried.password_hash)

        around = msgspec.structs.replace(
            taking_nothing(FakeClock()),
            take_receipt=take_receipt,
            take_mms=take_letter,
            verify_password=verify,
        )
        self._listener = Listener(entry, around)

    def ask(
        self, content_type: str, octets: bytes, authorization: str = ACCESS.header
    ) -> tuple[int, Response]:
        replies: list[HttpReply] = []
        headers = [(b"content-type", content_type.encode()), (b"authorization", authorization.encode())]
        request = HttpRequest("POST", "/", b"", headers, octets, "127.0.0.1")
        self._listener.serve(request, replies.append)
        (reply,) = replies
        answer = read_message(reply.content_type.decode(), reply.body)
        assert isinstance(answer, Response)
        return reply.status, answer


LETTER = DeliverReq(
    transaction_id="t",
    sender="447700900001",
    recipients=("74700", "74701"),
    subject="Holiday",
    content=related([Part("text/plain", b"See"), Part("image/png", PNG)]),
)


def test_a_letter_to_two_of_our_numbers_is_taken_twice_and_answered_once() -> None:
    asked, written = Asked(), write(LETTER)
    assert asked.ask(written.content_type, written.octets) == (200, Response("DeliverRsp", "t", 1000))
    assert [(each.recipient, each.text, len(each.attachments)) for each in asked.letters] == [
        ("74700", "See", 1),
        ("74701", "See", 1),
    ]


def test_a_letter_without_a_text_is_told_by_its_subject() -> None:
    asked, written = Asked(), write(msgspec.structs.replace(LETTER, content=None, recipients=("74700",)))
    assert asked.ask(written.content_type, written.octets)[0] == 200
    assert [(each.text, each.attachments) for each in asked.letters] == [("Holiday", ())]


def test_what_cannot_be_kept_is_to_come_again() -> None:
    written = write(LETTER)
    assert Asked(keeps=False).ask(written.content_type, written.octets) == (
        503,
        Response("VASPErrorRsp", "t", 3000),
    )


@given(
    st.sampled_from(["text/xml", "multipart/related; boundary=x", "", "multipart/mixed; boundary"]),
    st.sampled_from([b"", b"<", b"--x\r\n", b"<a:Envelope xmlns:a='b'><Body>"]),
    st.binary(max_size=300),
)
def test_any_octets_get_a_fault(content_type: str, opening: bytes, octets: bytes) -> None:
    http_status, answer = Asked().ask(content_type, opening + octets)
    assert http_status == 500
    assert answer.kind == "VASPErrorRsp"


@given(st.integers(0, 1200), st.binary(min_size=1, max_size=8))
def test_any_damage_gets_an_answer(at: int, damage: bytes) -> None:
    written = write(LETTER)
    octets = bytearray(written.octets)
    octets[at : at + len(damage)] = damage
    http_status, _ = Asked().ask(written.content_type, bytes(octets))
    assert http_status in (200, 500)


@given(st.text("Basic bWU6c2V=\x00é", max_size=30))
def test_nobody_gets_in_without_the_password(authorization: str) -> None:
    asked, written = Asked(), write(LETTER)
    assert asked.ask(written.content_type, written.octets, authorization)[0] == 401
    assert asked.letters == []


REPORT = DeliveryReportReq(
    transaction_id="r", message_id="aB0", sender="74700", recipient="447700900001", mm_status="Retrieved"
)


@pytest.mark.parametrize("dropped", ["", "\r\n", "--\r\n", "\r\n--b--\r\n"])
@pytest.mark.parametrize("dropped_within", ["", "--", "\r\n--c--"])
def test_a_letter_without_its_last_boundary_is_whole(dropped: str, dropped_within: str) -> None:
    """HTTP has said how long it is; refused, it would come again and again and be lost."""
    image = b"\r\n--c\r\nContent-Type: image/png\r\n\r\n" + PNG
    within = b"--c\r\n\r\nSee" + image + b"\r\n--c--"
    octets = (
        b"--b\r\n\r\n"
        + write(msgspec.structs.replace(LETTER, content=None)).octets
        + b"\r\n--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n"
        + within.removesuffix(dropped_within.encode())
        + b"\r\n--b--\r\n"
    )
    asked = Asked()
    status, answer = asked.ask("multipart/related; boundary=b", octets.removesuffix(dropped.encode()))
    assert (status, answer.code) == (200, 1000)
    assert [each.text for each in asked.letters] == ["See", "See"]
    assert [part.octets for each in asked.letters for part in each.attachments] == [PNG, PNG]


@pytest.mark.parametrize(
    ("content_type", "before", "behind"),
    [
        ("text/xml", b"", b""),
        ("text/xml", b"\r\n ", b"\r\n\0"),
        ("multipart/related", b"", b""),
        ("multipart/related; boundary=never", b"\xef\xbb\xbf\n", b""),
        ("multipart/related", b"--own\r\nContent-Type: text/xml\r\n\r\n", b"\r\n--own--"),
        ("application/octet-stream", b"--own\r\n\r\n", b"\r\n--own--\r\n"),
    ],
)
def test_a_report_counts_however_it_is_wrapped(content_type: str, before: bytes, behind: bytes) -> None:
    asked = Asked()
    answer = asked.ask(content_type, before + write(REPORT).octets + behind)
    assert answer == (200, Response("DeliveryReportRsp", "r", 1000))
    assert [(each.smsc_message_id, each.state) for each in asked.receipts] == [
        ("=aB0", ReceiptState.DELIVERED)
    ]
