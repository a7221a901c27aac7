"""Explains PDUs field by field, with the clause of the specification, and shows how a link writes a message.

`aldis decode` and the page of a message.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from aldis.admin.wire import PduLine, ShownSubmit
from aldis.clock import as_datetime
from aldis.errors import LocalProtocolError, RemoteProtocolError
from aldis.links.smpp.quirks import Quirks
from aldis.links.smpp.translate import Translator
from aldis.smpp import clauses, codec, command, receipt_text, status, time_format, tlv
from aldis.smpp.command import CommandId
from aldis.smpp.esm_class import KIND_MASK, RECEIPT, UDHI
from aldis.smpp.pdus import DataSm, Pdu, ShortMessageBody
from aldis.sms import dcs, udh
from aldis.sms.alphabet import from_septets
from aldis.sms.dcs import Alphabet
from aldis.sms.encoding import Encoded, Encoding, decode
from aldis.sms.fitting import from_coding
from aldis.sms.packing import fill_bits, unpack
from aldis.sms.reading import piece, text_of
from aldis.stages.sending.in_flight import InFlightMessage
from aldis.store.contract.search import MessageView
from aldis.traffic.message import ClaimedMessage

#: octets of a TLV that are still shown as a number
MAX_INTEGER = 8
#: what bits 5-2 of esm_class say of a delivery. Source: SMPP v3.4 §5.2.12
_KINDS = {0x04: "delivery receipt", 0x08: "acknowledged by the handset", 0x10: "acknowledged by its user",
          0x18: "conversation abort", 0x20: "intermediate notification"}  # fmt: skip
_TON = ("unknown", "international", "national", "network specific", "subscriber number", "alphanumeric",
        "abbreviated")  # fmt: skip
_NPI = {0: "unknown", 1: "ISDN (E.163/E.164)", 3: "data", 4: "telex", 6: "land mobile", 8: "national",
        9: "private", 10: "ERMES", 14: "Internet", 18: "WAP client"}  # fmt: skip
_RECEIPTS = ("no receipt", "receipt for success and failure", "receipt for failure", "receipt for success")


def submits(view: MessageView, quirks: Quirks) -> tuple[ShownSubmit, ...]:
    """Show the submit_sm PDUs of a message as a link with these quirks writes them, with sequence_number 1.
    Empty where it cannot say it.
    """
    message, accepted = view.message, view.accepted
    try:
        encoded = from_coding(accepted.coding, accepted.octets).encoded
    except (LookupError, ValueError):  # a row that is damaged
        return ()
    translator = Translator(message.link, quirks)
    submitted_at = {segment.number: segment.submitted_at for segment in view.segments}
    found = []
    for segment in InFlightMessage(_claimed(view)).segments():
        now = submitted_at.get(segment.number, message.sent_at or accepted.due_at)
        try:
            body, tlvs = translator.to_submit_sm(segment, now)
        except LocalProtocolError:
            return ()
        pdu = Pdu(CommandId.submit_sm, 1, body=body, tlvs=tlvs)
        octets = codec.encode(pdu)
        shown = Encoded(segment.encoding, segment.octets, encoded.locking, encoded.single)
        found.append(
            ShownSubmit(
                segment.number,
                segment.total,
                segment.octets.hex(" ") if segment.encoding is Encoding.OCTETS else decode(shown),
                segment.header.hex(" "),
                pdu.user_data[len(segment.header) :].hex(" "),
                octets.hex(),
                tuple(lines(octets, as_datetime(now))),
            )
        )
    return tuple(found)


def _claimed(view: MessageView) -> ClaimedMessage:
    accepted = view.accepted
    return ClaimedMessage(
        accepted.message_id,
        accepted.sender,
        accepted.recipient,
        accepted.coding,
        accepted.octets,
        accepted.segments,
        accepted.priority,
        1,
        accepted.expires_at,
        (),
    )


def lines(octets: bytes, now: datetime) -> Iterator[PduLine]:
    """Give one PDU's parameters in wire order; of one that does not parse, its header and the fault. `now`:
    when relative times begin.
    """
    head = codec.header(octets)
    yield PduLine("command_length", str(head.command_length), clause=clauses.PARAMETERS["command_length"])
    kind = clauses.COMMANDS.get(head.command_id, "")
    yield PduLine("command_id", f"0x{head.command_id:08X}", command.name(head.command_id), kind)
    named = status.name(head.command_status)
    yield PduLine(
        "command_status", f"0x{head.command_status:08X}", named, clauses.PARAMETERS["command_status"]
    )
    yield PduLine("sequence_number", str(head.sequence_number), clause=clauses.PARAMETERS["sequence_number"])
    try:
        pdu = codec.decode(octets)
    except RemoteProtocolError as fault:
        yield PduLine("FAULT", status.name(fault.command_status), str(fault))
        return
    if pdu.body is not None:
        for name in pdu.body.__struct_fields__:
            yield from _parameter(name, getattr(pdu.body, name), now)
    for tag, value in pdu.tlvs.items():
        yield _tlv(tag, value)
    if pdu.trailing_octets:
        says = "octets before, between or behind whole parameters: not read"
        yield PduLine("TRAILING", str(pdu.trailing_octets), says)
    yield from _text(pdu)


def _parameter(name: str, value: object, now: datetime) -> Iterator[PduLine]:
    clause = clauses.PARAMETERS.get(name, "")
    if isinstance(value, int):
        yield PduLine(name, f"{value} (0x{value:02X})", _meaning(name, value), clause)
    elif isinstance(value, bytes):
        yield PduLine(name, value.hex(" ") or "empty", f"{len(value)} octets", clause)
    elif isinstance(value, tuple):
        yield PduLine(name, str(len(value)), clause=clause)
        for each in value:
            parts = [f"{part} {getattr(each, part)}" for part in each.__struct_fields__]
            yield PduLine("", ", ".join(parts))
    elif name in ("validity_period", "schedule_delivery_time", "final_date") and value:
        moment = time_format.read(str(value), now)
        yield PduLine(name, repr(value), f"{moment:%Y-%m-%d %H:%M:%S %Z}" if moment else "no time", clause)
    else:
        # a password stays out of terminals and tickets
        shown = "(hidden)" if name == "password" and value else repr(value)
        yield PduLine(name, shown, clause=clause)


def _meaning(name: str, value: int) -> str:
    if name.endswith("_ton"):
        return _TON[value] if value < len(_TON) else "reserved"
    if name.endswith("_npi"):
        return _NPI.get(value, "reserved")
    if name == "message_state":
        state = receipt_text.state_of(value)
        return state.name if state is not None else ""
    if name == "esm_class":
        kind = _KINDS.get(value & KIND_MASK, "message")
        return kind + (", user data header" if value & UDHI else "")
    if name == "registered_delivery":
        return _RECEIPTS[value & 0x03] + (", intermediate notifications" if value & 0x10 else "")
    if name == "data_coding":
        return _coding(dcs.read(value))
    return ""


def _coding(coding: dcs.DataCoding) -> str:
    said = [coding.alphabet.name]
    said += [] if coding.message_class is None else [f"class {coding.message_class}"]
    said += ["compressed"] if coding.is_compressed else []
    said += ["to be deleted once it is read"] if coding.is_automatically_deleted else []
    if coding.waiting:
        kind = ("voicemail", "fax", "electronic mail", "other")[coding.waiting.kind]
        said.append(f"waiting {kind} {'on' if coding.waiting.is_active else 'off'}")
        said += ["stored"] if coding.waiting.is_stored else []
    return ", ".join(said)


def _tlv(tag: int, value: bytes) -> PduLine:
    known = tlv.TAGS.get(tag)
    shown, meaning = value.hex(" ") or "empty", f"TLV 0x{tag:04X}, {len(value)} octets"
    if known is not None and known.kind is tlv.ValueKind.C_OCTETS:
        shown = repr(value.rstrip(b"\0").decode("latin-1"))
    elif known is not None and known.kind is tlv.ValueKind.INTEGER and len(value) <= MAX_INTEGER:
        number = int.from_bytes(value, "big")
        shown = f"{number} (0x{number:02X})"
        meaning = f"{_meaning(known.name, number)} {meaning}".strip()
    return PduLine(tlv.name(tag), shown, meaning, known.clause if known else "")


def _text(pdu: Pdu) -> Iterator[PduLine]:
    """Read what the message says, as a handset would."""
    body = pdu.body
    if not isinstance(body, ShortMessageBody | DataSm):
        return
    has_header = bool(body.esm_class & UDHI)
    elements, _ = udh.split_header(pdu.user_data) if has_header else ({}, b"")
    alphabet = dcs.read(body.data_coding).alphabet
    found = piece(alphabet, pdu.user_data, has_header=has_header, place=None)
    octets, header = found.octets, len(pdu.user_data) - len(found.octets)
    if has_header and not elements and pdu.user_data[:1] != b"\0":
        shown = pdu.user_data[:header].hex(" ") or "none"
        ignored = "ignored, as its elements do not fill its length"
        yield PduLine("user data header", shown, ignored, "3GPP TS 23.040 §9.2.3.24")
    for identifier, data in elements.items():
        shown = f"element 0x{identifier:02X}: {data.hex(' ')}"
        yield PduLine("user data header", shown, _element(elements, identifier), "3GPP TS 23.040 §9.2.3.24")
    if alphabet is Alphabet.GSM7:
        unpacked = (
            "in UTF-8 or Latin-1, as these are no septets"
            if not octets.isascii()
            else "if its septets are unpacked"
        )
        yield PduLine("text", repr(text_of([found])), unpacked)
        packed = unpack(octets, fill_bits(header))
        yield PduLine("", repr(from_septets(packed, found.locking, found.single)), "if they are packed")
    elif alphabet is not Alphabet.OCTETS:
        yield PduLine("text", repr(text_of([found])), alphabet.name)
    if body.esm_class & KIND_MASK == RECEIPT:
        written = receipt_text.read(octets)
        state = written.state.name if written.state is not None else "no state"
        yield PduLine(
            "receipt", f"{written.smsc_message_id}", f"{state}, error {written.error_code}", "Appendix B"
        )


def _element(elements: dict[int, bytes], identifier: int) -> str:
    place, ports = udh.concatenation(elements), udh.ports(elements)
    if identifier in (udh.CONCATENATION_8, udh.CONCATENATION_16) and place is not None:
        return f"segment {place.number} of {place.total}, reference {place.reference}"
    if identifier in (udh.PORTS_8, udh.PORTS_16) and ports is not None:
        return f"port {ports.source} to port {ports.destination}"
    if identifier in (udh.SINGLE_SHIFT, udh.LOCKING_SHIFT):
        return "national language table"
    return "message indication" if identifier == udh.SPECIAL_INDICATION else ""
