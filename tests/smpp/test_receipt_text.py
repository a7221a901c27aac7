"""Receipts as SMSCs spell them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.smpp.receipt_text import WORDS as WORDS_OF_OURS
from aldis.smpp.receipt_text import MessageState, ReceiptText, is_shaped, read, state_named, write

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

S = MessageState

#: a text; the id, state, error and word that it names
CASES = [
    (
        "id:123 sub:001 dlvrd:001 submit date:2611211200 done date:2611211200 stat:DELIVRD err:000 text:Hi",
        ("123", S.DELIVERED, "000", "DELIVRD"),
    ),
    ("id:0A stat:UNDELIV err:034", ("0A", S.UNDELIVERABLE, "034", "UNDELIV")),
    (
        "ID=7;Status=Delivered to handset;Error=000",
        ("7", S.DELIVERED, "000", "Delivered to handset"),
    ),
    ("msgid:9 status:not delivered err:E12", ("9", S.UNDELIVERABLE, "E12", "not delivered")),
    ("message_id: 77 , state: EXPIRED", ("77", S.EXPIRED, None, "EXPIRED")),
    ("stat:REJECTD id:5", ("5", S.REJECTED, None, "REJECTD")),
    ("stat:REJECTD done date:2611211200 id:5", ("5", S.REJECTED, None, "REJECTD")),
    ("stat:call barred error code : 12 id:5", ("5", S.UNDELIVERABLE, "12", "call barred")),
    ("stat:very strange error code : 12 id:5", ("5", None, "12", "very strange")),
    ('id="5" stat="DELIVRD" err="0"', ("5", S.DELIVERED, "0", "DELIVRD")),
    ("id:5 stat:2", ("5", S.DELIVERED, None, "2")),
    ("id:5 stat:99", ("5", None, None, "99")),
    ("id:5 stat:0", ("5", S.SCHEDULED, None, "0")),
    ("id:5 stat:9 err:-1", ("5", S.SKIPPED, "-1", "9")),
    (
        "id:5 sub:001 dlvrd:001 submit date:1 done date:2 stat:MK:0012 err:000 text:",
        ("5", None, "000", "MK:0012"),
    ),
    ("id:5 stat:err:0012", ("5", None, "0012", "")),
    ('{"id":"5","stat":"DELIVRD","err":"000"}', ("5", S.DELIVERED, "000", "DELIVRD")),
    ("id:5 stat:[DELIVRD] err:(000)", ("5", S.DELIVERED, "000", "DELIVRD")),
    ("id:5 dlr_status:UNDELIV err_code:12", ("5", S.UNDELIVERABLE, "12", "UNDELIV")),
    ("id :5 stat :DELIVRD err :000", ("5", S.DELIVERED, "000", "DELIVRD")),
    ("id:aGVsbG8+/w== stat:DELIVRD", ("aGVsbG8+/w==", S.DELIVERED, None, "DELIVRD")),
    ("id:5 stat:WONDERFUL", ("5", None, None, "WONDERFUL")),
    ("text:id:6 stat:DELIVRD", (None, None, None, "")),
    ("", (None, None, None, "")),
    ("invalid:5 substat:DELIVRD", (None, None, None, "")),
    ("id:5\0stat:DELIVRD\0err:000\0", ("5", S.DELIVERED, "000", "DELIVRD")),
    ("id:5\r\nstat:DELIVRD\r\nerr:000", ("5", S.DELIVERED, "000", "DELIVRD")),
]


@pytest.mark.parametrize(("text", "meaning"), CASES)
def test_a_receipt_and_what_it_means(
    text: str, meaning: tuple[str | None, S | None, str | None, str]
) -> None:
    assert read(text.encode()) == ReceiptText(*meaning)


USUAL = b"id:123 sub:001 dlvrd:001 submit date:2611211200 done date:2611211200 stat:DELIVRD err:000 text:Hi"


@pytest.mark.parametrize("octet", range(256))
@pytest.mark.parametrize("text", [USUAL, b"id:123 stat:DELIVRD err:000"])
def test_no_stray_octet_hides_the_id(octet: int, text: bytes) -> None:
    assert read(bytes([octet]) + text) == read(text)


@pytest.mark.parametrize(
    "stray", [b"\0\0\0", b"\xef\xbb\xbf", b"\xfe\xff", b"\x05\0\x03\x11\x01\x01", b'"', b"<", b"\r\n", b"\t "]
)
def test_no_stray_octets_hide_the_id(stray: bytes) -> None:
    assert read(stray + USUAL) == read(USUAL)


#: words that carriers write; None: nobody can know
WORDS = {
    S.DELIVERED: "DELIVRD DELIVERED Delivered_To_Handset DELIVERED-TO-TERMINAL DELVRD DLVRD DELIVERY_ACK SUCCESS"
    " DLVD DELIVERD DELIVERY_SUCCESSFUL",
    S.UNDELIVERABLE: "UNDELIV UNDELIVERED UNDELIVRD UNDLVRD NON_DELIVERED NON-DELIVERED NOT_DELIVERED FAILED"
    " FAILURE DELIVERY_FAILED DELIVERY_FAILURE DELIVERY_IMPOSSIBLE ABSENT ABSENT_SUBSCRIBER UNREACHABLE"
    " UNKNOWN_SUBSCRIBER INVALID_NUMBER INVDEST ERROR NOTDLVRD NOTDELIVERED NODELIVERY UNSENT ABS-SUB ABSSUB"
    " MEM-FULL MEMORY_CAPACITY_EXCEEDED MOB-OFF PHONE_OFF POWER_OFF CALL_BARRED CALLBARRED ILLEGAL_SUBSCRIBER"
    " ILLEGAL_EQUIPMENT TELESERVICE_NOT_PROVISIONED FACILITY_NOT_SUPPORTED UNIDENTIFIED_SUBSCRIBER UNIDSUB"
    " SUBSCRIBER_ABSENT SUBSCRIBER_BUSY SUBSCRIBER_UNKNOWN UNKNOWN_RECIPIENT UNKNOWNSUB WRONG_NUMBER BAD_NUMBER"
    " NOROUTE SYSTEM_FAILURE NETWORK_ERROR PERMANENT_FAILURE DISCARDED BOUNCED",
    S.EXPIRED: "EXPIRED EXPIRD TIMEOUT DELIVERY_EXPIRED VALIDITY_EXPIRED EXP EXPRD VALIDITY_PERIOD_EXPIRED TTL_EXPIRED"
    " MSG_EXPIRED",
    S.DELETED: "DELETED CANCELED CANCELLED",
    S.REJECTED: "REJECTD REJECTED NACK NOT_ACCEPTED DND DND_REJECT BLACKLIST BLACK_LISTED BLOCKED SPAM FILTERED"
    " OPT_OUT NDNC REFUSED NOT_ALLOWED UNSUBSCRIBED BLIST-NUM NO_CREDIT INSUFFICIENT_FUNDS",
    S.ACCEPTED: "ACCEPTD ACCEPTED ACKED ACK/",
    S.ENROUTE: "ENROUTE EN_ROUTE BUFFERED QUEUED PENDING SUBMITTED SENT DELIVERY_PENDING DELIVERED_TO_SMSC"
    " ENROUT WAITING RETRYING PROCESSING IN_PROGRESS DEFERRED DELIVERED_TO_OPERATOR"
    " DELIVERED_TO_CARRIER DELIVRD_TO_MNO DELIVERED-TO-UPSTREAM",
    S.SCHEDULED: "SCHEDULED SCHEDLD",
    S.SKIPPED: "SKIPPED",
    S.UNKNOWN: "UNKNOWN UNKNOWN_STATE UNKNOWN_ERROR DELIVERY_UNKNOWN",
    None: "WONDERFUL TEMPORARY_FAILURE DELIVERY DELIVERY_STRANGE NOTHING X",
}


@pytest.mark.parametrize(
    ("word", "state"), [(word, state) for state, words in WORDS.items() for word in words.split()]
)
def test_a_carriers_word_and_its_state(word: str, state: S | None) -> None:
    assert state_named(word) is state
    assert state_named(word.lower()) is state


@pytest.mark.parametrize(
    ("octets", "is_one"),
    [
        (USUAL, True),
        (USUAL[:-2], True),
        (b"\0" + USUAL, True),
        (USUAL.upper(), True),
        (b"id:7 submit date:1 done date:2 stat:DELIVRD err:0", True),
        (b"id:7 stat:DELIVRD", False),
        (b"id:7 sub:001 stat:DELIVRD dlvrd:001 err:0 submit date:1 done date:2", True),
        (b"stat:DELIVRD done date:2 id:7", True),
        (b"id:7 submit_date:1 done_date:2 stat:DELIVRD", True),
        (USUAL.replace(b"id:", b"msgid:", 1), True),
        (USUAL.replace(b"id:", b"message_id=", 1), True),
        (USUAL.replace(b"id:", b'"id":"', 1).replace(b"stat:", b"status:"), True),
        (USUAL.replace(b"stat:", b"stat :"), True),
        (b"My id: 12, state: Ohio, submitted on the done date", False),
        (USUAL.decode().encode("utf-16-be"), True),
        (USUAL.decode().encode("utf-16"), True),
        (b"STOP", False),
        (b"my id: 7 and the stat: ok", False),
        (b"Hi! " * 130 + USUAL, False),
        (b"", False),
    ],
)
def test_what_has_the_form_of_a_receipt(octets: bytes, *, is_one: bool) -> None:
    assert is_shaped(octets) is is_one


@pytest.mark.parametrize("state", list(MessageState))
def test_what_is_written_can_be_read(state: MessageState) -> None:
    text = write("4711", state, "012", NOON, NOON)
    assert read(text) == ReceiptText("4711", state, "012", WORDS_OF_OURS[state])
    assert is_shaped(text)


@given(st.binary(max_size=300))
def test_no_octets_break_the_reader(octets: bytes) -> None:
    read(octets)
    is_shaped(octets)


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "hostile", [b"id:", b"stat:", b"stat:a ", b"a", b"\0", b"message ", b"id:1 sub:1 ", b"text ", b"done "]
)
def test_no_text_keeps_the_reader_long(hostile: bytes) -> None:
    for _ in range(20):
        octets = (hostile * 70_000)[:65_535]
        read(octets)
        is_shaped(octets)
