"""Octets to PDU and back, by functions that are put together from the tables of `pdus.py`.

`connection.py` cuts the stream into whole PDUs and calls `decode`. Source: SMPP v3.4 §3.2 (layout), §3.1
(types).
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from struct import Struct

from aldis.errors import LocalProtocolError, RemoteProtocolError
from aldis.smpp import fields, tlv
from aldis.smpp.command import RESPONSE_BIT
from aldis.smpp.pdus import BODIES, Body, Pdu
from aldis.smpp.status import ESME_RINVCMDID, ESME_RINVMSGLEN, ESME_ROK

HEADER_OCTETS = 16
_HEADER = Struct(">LLLL")
#: writes command_length, command_id, command_status and sequence_number
head = _HEADER.pack
#: reads the same four at a position; the caller has made sure of 16 octets
head_at = _HEADER.unpack_from


def _functions(body: type[Body]) -> tuple[Callable[[Body], bytes], Callable[[bytes, int], tuple[Body, int]]]:
    """Put a body's writer and reader together from the annotations of its class."""
    hints = typing.get_type_hints(body, include_extras=True)
    table: dict[str, fields.Field] = {name: hints[name].__metadata__[0] for name in body.__struct_fields__}
    lines, parts = ["def write(body):"], []
    for name, field in table.items():
        part = field.writer(name)
        if part.misfit:
            lines += [f"    {name} = body.{name}", f"    if {part.misfit}:", f"        misfit({name!r})"]
        parts.append(part if part.misfit else field.writer(f"body.{name}"))
    values = "".join(f"{part.value}, " for part in parts)
    text = f"'{''.join(part.format for part in parts)}' % ({values})"
    tail = "".join(f" + {part.tail}" for part in parts if part.tail)
    lines += [f"    return ({text}).encode('latin-1'){tail}"]
    lines += ["def read(octets, at):", "    end = len(octets)"]
    for name, field in table.items():
        lines += [f"    {line}" for line in field.reader(name)]
    lines += [f"    return body_class({', '.join(table)}), at"]
    known = {"body_class": body, **fields.HELPERS}
    made: dict[str, typing.Any] = {}
    exec(compile("\n".join(lines), f"<codec of {body.__name__}>", "exec"), known, made)  # noqa: S102 - our own tables
    return made["write"], made["read"]


_FUNCTIONS = {body: _functions(body) for body in set(BODIES.values())}
_WRITERS = {body: write for body, (write, _) in _FUNCTIONS.items()}
_READERS = {command: _FUNCTIONS[body][1] for command, body in BODIES.items()}


def encode(pdu: Pdu) -> bytes:
    """Write one PDU. Raises LocalProtocolError when a parameter does not fit its field."""
    return write(pdu.command_id, pdu.sequence_number, pdu.command_status, pdu.body, pdu.tlvs)


def write(
    command_id: int, sequence_number: int, command_status: int, body: Body | None, tlvs: dict[int, bytes]
) -> bytes:
    """Write one PDU from its parts. Raises as `encode`."""
    octets = parameters(body, tlvs) if body is not None else tlv.pack(tlvs)
    return head(HEADER_OCTETS + len(octets), command_id, command_status, sequence_number) + octets


def parameters(body: Body, tlvs: dict[int, bytes]) -> bytes:
    """Write what stands behind the header. Raises as `encode`."""
    try:
        octets = _WRITERS[type(body)](body)
    except (ValueError, TypeError, AttributeError, OverflowError) as fault:
        raise LocalProtocolError(f"{type(body).__name__} does not fit: {fault}") from fault
    return octets + tlv.pack(tlvs) if tlvs else octets


class Header(typing.NamedTuple):
    """The four integers that every PDU starts with. Source: SMPP v3.4 §3.2.1."""

    command_length: int
    command_id: int
    command_status: int
    sequence_number: int


def header(octets: bytes) -> Header:
    """Read the header; the caller has made sure of 16 octets."""
    return Header(*_HEADER.unpack_from(octets))


def length(octets: bytes, position: int) -> int:
    """Read the command_length at a position; the caller has made sure of its four octets."""
    return int.from_bytes(octets[position : position + 4], "big")


def decode(octets: bytes) -> Pdu:
    """Read exactly one PDU.

    Raises RemoteProtocolError, with the command_status to answer, when the command is unknown or its
    mandatory parameters do not add up. Never raises anything else, whatever the octets.
    """
    length, command_id, command_status, sequence_number = _HEADER.unpack_from(octets)
    read = _READERS.get(command_id)
    if read is None:
        raise RemoteProtocolError(f"unknown command_id 0x{command_id:08X}", ESME_RINVCMDID)
    bodiless = length == HEADER_OCTETS
    if bodiless and command_id & RESPONSE_BIT and command_status != ESME_ROK:
        return Pdu(command_id, sequence_number, command_status)
    try:
        body, position = read(octets, HEADER_OCTETS)
    except IndexError:
        raise RemoteProtocolError("the PDU ends inside its mandatory parameters", ESME_RINVMSGLEN) from None
    if position >= length:
        return Pdu(command_id, sequence_number, command_status, body, {})
    tlvs, left = tlv.unpack(octets, position)
    return Pdu(command_id, sequence_number, command_status, body, tlvs, left)
