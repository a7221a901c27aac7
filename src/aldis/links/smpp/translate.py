"""Between our records and SMPP's PDUs, both ways. Pure. Source: SMPP v3.4 §4.4.1, §4.6.1, §5.2.12, §5.2.17,
§5.2.19, §5.2.28.
"""

from __future__ import annotations

from aldis.smpp import receipt_text, tlv
from aldis.smpp.pdus import Pdu, ShortMessageBody
from aldis.smpp.receipt_text import MessageState
from aldis.sms.address import Npi, Ton, sender_address
from aldis.sms.encoding import Encoding
from aldis.stages.sending.upstream import Outbound
from aldis.traffic.receipt import Receipt, ReceiptState, normalise_id
from aldis.traffic.submission import Priority

#: esm_class: the short message starts with a user data header
UDHI = 0x40
#: esm_class: bits 5-2, what kind of deliver_sm this is
KIND_MASK = 0x3C
KIND_RECEIPT = 0x04
KIND_INTERMEDIATE = 0x20
#: registered_delivery: a receipt for success and for failure
RECEIPT_WANTED = 0x01

DATA_CODING = {Encoding.GSM7: 0x00, Encoding.UCS2: 0x08}

#: what a state at the SMSC means for us; those that say nothing final leave the segment under way
STATES = {
    MessageState.ENROUTE: ReceiptState.ENROUTE,
    MessageState.ACCEPTED: ReceiptState.ENROUTE,
    MessageState.UNKNOWN: ReceiptState.ENROUTE,
    MessageState.DELIVERED: ReceiptState.DELIVERED,
    MessageState.EXPIRED: ReceiptState.EXPIRED,
    MessageState.DELETED: ReceiptState.DELETED,
    MessageState.UNDELIVERABLE: ReceiptState.UNDELIVERED,
    MessageState.REJECTED: ReceiptState.REJECTED,
}


def to_submit_sm(segment: Outbound) -> ShortMessageBody:
    """Write a segment as the body of a submit_sm; a receipt is asked for on every one."""
    source = sender_address(segment.sender)
    return ShortMessageBody(
        source_addr_ton=source.ton,
        source_addr_npi=source.npi,
        source_addr=source.value,
        dest_addr_ton=Ton.INTERNATIONAL,
        dest_addr_npi=Npi.ISDN,
        destination_addr=segment.recipient,
        esm_class=UDHI if segment.header else 0,
        priority_flag=1 if segment.priority >= Priority.INTERACTIVE_LOW else 0,
        registered_delivery=RECEIPT_WANTED,
        data_coding=DATA_CODING[segment.encoding],
        short_message=segment.header + segment.octets,
    )


def is_receipt(body: ShortMessageBody, pdu: Pdu) -> bool:
    """Tell a receipt from a handset's message: by esm_class, or by the TLV that only receipts have."""
    return (
        body.esm_class & KIND_MASK in (KIND_RECEIPT, KIND_INTERMEDIATE)
        or tlv.RECEIPTED_MESSAGE_ID in pdu.tlvs
    )


def to_receipt(link: str, body: ShortMessageBody, pdu: Pdu, now: int) -> Receipt | None:
    """Read a receipt from its TLVs, else from its text; None when it names no message."""
    payload = body.short_message or pdu.tlvs.get(tlv.MESSAGE_PAYLOAD, b"")
    written = receipt_text.read(payload)
    named = pdu.tlvs.get(tlv.RECEIPTED_MESSAGE_ID, b"").partition(b"\0")[0].decode("latin-1")
    smsc_message_id = named.strip() or written.smsc_message_id
    if not smsc_message_id:
        return None
    octet = pdu.tlvs.get(tlv.MESSAGE_STATE, b"")
    state = (receipt_text.state_of(octet[0]) if octet else None) or written.state
    return Receipt(
        link=link,
        smsc_message_id=normalise_id(smsc_message_id),
        state=STATES[state] if state is not None else ReceiptState.ENROUTE,
        error_code=written.error_code or _network_error(pdu),
        recipient=body.source_addr,
        received_at=now,
    )


def _network_error(pdu: Pdu) -> str:
    """Read network_error_code: one octet of network type, two of error. Source: SMPP v3.4 §5.3.2.31."""
    value = pdu.tlvs.get(tlv.NETWORK_ERROR_CODE, b"")
    return f"{int.from_bytes(value[1:3], 'big'):03d}" if len(value) == 3 else ""  # noqa: PLR2004 - the TLV's size
