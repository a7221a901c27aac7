"""Receipts as carriers send them: marked or not, in words and numbers, in any coding."""

from __future__ import annotations

import pytest
from tests.fakes.clock import NOON

from aldis.links.smpp.quirks import Quirks
from aldis.links.smpp.translate import Translator, is_receipt
from aldis.smpp import tlv
from aldis.smpp.command import CommandId
from aldis.smpp.pdus import DataSm, Pdu, ShortMessageBody
from aldis.traffic.receipt import ReceiptState


@pytest.mark.parametrize(
    ("body", "tlvs", "quirks", "found"),
    [
        (
            ShortMessageBody(esm_class=0x20, short_message=b"id:7 stat:DELIVRD err:000"),
            {},
            Quirks(),
            ("7", ReceiptState.ENROUTE, "000"),  # an intermediate notification ends nothing
        ),
        (
            ShortMessageBody(
                esm_class=0x04, data_coding=8, short_message="id:7 stat:EXPIRED err:1".encode("utf-16-be")
            ),
            {},
            Quirks(),
            ("7", ReceiptState.EXPIRED, "1"),
        ),
        (
            DataSm(esm_class=0x04),
            {tlv.MESSAGE_PAYLOAD: b"id:7 stat:UNDELIV err:12"},
            Quirks(),
            ("7", ReceiptState.UNDELIVERED, "12"),
        ),
        (
            ShortMessageBody(esm_class=0x04, short_message=b"MSG 7 IS FAILED (E99)"),
            {},
            Quirks(receipt_pattern=r"MSG (?P<id>\w+) IS (?P<stat>\w+) \(E(?P<err>\d+)\)"),
            ("7", ReceiptState.UNDELIVERED, "99"),
        ),
        (
            ShortMessageBody(esm_class=0x04, data_coding=8, short_message=b"id:7 stat:DELIVRD err:000"),
            {},
            Quirks(),
            ("7", ReceiptState.DELIVERED, "000"),  # it says UCS-2 and is not
        ),
        (
            ShortMessageBody(
                esm_class=0x04, data_coding=8, short_message="id:7 stat:DELIVRD err:0".encode("utf-16-be")
            ),
            {},
            Quirks(data_coding_ucs2=0x18),
            ("7", ReceiptState.DELIVERED, "0"),
        ),
        (
            ShortMessageBody(esm_class=0x44, short_message=b"\x03\x24\x01\x01id:7 stat:DELIVRD err:0"),
            {},
            Quirks(),
            ("7", ReceiptState.DELIVERED, "0"),
        ),
        (
            ShortMessageBody(esm_class=0x04, short_message=b"MSG 7"),
            {},
            Quirks(receipt_pattern=r"MSG (?P<id>\d+)(?: IS (?P<stat>\w+))?"),
            ("7", ReceiptState.ENROUTE, ""),
        ),
        (
            ShortMessageBody(short_message=b""),
            {tlv.RECEIPTED_MESSAGE_ID: b"7\0", tlv.MESSAGE_STATE: b"\x02"},
            Quirks(),
            ("7", ReceiptState.DELIVERED, ""),  # no esm_class, but both TLVs
        ),
    ],
)
def test_receipts_that_carriers_send(
    body: ShortMessageBody | DataSm,
    tlvs: dict[int, bytes],
    quirks: Quirks,
    found: tuple[str, ReceiptState, str],
) -> None:
    pdu = Pdu(CommandId.deliver_sm, 1, body=body, tlvs=tlvs)
    assert is_receipt(body, pdu)
    receipt = Translator("link", quirks).to_receipt(body, pdu, NOON)
    assert receipt is not None
    assert (receipt.smsc_message_id, receipt.state, receipt.error_code) == found


@pytest.mark.parametrize(
    ("esm_class", "text", "octet", "state"),
    [
        (0x04, b"DELIVRD", 1, ReceiptState.DELIVERED),  # the one that ends the message counts
        (0x04, b"UNDELIV", 6, ReceiptState.UNDELIVERED),
        (0x04, b"EXPIRED", 7, ReceiptState.EXPIRED),
        (0x04, b"ENROUTE", 2, ReceiptState.DELIVERED),
        (0x04, b"ACCEPTD", 5, ReceiptState.UNDELIVERED),
        (0x04, b"UNDELIV", 2, ReceiptState.DELIVERED),  # both end it
        (0x04, b"ENROUTE", 6, ReceiptState.ENROUTE),
        (0x04, b"DELIVRD", 99, ReceiptState.DELIVERED),
        (0x04, b"WONDERFUL", 8, ReceiptState.REJECTED),
        (0x04, b"UNKNOWN", 9, ReceiptState.UNDELIVERED),  # skipped
        (0x04, b"DELIVRD", 0, ReceiptState.DELIVERED),  # scheduled
        (0x20, b"DELIVRD", 2, ReceiptState.ENROUTE),
    ],
)
def test_text_and_tag_may_disagree(esm_class: int, text: bytes, octet: int, state: ReceiptState) -> None:
    body = ShortMessageBody(esm_class=esm_class, short_message=b"id:7 stat:" + text)
    pdu = Pdu(CommandId.deliver_sm, 1, body=body, tlvs={tlv.MESSAGE_STATE: bytes((octet,))})
    receipt = Translator("link", Quirks()).to_receipt(body, pdu, NOON)
    assert receipt is not None
    assert receipt.state is state


@pytest.mark.parametrize(
    ("text", "octet", "state", "noted"),
    [
        (b"CALL_BARRED", None, ReceiptState.REJECTED, []),
        (b"call barred", None, ReceiptState.REJECTED, []),
        (b"Call-Barred", None, ReceiptState.REJECTED, []),
        (b"DELIVRD", None, ReceiptState.ENROUTE, []),  # the carrier's own meaning before ours
        (b"WONDERFUL", None, ReceiptState.ENROUTE, ["WONDERFUL"]),
        (b"WONDERFUL", 9, ReceiptState.EXPIRED, []),
        (b"", 10, ReceiptState.ENROUTE, ["message_state 10"]),
        (b"X" * 200, None, ReceiptState.ENROUTE, ["X" * 40]),
    ],
)
def test_states_of_a_carriers_own(
    text: bytes, octet: int | None, state: ReceiptState, noted: list[str]
) -> None:
    told: list[tuple[str, str]] = []
    quirks = Quirks(receipt_states={"Call_barred": "rejected", "DELIVRD": "enroute", "9": "expired"})
    assert quirks.faults() == []
    translator = Translator("link", quirks, lambda kind, word: told.append((kind, word)))
    body = ShortMessageBody(esm_class=0x04, short_message=b"id:7 stat:" + text)
    tlvs = {} if octet is None else {tlv.MESSAGE_STATE: bytes((octet,))}
    receipt = translator.to_receipt(body, Pdu(CommandId.deliver_sm, 1, body=body, tlvs=tlvs), NOON)
    assert receipt is not None
    assert receipt.state is state
    assert told == [("unknown_state", word) for word in noted]


@pytest.mark.parametrize("order", ["utf-16-be", "utf-16-le", "utf-16"])
@pytest.mark.parametrize("data_coding", [0, 3, 8])
def test_receipts_in_ucs2_are_read_whatever_data_coding_says(order: str, data_coding: int) -> None:
    text = "id:7 sub:001 dlvrd:001 submit date:1 done date:2 stat:UNDELIV err:034 text:жук".encode(order)
    body = ShortMessageBody(esm_class=0x04, data_coding=data_coding, short_message=text)
    receipt = Translator("link", Quirks()).to_receipt(body, Pdu(CommandId.deliver_sm, 1, body=body), NOON)
    assert receipt is not None
    assert (receipt.smsc_message_id, receipt.state) == ("7", ReceiptState.UNDELIVERED)


@pytest.mark.parametrize(
    ("octets", "state"),
    [
        (b"\x02", ReceiptState.DELIVERED),
        (b"\0\x02", ReceiptState.DELIVERED),  # wider than it should be
        (b"\x05\0", ReceiptState.UNDELIVERED),
        (b"\0\0\0\x03", ReceiptState.EXPIRED),
        (b"2", ReceiptState.DELIVERED),  # a digit
        (b"8\0", ReceiptState.REJECTED),
        (b"\0", ReceiptState.ENROUTE),
        (b"9" * 60_000, ReceiptState.ENROUTE),
        (b"", ReceiptState.ENROUTE),
    ],
)
def test_a_state_however_wide_it_is_written(octets: bytes, state: ReceiptState) -> None:
    body = ShortMessageBody(esm_class=0x04)
    tlvs = {tlv.RECEIPTED_MESSAGE_ID: b"7\0", tlv.MESSAGE_STATE: octets}
    receipt = Translator("link", Quirks()).to_receipt(
        body, Pdu(CommandId.deliver_sm, 1, body=body, tlvs=tlvs), NOON
    )
    assert receipt is not None
    assert receipt.state is state


@pytest.mark.parametrize(
    ("tagged", "written", "quirks", "ids"),
    [
        (b"A1", b"A1", Quirks(), ("A1", "")),
        (b"a1", b"00A1", Quirks(), ("a1", "")),
        (b"8010", b"1F4A", Quirks(), ("8010", "")),  # one number in two spellings
        (b"ZZ-9", b"A1", Quirks(), ("ZZ-9", "A1")),
        (b"", b"A1", Quirks(), ("A1", "")),
        (b"ZZ-9", b"", Quirks(), ("ZZ-9", "")),
        (b"1F4A", b"8010", Quirks(response_id="hex", receipt_id="hex"), ("=8010", "=32784")),
    ],
)
def test_a_receipt_may_have_two_ids(
    tagged: bytes, written: bytes, quirks: Quirks, ids: tuple[str, str]
) -> None:
    text = b"id:" + written + b" stat:DELIVRD" if written else b"stat:DELIVRD"
    body = ShortMessageBody(esm_class=0x04, short_message=text)
    pdu = Pdu(CommandId.deliver_sm, 1, body=body, tlvs={tlv.RECEIPTED_MESSAGE_ID: tagged + b"\0"})
    receipt = Translator("link", quirks).to_receipt(body, pdu, NOON)
    assert receipt is not None
    assert (receipt.smsc_message_id, receipt.other_id) == ids


APPENDIX_B = b"id:7 sub:001 dlvrd:001 submit date:2611211200 done date:2611211200 stat:UNDELIV err:034 text:"


@pytest.mark.parametrize(
    ("esm_class", "octets", "is_alone"),
    [
        (0x00, APPENDIX_B, True),
        (0x40, b"\x03\x24\x01\x01" + APPENDIX_B, True),
        (0x40, b"\x05\x00\x03A\x01\x01" + APPENDIX_B, True),
        (0x40, b"\x06\x08\x04AA\x01\x01" + "".join(map(chr, APPENDIX_B)).encode("utf-16-be"), True),
        (0x40, b"\x04\x70\x02\x41\x41" + APPENDIX_B, True),  # an element that nobody knows
        (0x40, b"\x09\x00\x03\x01\x01\x01" + APPENDIX_B, True),  # more octets than elements
        (0x40, APPENDIX_B, True),  # no header at all
        (0x40, b"\x05\x00\x03A\x02\x01" + APPENDIX_B, False),  # a segment of something longer
        (0x40, b"\x06\x08\x04AA\x02\x02" + APPENDIX_B, False),
        (0x40, b"\x03\x24\x01\x01Hi", False),
        (0x40, b"", False),
    ],
)
def test_a_header_hides_no_receipt(esm_class: int, octets: bytes, *, is_alone: bool) -> None:
    body = ShortMessageBody(esm_class=esm_class, short_message=octets)
    pdu, translator = Pdu(CommandId.deliver_sm, 1, body=body), Translator("link", Quirks())
    assert translator.resembles_receipt(body, pdu) is is_alone
    receipt = translator.to_receipt(body, pdu, NOON)
    if APPENDIX_B[:4] in octets:
        assert receipt is not None
        assert (receipt.smsc_message_id, receipt.state) == ("7", ReceiptState.UNDELIVERED)


def test_a_stray_tag_makes_no_receipt_of_a_handset_s_message() -> None:
    body = ShortMessageBody(short_message=b"hello")
    assert not is_receipt(
        body, Pdu(CommandId.deliver_sm, 1, body=body, tlvs={tlv.RECEIPTED_MESSAGE_ID: b"x\0"})
    )
