"""A message in the shapes that the stages hand to the store and get from it.

Here and wherever else each message or request makes one and nothing in it leads back to it, the garbage
collector does not walk it (`gc=False`): reference counting frees it, and to walk the ten thousand of one
request takes milliseconds.
"""

from __future__ import annotations

import msgspec

from aldis.traffic.content import KeptPart
from aldis.traffic.states import Event, State


class NewMessage(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One message for one recipient, ready to be stored; its fields are columns of the store, in order.

    Positional on its way to the writer, for the price of names there: 0.7 µs and 240 octets a message.
    Programs get `admin/message_document.py`.
    """

    message_id: int
    #: message_id of the first recipient of the same ask
    submission_id: int
    account_id: int
    dialect: str
    #: what the customer knows it by
    reference: str
    #: within which no two messages of the account share a reference; "" where they may
    duplicate_scope: str
    link: str
    priority: int
    sender: str
    #: international digits
    recipient: str
    #: ISO 3166 alpha-2
    country: str
    #: with the octets, an `sms.encoding.Encoded`; or `traffic.content.MMS`
    coding: int
    octets: bytes
    segments: int
    #: millionths of the account's currency, for one segment or multimedia message
    price_micros: int
    #: which events the customer is told of: bits of `traffic.postback.Notify`
    notify: int
    #: the lane of its postbacks (`traffic.postback.lane_of`); "" when nobody is to be told
    lane: str
    #: the customer's own address for this message's postbacks; "" for the account's
    callback_url: str
    #: JSON object: what the dialect wants back when it writes a postback
    echo: bytes
    accepted_at: int
    #: when it may be sent
    due_at: int
    #: when waiting to be sent ends
    expires_at: int
    #: when maintenance must look at it first: no later than waiting, or patience for a receipt, may end
    review_at: int
    #: under which the customer wants its use counted
    label: str = ""
    #: JSON list of the links that may carry it as it is, should its own be down; "" for none
    backups: str = ""
    #: goes out even to those who have opted out: it answers them
    exempt: bool = False
    #: the parts of a multimedia message, `traffic.content.as_column`; "" for a text
    parts: str = ""


class ClaimedMessage(msgspec.Struct, frozen=True, gc=False):
    """A message in a sender's hands."""

    message_id: int
    sender: str
    recipient: str
    #: with the octets, an `sms.encoding.Encoded`
    coding: int
    octets: bytes
    segments: int
    priority: int
    attempts: int
    expires_at: int
    #: numbers of the segments that the carrier took in an earlier attempt
    accepted_segments: tuple[int, ...]
    #: of a multimedia message
    parts: tuple[KeptPart, ...] = ()
    #: earlier attempts that were submitted and not answered: the carrier may have it
    doubts: int = 0


class SubmittedSegment(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The carrier took a segment and named it."""

    #: 1..255; 0 where it took the whole message to cut it itself
    number: int
    #: normalised by the link; empty when the carrier gave none
    smsc_message_id: str


class AttemptResult(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one attempt at a message led to; the next state follows from `traffic/states.py`."""

    message_id: int
    #: one of `states.ATTEMPTED`
    event: Event
    #: the segments that were taken in this attempt
    submitted: tuple[SubmittedSegment, ...] = ()
    #: when to try again; only with one of `states.REQUEUED`
    due_at: int = 0
    #: what the upstream said, for the customer's postback and the timeline: "" or "ESME_RINVDSTADR"
    reason: str = ""
    #: submitted, and not answered
    in_doubt: bool = False


class LateAnswer(msgspec.Struct, frozen=True, array_like=True):
    """The carrier took a segment and named it, after its attempt had ended in doubt."""

    message_id: int
    number: int
    smsc_message_id: str


#: faults with which a message is set aside
MAX_FAULTS = 3
#: crashes in a row after which a message that was in hand each time is tried alone; the next one is its fault
SUSPECT_CRASHES = MAX_FAULTS - 1


class HandlingFault(msgspec.Struct, frozen=True, array_like=True):
    """A message could not be handled, and neither its carrier nor a store that is away is to blame."""

    message_id: int
    #: for people: the kind of the exception
    reason: str
    #: it was submitted, so the carrier may have it
    is_submitted: bool = False
    #: how many faults it counts for
    weight: int = 1


class PoisonMessage(msgspec.Struct, frozen=True):
    """A message that is set aside."""

    message_id: int
    link: str
    faults: int
    #: the last of them
    reason: str
    failed_at: int


class SegmentFacts(msgspec.Struct, frozen=True):
    """One segment as the timeline shows it."""

    number: int
    smsc_message_id: str
    submitted_at: int
    state: str
    error_code: str
    receipt_at: int


class MessageFacts(msgspec.Struct, frozen=True, gc=False):
    """A message as the timeline and the postbacks see it."""

    message_id: int
    submission_id: int
    account_id: int
    dialect: str
    reference: str
    link: str
    sender: str
    recipient: str
    country: str
    state: State
    segments: int
    price_micros: int
    attempts: int
    accepted_at: int
    sent_at: int
    ended_at: int
    reason: str
    callback_url: str
    echo: bytes


class MessageStatus(msgspec.Struct, frozen=True, gc=False):
    """A message as its customer may ask about it."""

    message: MessageFacts
    priority: int
    #: with the octets, an `sms.encoding.Encoded`
    coding: int
    octets: bytes
    #: when it may be sent
    due_at: int
    expires_at: int
    label: str
