"""Messages from handsets (MO): one segment as a link hears it, a whole one as it is kept and told."""

from __future__ import annotations

import msgspec

from aldis.sms.address import NumberType
from aldis.sms.reading import Piece
from aldis.sms.reassembly import SharedReference
from aldis.traffic.consent import ConsentChange
from aldis.traffic.content import Attachment, KeptPart
from aldis.traffic.message import NewMessage
from aldis.traffic.receipt import Receipt


class InboundPart(msgspec.Struct, frozen=True, array_like=True):
    """One deliver_sm that is no receipt, or a whole multimedia message."""

    link: str
    #: the handset, as the carrier gives it
    sender: str
    #: our short code or number, likewise
    recipient: str
    piece: Piece
    received_at: int
    #: of a multimedia message, besides its text
    parts: tuple[KeptPart, ...] = ()
    #: what the carrier calls the handing over of a multimedia message, also when it repeats it
    transaction_id: str = ""
    sender_type: NumberType = NumberType.UNKNOWN
    recipient_type: NumberType = NumberType.UNKNOWN


class DoubtfulReceipt(msgspec.Struct, frozen=True):
    """A receipt with two ids, or what has the form of a receipt and is not marked as one."""

    receipt: Receipt
    #: what it is if it is no receipt; None where it is marked as one
    message: InboundPart | None


class InboundMms(msgspec.Struct, frozen=True, kw_only=True):
    """A multimedia message from a handset, as a link hears it."""

    link: str
    sender: str
    recipient: str
    text: str
    #: the other parts
    attachments: tuple[Attachment, ...]
    #: what the carrier calls the handing over, also when it repeats it
    transaction_id: str
    received_at: int
    sender_type: NumberType = NumberType.UNKNOWN
    recipient_type: NumberType = NumberType.UNKNOWN


class Segments(SharedReference[Piece], kw_only=True, array_like=True):
    """What has come of the long messages under one reference, and whose they are."""

    link: str
    sender: str
    recipient: str
    reference: int


class InboundFacts(msgspec.Struct, frozen=True):
    """A whole message as postbacks and people see it."""

    inbound_id: int
    link: str
    sender: str
    recipient: str
    text: str
    #: the keyword of ours that it begins with; "" for none
    keyword: str
    #: as the dialect calls it; "" where that is not known
    carrier: str
    segments: int
    #: whose it is; None: nobody's, kept for the operator
    account_id: int | None
    #: in which the account hears of it; "" where it wants to hear nothing
    dialect: str
    received_at: int
    #: the parts of a multimedia message, `traffic.content.as_column`; "" for a text
    parts: str = ""


class NewInbound(InboundFacts, frozen=True, kw_only=True, array_like=True):
    """A whole message, with what was decided about it; up to `fingerprint` they are columns of the store, in
    order.
    """

    #: which postbacks share a lane with its own; "" when none is pending
    lane: str
    #: tells a repetition of the carrier's
    fingerprint: bytes
    #: the one for the sender that it was sent to first
    consents: tuple[ConsentChange, ...] = ()
    #: what we answer by ourselves, exempt from opt-outs
    reply: NewMessage | None = None


class DueInbound(msgspec.Struct, frozen=True):
    """A postback about a message from a handset, whose time has come."""

    postback_id: int
    #: of account and endpoint (`postback.lane_of`); the postbacks of one lane share its fate
    lane: str
    #: tries that have failed so far
    attempts: int
    inbound: InboundFacts
    #: its parts with their octets; read when the postback is to be written
    attachments: tuple[Attachment, ...] = ()
    #: whether it was ever tried, also before it was made due by hand
    was_tried: bool = False
