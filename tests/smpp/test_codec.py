"""PDUs and their octets, one table in both directions, and what broken octets do."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.errors import LocalProtocolError, RemoteProtocolError
from aldis.smpp import codec, status, tlv
from aldis.smpp.command import CommandId
from aldis.smpp.pdus import Bind, BindResp, Empty, MessageIdBody, Pdu, ShortMessageBody

CASES = [
    (Pdu(CommandId.enquire_link, 1, body=Empty()), "00000010 00000015 00000000 00000001"),
    (Pdu(CommandId.generic_nack, 0, 3), "00000010 80000000 00000003 00000000"),
    (
        Pdu(CommandId.bind_transceiver, 1, body=Bind("aldis", "secret", "", 0x34, 0, 0, "")),
        "00000022 00000009 00000000 00000001 616c64697300 73656372657400 00 34 00 00 00",
    ),
    (
        Pdu(CommandId.bind_transceiver_resp, 1, body=BindResp("smsc"), tlvs={0x0210: b"\x34"}),
        "0000001a 80000009 00000000 00000001 736d736300 0210 0001 34",
    ),
    (
        Pdu(
            CommandId.submit_sm,
            2,
            body=ShortMessageBody(
                source_addr_ton=5,
                source_addr="Aldis",
                dest_addr_ton=1,
                dest_addr_npi=1,
                destination_addr="447700900001",
                esm_class=0x40,
                registered_delivery=1,
                short_message=b"\x05\x00\x03\x01\x02\x01hi",
            ),
        ),
        (
            "0000003a 00000004 00000000 00000002 00 05 00 416c64697300 01 01 34343737303039303030303100"
            "40 00 00 00 00 01 00 00 00 08 0500030102016869"
        ),
    ),
    (
        Pdu(CommandId.submit_sm_resp, 2, body=MessageIdBody("1F")),
        "00000013 80000004 00000000 00000002 314600",
    ),
    (Pdu(CommandId.submit_sm_resp, 2, status.ESME_RTHROTTLED), "00000010 80000004 00000058 00000002"),
]


@pytest.mark.parametrize(("pdu", "octets"), CASES, ids=lambda case: getattr(case, "command_id", None))
def test_a_pdu_and_its_octets(pdu: Pdu, octets: str) -> None:
    raw = bytes.fromhex(octets)
    assert codec.encode(pdu) == raw
    assert codec.decode(raw) == pdu


@pytest.mark.parametrize(
    ("octets", "command_status"),
    [
        ("00000010 00000099 00000000 00000001", status.ESME_RINVCMDID),
        ("00000010 00000004 00000000 00000001", status.ESME_RINVMSGLEN),  # submit_sm without a body
        ("00000011 80000004 00000000 00000001 00 ", None),
    ],
)
def test_parameters_that_do_not_add_up_name_their_status(octets: str, command_status: int | None) -> None:
    raw = bytes.fromhex(octets)
    if command_status is None:
        assert codec.decode(raw).body == MessageIdBody("")
        return
    with pytest.raises(RemoteProtocolError) as found:
        codec.decode(raw)
    assert found.value.command_status == command_status


@pytest.mark.parametrize("status_and_name", ["00000000 00000001 3100", "00000045 00000001 00"])
@pytest.mark.parametrize("whole", ["", "0427 0001 02", "1401 0000"])
@pytest.mark.parametrize(
    "left",
    [
        "00",
        "0000",
        "0d0a",
        "000000",
        "0427",
        "0427 00",
        "0427 0004",
        "0427 0004 02",
        "0424 ffff 00",
        "ffffff",
    ],
)
def test_octets_behind_the_last_whole_tlv_cost_nothing_else(
    status_and_name: str, whole: str, left: str
) -> None:
    parameters, tail = bytes.fromhex(status_and_name + whole), bytes.fromhex(left)
    good = (4 + 4 + len(parameters)).to_bytes(4, "big") + b"\x80\x00\x00\x04" + parameters
    bad = (len(good) + len(tail)).to_bytes(4, "big") + good[4:] + tail
    read = codec.decode(bad)
    assert read.trailing_octets == len(tail)
    assert msgspec.structs.replace(read, trailing_octets=0) == codec.decode(good)


def test_a_nul_before_the_first_tlv_costs_nothing() -> None:
    whole = Pdu(
        CommandId.deliver_sm,
        1,
        body=ShortMessageBody(short_message=b"Hi"),
        tlvs={0x0427: b"\x02", 0x1E: b"7\0"},
    )
    good = codec.encode(whole)
    size = len(good) - len(tlv.pack(whole.tlvs))
    bad = (len(good) + 1).to_bytes(4, "big") + good[4:size] + b"\0" + good[size:]
    assert codec.decode(bad) == msgspec.structs.replace(whole, trailing_octets=1)


def test_unknown_tlvs_and_statuses_pass_through() -> None:
    pdu = Pdu(CommandId.submit_sm_resp, 9, 0x000004A1, MessageIdBody("x"), {0x1403: b"\x00\xff", 0x0424: b""})
    assert codec.decode(codec.encode(pdu)) == pdu
    assert status.name(0x4A1) == "0x000004A1"
    assert status.name(status.ESME_RTHROTTLED) == "ESME_RTHROTTLED"


def test_a_string_without_its_nul_at_the_end_is_tolerated() -> None:
    raw = bytes.fromhex("00000012 80000004 00000000 00000001 3146")
    assert codec.decode(raw).body == MessageIdBody("1F")


@pytest.mark.parametrize(
    "body",
    [
        ShortMessageBody(short_message=b"x" * 255),
        ShortMessageBody(source_addr="1" * 21),
        ShortMessageBody(source_addr="a\0b"),
        ShortMessageBody(source_addr="Ω"),
        ShortMessageBody(data_coding=256),
    ],
    ids=["message too long", "address too long", "NUL inside", "not Latin-1", "not an octet"],
)
def test_what_does_not_fit_its_field_cannot_be_said(body: ShortMessageBody) -> None:
    with pytest.raises(LocalProtocolError):
        codec.encode(Pdu(CommandId.submit_sm, 1, body=body))


@given(
    command=st.sampled_from(list(CommandId)),
    number=st.integers(0, 0xFFFFFFFF),
    command_status=st.integers(0, 0xFFFFFFFF),
    rest=st.binary(max_size=120),
)
def test_no_octets_raise_anything_but_a_protocol_error(
    command: CommandId, number: int, command_status: int, rest: bytes
) -> None:
    head = b"".join(n.to_bytes(4, "big") for n in (16 + len(rest), command, command_status, number))
    try:
        pdu = codec.decode(head + rest)
    except RemoteProtocolError:
        return
    try:
        again = codec.encode(pdu)
    except LocalProtocolError:
        return  # a string longer than its field is read, and never written
    assert pdu.trailing_octets or codec.decode(again) == pdu
