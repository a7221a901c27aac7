"""Octets to PDU and back, by walking the tables of `pdus.py`.

`connection.py` cuts the stream into whole PDUs and calls `decode`. Source: SMPP v3.4 §3.2 (layout), §3.1
(types).
"""

from __future__ import annotations

import typing
from struct import Struct

from aldis.errors import RemoteProtocolError
from aldis.smpp import tlv
from aldis.smpp.command import RESPONSE_BIT
from aldis.smpp.fields import Field
from aldis.smpp.pdus import BODIES, Body, Pdu
from aldis.smpp.status import ESME_RINVCMDID, ESME_ROK

HEADER_OCTETS = 16
_HEADER = Struct(">LLLL")


def _rows(body: type[Body]) -> tuple[tuple[str, Field], ...]:
    hints = typing.get_type_hints(body, include_extras=True)
    return tuple((name, hints[name].__metadata__[0]) for name in body.__struct_fields__)


_TABLES = {body: _rows(body) for body in set(BODIES.values())}


def encode(pdu: Pdu) -> bytes:
    """Write one PDU. Raises LocalProtocolError when a parameter does not fit its field."""
    octets = b""
    if pdu.body is not None:
        parts = [field.write(getattr(pdu.body, name)) for name, field in _TABLES[type(pdu.body)]]
        octets = b"".join(parts)
    if pdu.tlvs:
        octets += tlv.pack(pdu.tlvs)
    length = HEADER_OCTETS + len(octets)
    return _HEADER.pack(length, pdu.command_id, pdu.command_status, pdu.sequence_number) + octets


class Header(typing.NamedTuple):
    """The four integers that every PDU starts with. Source: SMPP v3.4 §3.2.1."""

    command_length: int
    command_id: int
    command_status: int
    sequence_number: int


def header(octets: bytes | bytearray, position: int = 0) -> Header:
    """Read the header at a position; the caller has made sure of 16 octets there."""
    return Header(*_HEADER.unpack_from(octets, position))


def decode(octets: bytes) -> Pdu:
    """Read exactly one PDU.

    Raises RemoteProtocolError, with the command_status to answer, when the command is unknown or its
    parameters do not add up. Never raises anything else, whatever the octets.
    """
    head = header(octets)
    body_class = BODIES.get(head.command_id)
    if body_class is None:
        raise RemoteProtocolError(f"unknown command_id 0x{head.command_id:08X}", ESME_RINVCMDID)
    bodiless = len(octets) == HEADER_OCTETS
    if bodiless and head.command_id & RESPONSE_BIT and head.command_status != ESME_ROK:
        return Pdu(head.command_id, head.sequence_number, head.command_status)
    position = HEADER_OCTETS
    values = []
    for _, field in _TABLES[body_class]:
        value, position = field.read(octets, position)
        values.append(value)
    tlvs = tlv.unpack(octets, position) if position < len(octets) else {}
    return Pdu(head.command_id, head.sequence_number, head.command_status, body_class(*values), tlvs)
