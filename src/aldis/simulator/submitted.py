"""What was asked of the simulated SMSC, whichever PDU asked it, and the receipt that answers it. Pure."""

from __future__ import annotations

import msgspec

from aldis.clock import as_datetime
from aldis.simulator.behaviour import Behaviour
from aldis.simulator.handsets import Arriving
from aldis.smpp import esm_class, receipt_text, tlv
from aldis.smpp.multi import SmeAddress
from aldis.smpp.pdus import DataSm, Pdu, ShortMessageBody, SubmitMulti
from aldis.smpp.receipt_text import MessageState


class Submitted(msgspec.Struct, frozen=True):
    """One message to one recipient."""

    arriving: Arriving
    #: TON and NPI
    source: tuple[int, int]
    destination: tuple[int, int]
    registered_delivery: int


class PendingDelivery(msgspec.Struct, frozen=True):
    """A deliver_sm to be sent until it is acknowledged: a receipt, or what a handset wrote."""

    body: ShortMessageBody
    tlvs: dict[int, bytes]
    #: whose receipt it is; "" for what a handset wrote
    smsc_message_id: str


def of_submit(pdu: Pdu, body: ShortMessageBody | DataSm) -> Submitted:
    """Read a submit_sm or a data_sm."""
    return _submitted(pdu, body, body)


def of_multi(pdu: Pdu, body: SubmitMulti, destination: SmeAddress) -> Submitted:
    """Read one recipient's part of a submit_multi."""
    return _submitted(pdu, body, destination)


def _submitted(
    pdu: Pdu, body: ShortMessageBody | DataSm | SubmitMulti, to: ShortMessageBody | DataSm | SmeAddress
) -> Submitted:
    sender, recipient = body.source_addr, to.destination_addr
    return Submitted(
        Arriving(sender, recipient, body.esm_class, body.data_coding, pdu.user_data, pdu.tlvs),
        (body.source_addr_ton, body.source_addr_npi),
        (to.dest_addr_ton, to.dest_addr_npi),
        body.registered_delivery,
    )


def write_receipt(
    asked: Submitted, behaviour: Behaviour, state: MessageState, smsc_message_id: str, now: int
) -> PendingDelivery:
    """Write a receipt: Appendix B and TLVs, or the way one vendor might spell it."""
    moment = as_datetime(now)
    if behaviour.vendor_receipt:
        text = f"ID={smsc_message_id};Status=Delivered to handset;Error={behaviour.error_code}".encode()
        tlvs: dict[int, bytes] = {}
    else:
        text = receipt_text.write(smsc_message_id, state, behaviour.error_code, moment, moment)
        tlvs = {
            tlv.RECEIPTED_MESSAGE_ID: smsc_message_id.encode() + b"\0",
            tlv.MESSAGE_STATE: bytes((state,)),
        }
    receipt = ShortMessageBody(
        source_addr_ton=asked.destination[0],
        source_addr_npi=asked.destination[1],
        source_addr=asked.arriving.recipient,
        dest_addr_ton=asked.source[0],
        dest_addr_npi=asked.source[1],
        destination_addr=asked.arriving.sender,
        esm_class=esm_class.RECEIPT,
        short_message=text,
    )
    return PendingDelivery(receipt, tlvs, smsc_message_id)


def as_deleted(receipt: PendingDelivery, now: int) -> PendingDelivery:
    """Rewrite a receipt that was promised: the message was cancelled meanwhile."""
    moment, name = as_datetime(now), receipt.smsc_message_id
    text = receipt_text.write(name, MessageState.DELETED, "000", moment, moment)
    body = msgspec.structs.replace(receipt.body, short_message=text)
    tlvs = {**receipt.tlvs, tlv.MESSAGE_STATE: bytes((MessageState.DELETED,))}
    return PendingDelivery(body, tlvs, name)
