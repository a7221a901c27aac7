"""Everything that reads a peer's octets, on any octets: nothing may raise, nothing may grow beyond its cap.

Called by the tests with the corpus, and by the fuzzer (`tests/interop/fuzz.py`) with what it makes up.
"""

from __future__ import annotations

from contextlib import suppress

from aldis.errors import LocalProtocolError, RemoteProtocolError
from aldis.links.smpp.quirks import Quirks
from aldis.links.smpp.translate import Translator, is_receipt
from aldis.links.smpp.verdicts import judge
from aldis.smpp import codec, receipt_text
from aldis.smpp.command import RESPONSE_BIT, CommandId
from aldis.smpp.connection import Connection
from aldis.smpp.pdus import Bind, BindResp, DataSm, Pdu, ShortMessageBody
from aldis.smpp.session import Role
from aldis.smpp.timers import Timers
from aldis.sms import dcs, udh
from aldis.sms.alphabet import from_septets
from aldis.sms.packing import unpack

TRANSLATORS = (
    Translator("a", Quirks()),
    Translator("b", Quirks(receipt_id="hex", receipt_pattern="(?P<id>.)(?P<stat>.)")),
)


def exercise(octets: bytes) -> None:
    """Feed octets to a bound session of both roles and, as one PDU, to all that looks into it."""
    for role in Role:
        _feed(role, octets)
    if len(octets) >= codec.HEADER_OCTETS:
        framed = len(octets).to_bytes(4, "big") + octets[4:]
        with suppress(RemoteProtocolError):
            _look_into(codec.decode(framed))
    receipt_text.read(octets)
    elements, rest = udh.split_header(octets)
    udh.concatenation(elements)
    udh.ports(elements)
    from_septets(rest, *udh.shift_tables(elements))
    unpack(octets[:300])
    dcs.read(octets[0] if octets else 0)


def _feed(role: Role, octets: bytes) -> None:
    connection: Connection[int] = Connection(role, 0.0, Timers())
    if role is Role.ESME:
        connection.bind(CommandId.bind_transceiver, Bind("x"))
        connection.receive(codec.encode(Pdu(CommandId.bind_transceiver_resp, 1, body=BindResp("y"))), 0.0)
        connection.request(CommandId.submit_sm, ShortMessageBody(), 7, 0.0)
    else:
        bind = Pdu(CommandId.bind_transceiver, 1, body=Bind("x"))
        connection.receive(codec.encode(bind), 0.0)
        connection.respond(bind, body=BindResp("y"))
    connection.take_output()
    half = len(octets) // 2
    connection.receive(octets[:half], 1.0)
    connection.receive(octets[half:], 2.0)
    for moment in (40.0, 80.0, 500.0):
        connection.poll(moment)
    # each whole PDU of 16 octets or more gets an answer of 16 octets or less, and a few are ours
    assert len(connection.take_output()) <= len(octets) + 10 * codec.HEADER_OCTETS


def _look_into(pdu: Pdu) -> None:
    with suppress(LocalProtocolError):  # longer than what we would write
        written = codec.encode(pdu)
        assert codec.encode(codec.decode(written)) == written
    if isinstance(pdu.body, ShortMessageBody | DataSm):
        is_receipt(pdu.body, pdu)
        for translator in TRANSLATORS:
            translator.to_receipt(pdu.body, pdu, 0)
    if pdu.command_id & RESPONSE_BIT:
        judge(pdu, Quirks(response_id="hex"))
