"""Every PDU of the specification: its octets by hand, and any values there and back."""

from __future__ import annotations

import typing
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aldis.errors import LocalProtocolError, RemoteProtocolError
from aldis.smpp import clauses, codec, command, tlv
from aldis.smpp.command import RESPONSE_BIT, UNANSWERED, CommandId
from aldis.smpp.connection import Connection, RequestArrived
from aldis.smpp.fields import COctetString, CountedList, Integer, ShortMessage
from aldis.smpp.multi import DistributionList, SmeAddress, UnsuccessfulSme
from aldis.smpp.pdus import (
    BODIES,
    AlertNotification,
    Bind,
    BindResp,
    Body,
    CancelSm,
    DataSm,
    Outbind,
    Pdu,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    SubmitMulti,
    SubmitMultiResp,
)
from aldis.smpp.session import Role
from aldis.smpp.timers import Timers

#: wire octets written by hand from the tables of SMPP v3.4 chapter 4
CASES = [
    (
        Pdu(CommandId.outbind, 1, body=Outbind("smsc", "pw")),
        "00000018 0000000b 00000000 00000001 736d736300 707700",
    ),
    (
        Pdu(
            CommandId.submit_multi,
            3,
            body=SubmitMulti(
                source_addr_ton=5,
                source_addr="Aldis",
                dest_addresses=(SmeAddress(1, 1, "4670"), DistributionList("all")),
                registered_delivery=1,
                short_message=b"hi",
            ),
        ),
        (
            "00000033 00000021 00000000 00000003 00 05 00 416c64697300"
            "02 01 01 01 3436373000 02 616c6c00 00 00 00 00 00 01 00 00 00 02 6869"
        ),
    ),
    (
        Pdu(
            CommandId.submit_multi_resp,
            3,
            body=SubmitMultiResp("7", (UnsuccessfulSme(1, 1, "4670", 0x0B),)),
        ),
        "0000001e 80000021 00000000 00000003 3700 01 01 01 3436373000 0000000b",
    ),
    (
        Pdu(
            CommandId.data_sm, 4, body=DataSm(destination_addr="1", data_coding=8), tlvs={0x0424: b"\x04\x36"}
        ),
        "00000021 00000103 00000000 00000004 00 00 00 00 00 00 3100 00 00 08 0424 0002 0436",
    ),
    (
        Pdu(CommandId.query_sm, 5, body=QuerySm("1F", 1, 1, "46")),
        "00000018 00000003 00000000 00000005 314600 01 01 343600",
    ),
    (
        Pdu(CommandId.query_sm_resp, 5, body=QuerySmResp("1F", "", 2, 0)),
        "00000016 80000003 00000000 00000005 314600 00 02 00",
    ),
    (
        Pdu(CommandId.cancel_sm, 6, body=CancelSm(message_id="1F", source_addr="46")),
        "0000001c 00000008 00000000 00000006 00 314600 00 00 343600 00 00 00",
    ),
    (
        Pdu(CommandId.replace_sm, 7, body=ReplaceSm(message_id="1F", short_message=b"x")),
        "0000001c 00000007 00000000 00000007 314600 00 00 00 00 00 00 00 01 78",
    ),
    (
        Pdu(CommandId.alert_notification, 8, body=AlertNotification(1, 1, "46", 0, 0, "9")),
        "00000019 00000102 00000000 00000008 01 01 343600 00 00 3900",
    ),
]


@pytest.mark.parametrize(("pdu", "octets"), CASES, ids=lambda case: getattr(case, "command_id", None))
def test_a_pdu_and_its_octets(pdu: Pdu, octets: str) -> None:
    raw = bytes.fromhex(octets)
    assert codec.encode(pdu) == raw
    assert codec.decode(raw) == pdu


def test_every_command_has_a_body_a_clause_and_an_answer() -> None:
    assert set(BODIES) == set(CommandId) == set(clauses.COMMANDS)
    requests = {member for member in CommandId if not member & RESPONSE_BIT}
    assert {member | RESPONSE_BIT for member in requests - UNANSWERED} <= set(CommandId)
    assert {name for body in BODIES.values() for name in body.__struct_fields__} <= set(clauses.PARAMETERS)


def test_names_for_people() -> None:
    assert command.name(CommandId.submit_sm) == "submit_sm"
    assert command.name(0x111) == "0x00000111"
    assert tlv.name(tlv.MESSAGE_PAYLOAD) == "message_payload"
    assert tlv.name(0x1401) == "0x1401"
    assert len({tag.name for tag in tlv.TAGS.values()}) == len(tlv.TAGS)


octet = st.integers(0, 255)


def c_strings(size: int) -> st.SearchStrategy[str]:
    return st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=size - 1)


addresses = st.builds(SmeAddress, octet, octet, c_strings(21)) | st.builds(DistributionList, c_strings(21))
refusals = st.builds(UnsuccessfulSme, octet, octet, c_strings(21), st.integers(0, 2**32 - 1))


def values_of(field: object) -> st.SearchStrategy[typing.Any]:
    match field:
        case Integer():
            return octet
        case COctetString():
            return c_strings(field.size)
        case ShortMessage():
            return st.binary(max_size=254)
        case CountedList(what="destinations"):
            return st.lists(addresses, max_size=5).map(tuple)
        case CountedList(what="unsuccessful"):
            return st.lists(refusals, max_size=5).map(tuple)
        case _:
            raise AssertionError(field)


def bodies(kind: type[Body]) -> st.SearchStrategy[Body]:
    hints = typing.get_type_hints(kind, include_extras=True)
    return st.builds(
        kind, **{name: values_of(hints[name].__metadata__[0]) for name in kind.__struct_fields__}
    )


tlvs = st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=300), max_size=4)
pdus = st.sampled_from(sorted(CommandId)).flatmap(
    lambda member: st.builds(
        Pdu,
        st.just(int(member)),
        st.integers(1, 0x7FFFFFFF),
        st.integers(0, 0xFFFFFFFF) if member & RESPONSE_BIT else st.just(0),
        bodies(BODIES[member]),
        tlvs,
    )
)


@given(pdus)
def test_whatever_is_written_is_read_back(pdu: Pdu) -> None:
    found = codec.decode(codec.encode(pdu))
    bodiless = not pdu.tlvs and pdu.body is not None and not pdu.body.__struct_fields__
    expected = msgspec.structs.replace(pdu, body=None) if bodiless and found.body is None else pdu
    assert found == expected


def decoded(octets: bytes) -> Pdu | None:
    """Decode, or find the one fault that may come out."""
    with suppress(RemoteProtocolError):
        return codec.decode(octets)
    return None


@given(st.sampled_from(sorted(BODIES)), st.binary(max_size=200))
def test_no_octets_crash_the_decoder(command_id: int, rest: bytes) -> None:
    octets = (16 + len(rest)).to_bytes(4, "big") + command_id.to_bytes(4, "big") + bytes(8) + rest
    pdu = decoded(octets)
    if pdu is None:
        return
    # what was understood can be said again, unless it is longer than the specification lets us write
    with suppress(LocalProtocolError):
        again = codec.decode(codec.encode(pdu))
        assert pdu.trailing_octets or again == pdu


@given(pdus, st.data())
def test_a_pdu_with_an_octet_changed_or_cut_off_does_not_crash_it(pdu: Pdu, data: st.DataObject) -> None:
    octets = bytearray(codec.encode(pdu))
    position = data.draw(st.integers(0, len(octets) - 1))
    octets[position] = data.draw(octet)
    cut = data.draw(st.integers(16, len(octets)))
    decoded(bytes(octets[:cut]))


def bound(role: Role) -> Connection[None]:
    connection: Connection[None] = Connection(role, 0.0, Timers())
    bind = Pdu(CommandId.bind_transceiver, 1, body=Bind("x"))
    answer = Pdu(CommandId.bind_transceiver_resp, 1, body=BindResp("y"))
    if role is Role.ESME:
        connection.bind(CommandId.bind_transceiver, Bind("x"))
        connection.receive(codec.encode(answer), 0.0)
    else:
        connection.receive(codec.encode(bind), 0.0)
        connection.respond(bind, body=BindResp("y"))
    connection.take_output()
    return connection


@given(
    st.lists(pdus, max_size=8), st.sampled_from(Role), st.lists(st.integers(1, 60), min_size=1, max_size=30)
)
@settings(max_examples=200)
def test_any_pdus_in_any_pieces_are_answered_alike(said: list[Pdu], role: Role, sizes: list[int]) -> None:
    octets = b"".join(codec.encode(pdu) for pdu in said)
    whole, pieces = bound(role), bound(role)
    expected = whole.receive(octets, 1.0)
    events, position = [], 0
    for size in [*sizes, len(octets)]:
        events += pieces.receive(octets[position : position + size], 1.0)
        position += size
    assert events == expected
    answers = whole.take_output()
    assert pieces.take_output() == answers
    assert len(answers) <= codec.HEADER_OCTETS * (len(said) + 1)
    arrived = [event.pdu for event in events if isinstance(event, RequestArrived)]
    assert all(any(pdu.command_id == each.command_id for each in said) for pdu in arrived)


@given(st.lists(st.binary(max_size=80), max_size=20), st.sampled_from(Role))
def test_no_octets_crash_a_session(pieces: list[bytes], role: Role) -> None:
    connection = bound(role)
    for moment, piece in enumerate(pieces):
        connection.receive(piece, float(moment))
        connection.poll(float(moment))


def test_a_list_that_is_too_long_cannot_be_said() -> None:
    many = tuple(SmeAddress(1, 1, str(number)) for number in range(255))
    refused = tuple(UnsuccessfulSme(1, 1, str(number), 0) for number in range(255))
    for pdu in (
        Pdu(CommandId.submit_multi, 1, body=SubmitMulti(dest_addresses=many)),
        Pdu(CommandId.submit_multi_resp, 1, body=SubmitMultiResp("1", refused)),
        Pdu(CommandId.query_sm_resp, 1, body=QuerySmResp("1", "", 256, 0)),
    ):
        with pytest.raises(LocalProtocolError):
            codec.encode(pdu)


def test_a_dest_flag_that_nobody_knows_ends_the_reading() -> None:
    octets = bytes.fromhex("00000017 00000021 00000000 00000001 00 00 00 00 01 07 00")
    with pytest.raises(RemoteProtocolError):
        codec.decode(octets)
