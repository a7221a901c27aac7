"""MM7 as 3GPP TS 23.140 §8.7 prints it: its examples are read, ours have its structure, nothing else breaks it."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.mms import soap, status
from aldis.mms.composing import compose
from aldis.mms.mm7 import (
    BrokenMm7,
    DeliverReq,
    DeliveryReportReq,
    Message,
    Response,
    SubmitReq,
    read_message,
    write,
)
from aldis.mms.parts import Part, read
from aldis.mms.status import Mm7Status
from tests.mms.samples import PNG

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = datetime(2026, 11, 23, 12, tzinfo=UTC)
CONTENT = compose("Saturn", [Part("image/png", PNG)])
SUBMIT = SubmitReq(
    transaction_id="vas00001-sub",
    vasp_id="TNN",
    vas_id="News",
    sender="74700",
    recipient="447700900001",
    service_code="gold-sp33-im42",
    sent_at=NOON,
    expires_at=LATER,
    priority="High",
    content=CONTENT,
)

#: as §8.7.1 has it: header with the transaction, what is submitted, and where its content is
SUBMIT_ENVELOPE = (
    "<?xml version='1.0' encoding='UTF-8'?>\n"
    '<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Header>'
    f'<mm7:TransactionID xmlns:mm7="{soap.NAMESPACE}" env:mustUnderstand="1">vas00001-sub</mm7:TransactionID>'
    f'</env:Header><env:Body><SubmitReq xmlns="{soap.NAMESPACE}"><MM7Version>6.8.0</MM7Version>'
    "<SenderIdentification><VASPID>TNN</VASPID><VASID>News</VASID>"
    "<SenderAddress><ShortCode>74700</ShortCode></SenderAddress></SenderIdentification>"
    "<Recipients><To><Number>447700900001</Number></To></Recipients><ServiceCode>gold-sp33-im42</ServiceCode>"
    "<TimeStamp>2026-11-21T12:00:00+00:00</TimeStamp><ExpiryDate>2026-11-23T12:00:00+00:00</ExpiryDate>"
    "<DeliveryReport>true</DeliveryReport><Priority>High</Priority>"
    '<Content href="cid:mm7-content"/></SubmitReq></env:Body></env:Envelope>'
)


def test_a_submission_is_as_the_specification_has_it() -> None:
    written = write(SUBMIT)
    assert written.content_type.startswith(
        'multipart/related; type="text/xml"; start="<mm7-envelope>"; boundary='
    )
    envelope, content = read(written.content_type, written.octets)
    assert envelope.octets.decode() == SUBMIT_ENVELOPE
    assert (content.content_id, content.octets, content.content_type) == (
        "mm7-content",
        CONTENT.octets,
        CONTENT.content_type,
    )


def enveloped(body: str, transaction_id: str = "vas00001-sub", prefix: str = "env") -> bytes:
    return (
        f'<?xml version="1.0" ?><{prefix}:Envelope xmlns:{prefix}="http://schemas.xmlsoap.org/soap/envelope/">'
        f'<{prefix}:Header><mm7:TransactionID xmlns:mm7="http://www.3gpp.org/ftp/Specs/archive/23_series/23.140/'
        f'schema/REL-5-MM7-1-2" {prefix}:mustUnderstand="1">{transaction_id}</mm7:TransactionID></{prefix}:Header>'
        f"<{prefix}:Body>{body}</{prefix}:Body></{prefix}:Envelope>"
    ).encode()


OLDER = 'xmlns="http://www.3gpp.org/ftp/Specs/archive/23_series/23.140/schema/REL-5-MM7-1-2"'
#: what comes in the shapes that the clauses print, with elements that we have no use for
READ: list[tuple[str, bytes, Message]] = [
    (
        "§8.7.1 SubmitRsp",
        enveloped(
            f"<SubmitRsp {OLDER}><MM7Version>5.3.0</MM7Version><Status><StatusCode>1000</StatusCode>"
            "<StatusText>Success</StatusText></Status><MessageID>041502073667</MessageID></SubmitRsp>"
        ),
        Response("SubmitRsp", "vas00001-sub", 1000, "041502073667"),
    ),
    (
        "§8.7.6 RSErrorRsp in a fault",
        enveloped(
            "<env:Fault><faultcode>env:Client</faultcode><faultstring>Client error</faultstring><detail>"
            f"<RSErrorRsp {OLDER}><MM7Version>5.3.0</MM7Version><Status><StatusCode>4006</StatusCode>"
            "<StatusText>Service unavailable</StatusText><Details>later</Details></Status></RSErrorRsp>"
            "</detail></env:Fault>"
        ),
        Response("RSErrorRsp", "vas00001-sub", 4006),
    ),
    (
        "§8.7.3 DeliveryReportReq",
        enveloped(
            f"<d:DeliveryReportReq {OLDER.replace('xmlns', 'xmlns:d')}><d:MM7Version>5.3.0</d:MM7Version>"
            "<d:MMSRelayServerID>240.110.75.34</d:MMSRelayServerID><d:MessageID>041502073667</d:MessageID>"
            "<d:Recipient><d:Number>+447700900001/TYPE=PLMN</d:Number></d:Recipient>"
            "<d:Sender><d:ShortCode>74700</d:ShortCode></d:Sender><d:Date>2002-04-15T14:35:21-05:00</d:Date>"
            "<d:MMStatus>Retrieved</d:MMStatus><d:StatusText>Message was read</d:StatusText></d:DeliveryReportReq>",
            "00501",
            "soap-env",
        ),
        DeliveryReportReq(
            transaction_id="00501",
            message_id="041502073667",
            sender="74700",
            recipient="447700900001",
            at=datetime.fromisoformat("2002-04-15T14:35:21-05:00"),
            mm_status="Retrieved",
            status_text="Message was read",
        ),
    ),
    (
        "§8.7.2 DeliverReq",
        enveloped(
            f"<DeliverReq {OLDER}><MM7Version>5.3.0</MM7Version><MMSRelayServerID>240.110.75.34</MMSRelayServerID>"
            "<LinkedID>wthr8391</LinkedID><Sender><RFC2822Address>97254265781@OMMS.com</RFC2822Address></Sender>"
            "<Recipients><To><ShortCode>74700</ShortCode></To><Cc><Number>12025550100</Number></Cc></Recipients>"
            "<TimeStamp>2002-04-15T14:35:21-05:00</TimeStamp><Priority>Normal</Priority>"
            "<Subject>Weather Forecast</Subject></DeliverReq>",
            "vas00324-dlvr",
        ),
        DeliverReq(
            transaction_id="vas00324-dlvr",
            linked_id="wthr8391",
            sender="97254265781@OMMS.com",
            recipients=("74700", "12025550100"),
            subject="Weather Forecast",
            at=datetime.fromisoformat("2002-04-15T14:35:21-05:00"),
        ),
    ),
]


@pytest.mark.parametrize(("octets", "message"), [case[1:] for case in READ], ids=[case[0] for case in READ])
def test_what_the_specification_prints_is_read(octets: bytes, message: Message) -> None:
    assert read_message("text/xml", octets) == message


#: who wrote it, its Content-Type and its octets: what stacks make of a SubmitRsp
SAID = READ[0][1]
FRAMED = b"--b\r\nContent-Type: text/xml\r\nContent-ID: <start>\r\n\r\n%b\r\n--b--\r\n"
SOAP_1_2 = b"http://www.w3.org/2003/05/soap-envelope"
AS_SENT: list[tuple[str, str, bytes]] = [
    ("white space before the declaration", "text/xml", b"\r\n \t" + SAID),
    ("a byte order mark", "text/xml", b"\xef\xbb\xbf" + SAID),
    ("white space behind a byte order mark", "text/xml", b"\xef\xbb\xbf\n" + SAID),
    ("octets behind the end", "text/xml", SAID + b"\r\n\0"),
    ("UTF-16", "text/xml", SAID.decode().encode("utf-16")),
    ("UTF-16 that is UTF-8", "text/xml; charset=utf-8", SAID.replace(b"?>", b' encoding="utf-16"?>', 1)),
    ("an encoding that nobody knows", "text/xml", SAID.replace(b"?>", b' encoding="x-own"?>', 1)),
    ("a multipart without boundary", "multipart/related; type=text/xml", SAID),
    ("a multipart whose boundary is not there", "multipart/related; boundary=b", b"\r\n" + SAID),
    ("a multipart in parts", "multipart/related; boundary=b; start=start", FRAMED % SAID),
    ("white space in its part", "multipart/related; boundary=b", FRAMED % (b"\n " + SAID)),
    ("parts that are called plain text", "text/plain", FRAMED % SAID),
    ("a boundary that only the body names", "multipart/related", FRAMED % SAID),
    ("no Content-Type", "", SAID),
    ("no last boundary", "multipart/related; boundary=b", FRAMED[:-7] % SAID),
    ("a last boundary without its dashes", "multipart/related; boundary=b", FRAMED[:-4] % SAID),
    ("a boundary that is called with its dashes", 'multipart/related; boundary="--b"', FRAMED % SAID),
    ("another boundary than it is called", "multipart/related; boundary=x", FRAMED % SAID),
    ("SOAP 1.2", "application/soap+xml", SAID.replace(soap.ENVELOPE.encode(), SOAP_1_2)),
    ("XOP", 'multipart/related; boundary=b; type="application/xop+xml"', FRAMED % SAID),
    ("MessageId", "text/xml", SAID.replace(b"MessageID", b"MessageId")),
]


@pytest.mark.parametrize(
    ("content_type", "octets"), [case[1:] for case in AS_SENT], ids=[case[0] for case in AS_SENT]
)
def test_a_message_is_read_however_it_is_wrapped(content_type: str, octets: bytes) -> None:
    assert read_message(content_type, octets) == READ[0][2]


@pytest.mark.parametrize("code", ["env:Server", "env:Client", "soapenv:VersionMismatch"])
def test_a_fault_of_soap_alone_is_a_server_error(code: str) -> None:
    fault = enveloped(f"<env:Fault><faultcode>{code}</faultcode><faultstring>?</faultstring></env:Fault>")
    assert read_message("text/xml", fault) == Response("Fault", "vas00001-sub", Mm7Status.SERVER_ERROR)


WRITTEN: list[Message] = [
    SUBMIT,
    *(message for _, _, message in READ),
    Response("DeliverRsp", "t", Mm7Status.SUCCESS),
    Response("DeliveryReportRsp", "t", Mm7Status.VALIDATION_ERROR),
    Response("VASPErrorRsp", "t", Mm7Status.FORMAT_CORRUPT),
    DeliverReq(transaction_id="t", sender="447700900001", recipients=("74700",), at=NOON, content=CONTENT),
]


@pytest.mark.parametrize("message", WRITTEN, ids=lambda message: type(message).__name__)
def test_what_is_written_is_read_back(message: Message) -> None:
    written = write(message)
    found = read_message(written.content_type, written.octets)
    if isinstance(found, SubmitReq | DeliverReq) and found.content is not None:
        assert found.content.octets == CONTENT.octets
    assert without_content(found) == without_content(message)


def without_content(message: Message) -> object:
    return {name: getattr(message, name) for name in message.__struct_fields__ if name != "content"}


def test_what_xml_cannot_say_does_not_stop_a_message() -> None:
    written = write(
        DeliverReq(transaction_id="\0t", sender="1\x1f", recipients=("74700",), subject="a\x00b\ud800")
    )
    assert read_message(written.content_type, written.octets).transaction_id == "\ufffdt"


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"", 2007),
        (b"<a/>", 2007),
        (b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", 2007),
        (enveloped(""), 2007),
        (enveloped("<ReplaceReq/>"), 4003),
        (enveloped("<DeliverReq><Sender><Number>1</Number></Sender></DeliverReq>"), 2002),
        (enveloped("<SubmitRsp/>" + " " * 70_000), 2007),
        (enveloped("<a/>", transaction_id="x" * 256), 2007),
    ],
)
def test_what_is_no_mm7_is_named_by_its_status(octets: bytes, code: int) -> None:
    with pytest.raises(BrokenMm7) as broken:
        read_message("text/xml", octets)
    assert broken.value.code == code


@given(
    st.binary(max_size=300),
    st.sampled_from(["text/xml", "multipart/related; boundary=x", "", "a/b; boundary"]),
)
def test_no_octets_make_the_reader_raise_anything_else(octets: bytes, content_type: str) -> None:
    with suppress(BrokenMm7):
        read_message(content_type, octets)


@given(st.sampled_from(READ), st.integers(0, 900), st.binary(min_size=1, max_size=4))
def test_no_damage_makes_the_reader_raise_anything_else(
    case: tuple[str, bytes, Message], at: int, damage: bytes
) -> None:
    octets = bytearray(case[1])
    octets[at : at + len(damage)] = damage
    with suppress(BrokenMm7):
        read_message("text/xml", bytes(octets))


def test_content_that_is_not_where_it_should_be_is_found_all_the_same() -> None:
    written = write(SUBMIT)
    moved = written.octets.replace(b'href="cid:mm7-content"', b'href="cid:elsewhere-no"')
    found = read_message(written.content_type, moved)
    assert isinstance(found, SubmitReq)
    assert found.content is not None
    assert found.content.octets == CONTENT.octets


def test_every_status_has_its_name() -> None:
    named = {each.words for each in Mm7Status if status.name(each.value) == each.words}
    assert (len(named), "" in named) == (len(Mm7Status), False)
    assert (status.name(4006), status.name(9)) == ("Service unavailable", "status 9")
