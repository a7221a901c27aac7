"""The PDUs as rows of tables: each class is one table of SMPP v3.4 chapter 4, each annotation one of its
lines.

`codec.py` reads the annotations once, at import, and makes functions of them. To add a PDU: its class, and
its line in `COMMANDS`. Parameter names keep the specification's spelling; their meaning is in its chapter 5.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from aldis.smpp.command import CommandId
from aldis.smpp.fields import COctetString, CountedList, Integer, ShortMessage
from aldis.smpp.multi import Destination, UnsuccessfulSme
from aldis.smpp.status import ESME_ROK
from aldis.smpp.tlv import MESSAGE_PAYLOAD

Int1 = Annotated[int, Integer()]
CString6 = Annotated[str, COctetString(6)]
CString13 = Annotated[str, COctetString(13)]
CString16 = Annotated[str, COctetString(16)]
CString17 = Annotated[str, COctetString(17)]
CString21 = Annotated[str, COctetString(21)]
CString41 = Annotated[str, COctetString(41)]
CString65 = Annotated[str, COctetString(65)]
#: the specification says 9 octets; carriers hand out longer passwords and take them, so we do
Password = Annotated[str, COctetString(65)]
Message = Annotated[bytes, ShortMessage()]


class Body(msgspec.Struct, frozen=True, gc=False):
    """The mandatory parameters of one PDU, in wire order."""


class Bind(Body, frozen=True):
    """bind_transmitter, bind_receiver, bind_transceiver. Source: SMPP v3.4 §4.1.1, §4.1.3, §4.1.5."""

    system_id: CString16 = ""
    password: Password = ""
    system_type: CString13 = ""
    interface_version: Int1 = 0x34
    addr_ton: Int1 = 0
    addr_npi: Int1 = 0
    address_range: CString41 = ""


class BindResp(Body, frozen=True):
    """Answer to any bind. Source: SMPP v3.4 §4.1.2, §4.1.4, §4.1.6."""

    system_id: CString16 = ""


class Outbind(Body, frozen=True):
    """The SMSC asks an ESME to bind. Source: SMPP v3.4 §4.1.7."""

    system_id: CString16 = ""
    password: Password = ""


class Empty(Body, frozen=True):
    """A PDU that is all header: unbind, enquire_link, their answers, generic_nack, and the answers to
    cancel_sm and replace_sm. Source: SMPP v3.4 §4.2, §4.3, §4.9.2, §4.10.2, §4.11.
    """


class ShortMessageBody(Body, frozen=True):
    """submit_sm and deliver_sm, which share one layout. Source: SMPP v3.4 §4.4.1, §4.6.1."""

    service_type: CString6 = ""
    source_addr_ton: Int1 = 0
    source_addr_npi: Int1 = 0
    source_addr: CString21 = ""
    dest_addr_ton: Int1 = 0
    dest_addr_npi: Int1 = 0
    destination_addr: CString21 = ""
    esm_class: Int1 = 0
    protocol_id: Int1 = 0
    priority_flag: Int1 = 0
    schedule_delivery_time: CString17 = ""
    validity_period: CString17 = ""
    registered_delivery: Int1 = 0
    replace_if_present_flag: Int1 = 0
    data_coding: Int1 = 0
    sm_default_msg_id: Int1 = 0
    short_message: Message = b""


class MessageIdBody(Body, frozen=True):
    """submit_sm_resp, deliver_sm_resp and data_sm_resp. Source: SMPP v3.4 §4.4.2, §4.6.2, §4.7.2."""

    message_id: CString65 = ""


class SubmitMulti(Body, frozen=True):
    """One message to many. Source: SMPP v3.4 §4.5.1."""

    service_type: CString6 = ""
    source_addr_ton: Int1 = 0
    source_addr_npi: Int1 = 0
    source_addr: CString21 = ""
    dest_addresses: Annotated[tuple[Destination, ...], CountedList("destinations")] = ()
    esm_class: Int1 = 0
    protocol_id: Int1 = 0
    priority_flag: Int1 = 0
    schedule_delivery_time: CString17 = ""
    validity_period: CString17 = ""
    registered_delivery: Int1 = 0
    replace_if_present_flag: Int1 = 0
    data_coding: Int1 = 0
    sm_default_msg_id: Int1 = 0
    short_message: Message = b""


class SubmitMultiResp(Body, frozen=True):
    """Its answer, with those who could not be served. Source: SMPP v3.4 §4.5.2."""

    message_id: CString65 = ""
    unsuccess_sme: Annotated[tuple[UnsuccessfulSme, ...], CountedList("unsuccessful")] = ()


class DataSm(Body, frozen=True):
    """A message whose text is in message_payload. Source: SMPP v3.4 §4.7.1."""

    service_type: CString6 = ""
    source_addr_ton: Int1 = 0
    source_addr_npi: Int1 = 0
    source_addr: CString65 = ""
    dest_addr_ton: Int1 = 0
    dest_addr_npi: Int1 = 0
    destination_addr: CString65 = ""
    esm_class: Int1 = 0
    registered_delivery: Int1 = 0
    data_coding: Int1 = 0


class QuerySm(Body, frozen=True):
    """What has become of a message? Source: SMPP v3.4 §4.8.1."""

    message_id: CString65 = ""
    source_addr_ton: Int1 = 0
    source_addr_npi: Int1 = 0
    source_addr: CString21 = ""


class QuerySmResp(Body, frozen=True):
    """Its state. Source: SMPP v3.4 §4.8.2."""

    message_id: CString65 = ""
    #: "" while it has not ended
    final_date: CString17 = ""
    message_state: Int1 = 0
    error_code: Int1 = 0


class CancelSm(Body, frozen=True):
    """Forget a message, or all from here to there. Source: SMPP v3.4 §4.9.1."""

    service_type: CString6 = ""
    message_id: CString65 = ""
    source_addr_ton: Int1 = 0
    source_addr_npi: Int1 = 0
    source_addr: CString21 = ""
    dest_addr_ton: Int1 = 0
    dest_addr_npi: Int1 = 0
    destination_addr: CString21 = ""


class ReplaceSm(Body, frozen=True):
    """Put another text in a message's place. Source: SMPP v3.4 §4.10.1."""

    message_id: CString65 = ""
    source_addr_ton: Int1 = 0
    source_addr_npi: Int1 = 0
    source_addr: CString21 = ""
    schedule_delivery_time: CString17 = ""
    validity_period: CString17 = ""
    registered_delivery: Int1 = 0
    sm_default_msg_id: Int1 = 0
    short_message: Message = b""


class AlertNotification(Body, frozen=True):
    """A handset can be reached again. Source: SMPP v3.4 §4.12.1."""

    source_addr_ton: Int1 = 0
    source_addr_npi: Int1 = 0
    source_addr: CString65 = ""
    esme_addr_ton: Int1 = 0
    esme_addr_npi: Int1 = 0
    esme_addr: CString65 = ""


#: what each command carries, and the clause that describes it
COMMANDS: dict[int, tuple[type[Body], str]] = {
    CommandId.generic_nack: (Empty, "§4.3.1"),
    CommandId.bind_receiver: (Bind, "§4.1.3"),
    CommandId.bind_receiver_resp: (BindResp, "§4.1.4"),
    CommandId.bind_transmitter: (Bind, "§4.1.1"),
    CommandId.bind_transmitter_resp: (BindResp, "§4.1.2"),
    CommandId.bind_transceiver: (Bind, "§4.1.5"),
    CommandId.bind_transceiver_resp: (BindResp, "§4.1.6"),
    CommandId.submit_sm: (ShortMessageBody, "§4.4.1"),
    CommandId.submit_sm_resp: (MessageIdBody, "§4.4.2"),
    CommandId.deliver_sm: (ShortMessageBody, "§4.6.1"),
    CommandId.deliver_sm_resp: (MessageIdBody, "§4.6.2"),
    CommandId.unbind: (Empty, "§4.2.1"),
    CommandId.unbind_resp: (Empty, "§4.2.2"),
    CommandId.outbind: (Outbind, "§4.1.7"),
    CommandId.submit_multi: (SubmitMulti, "§4.5.1"),
    CommandId.submit_multi_resp: (SubmitMultiResp, "§4.5.2"),
    CommandId.data_sm: (DataSm, "§4.7.1"),
    CommandId.data_sm_resp: (MessageIdBody, "§4.7.2"),
    CommandId.query_sm: (QuerySm, "§4.8.1"),
    CommandId.query_sm_resp: (QuerySmResp, "§4.8.2"),
    CommandId.cancel_sm: (CancelSm, "§4.9.1"),
    CommandId.cancel_sm_resp: (Empty, "§4.9.2"),
    CommandId.replace_sm: (ReplaceSm, "§4.10.1"),
    CommandId.replace_sm_resp: (Empty, "§4.10.2"),
    CommandId.alert_notification: (AlertNotification, "§4.12.1"),
    CommandId.enquire_link: (Empty, "§4.11.1"),
    CommandId.enquire_link_resp: (Empty, "§4.11.2"),
}
BODIES = {command: body for command, (body, _) in COMMANDS.items()}


class Pdu(msgspec.Struct, frozen=True, gc=False):
    """One PDU: header, mandatory parameters, optional parameters."""

    command_id: int
    #: 1..0x7FFFFFFF; 0 only in a generic_nack to octets that had none
    sequence_number: int
    command_status: int = ESME_ROK
    #: None where a negative answer came without one, which the specification allows and many peers send
    body: Body | None = None
    tlvs: dict[int, bytes] = {}
    #: how many octets of it belong to no optional parameter that is whole; they are not written
    trailing_octets: int = 0

    @property
    def user_data(self) -> bytes:
        """What a message carries: short_message, or message_payload where that is empty. Source: SMPP v3.4
        §4.4.1, §5.3.2.32.
        """
        return getattr(self.body, "short_message", b"") or self.tlvs.get(MESSAGE_PAYLOAD, b"")
