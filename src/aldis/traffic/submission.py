"""What a customer asked for, in nobody's dialect: dialects write it, admission reads it."""

from __future__ import annotations

from enum import IntEnum

import msgspec

from aldis.sms.encoding import Encoding
from aldis.sms.fitting import NO_OPTIONS, EncodingOptions, NonGsmCharacter
from aldis.traffic.caller import Caller
from aldis.traffic.content import Attachment
from aldis.traffic.message import NewMessage
from aldis.traffic.refusal import Refusal

#: that one request may make in all: recipients of all its texts
MOST_MESSAGES = 10_000


class Priority(IntEnum):
    """Four classes, higher overtakes lower; the values are kept in the store."""

    BULK_LOW = 0
    BULK = 1
    INTERACTIVE_LOW = 2
    INTERACTIVE = 3


class MessageAsk(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One text for one or more recipients, as the customer worded it."""

    #: as given: digits, international or local
    recipients: tuple[str, ...]
    text: str
    #: empty where the account's default is meant
    sender: str = ""
    #: as given; None where it was left out
    carrier: str | None = None
    keyword: str | None = None
    campaign: str | None = None
    priority: Priority = Priority.BULK
    #: the customer's own id; no two accepted messages of one login share it
    client_reference: str | None = None
    wants_receipt: bool = True
    #: what the dialect wants back when it writes the postback
    echo: dict[str, str] = {}
    #: overrides the account's postback address
    callback_url: str | None = None
    #: words of the text that each recipient's values take the place of
    tags: tuple[str, ...] = ()
    #: one for each recipient, if there are tags: as many values as tags
    tag_values: tuple[tuple[str, ...], ...] = ()
    #: how it is to be written
    encoding_options: EncodingOptions = NO_OPTIONS
    #: with them it is a multimedia message
    attachments: tuple[Attachment, ...] = ()
    #: octets for a program instead of a text, behind their user data header with its length octet
    data: bytes = b""
    #: when to send it, Unix milliseconds; 0: now
    send_at: int = 0
    #: how long sending it may be tried; None: as long as the house does
    validity_s: int | None = None
    #: under which the customer wants its use counted
    label: str = ""
    #: the answer is to tell of each recipient
    wants_details: bool = False

    @property
    def has_content(self) -> bool:
        """Whether there is anything to send."""
        return bool(self.text or self.data or self.attachments)


class Submission(msgspec.Struct, frozen=True, gc=False):
    """All that one request asks: accepted whole or refused whole."""

    caller: Caller
    asks: tuple[MessageAsk, ...]
    #: judge and price it, store nothing
    dry_run: bool = False
    #: what is wrong with the request, told only to those who may ask
    fault: Refusal | None = None

    @property
    def has_attachments(self) -> bool:
        """Whether any of it is a multimedia message."""
        for ask in self.asks:  # noqa: SIM110 - a generator costs more than what it asks
            if ask.attachments:
                return True
        return False

    @property
    def recipient_count(self) -> int:
        """How many messages this would become."""
        return (
            len(self.asks[0].recipients) if len(self.asks) == 1 else sum(len(a.recipients) for a in self.asks)
        )


class Writing(msgspec.Struct, frozen=True):
    """How a message would be written and sent."""

    encoding: Encoding
    #: septets, UTF-16 units, octets: all of it, and as many as fit into one of its segments
    units: int
    units_a_segment: int
    #: what forces UCS-2
    non_gsm: tuple[NonGsmCharacter, ...]
    link: str
    #: of one segment
    price_micros: int


class AdmittedAsk(msgspec.Struct, frozen=True, gc=False):
    """What became of one ask. Most answers need little of it, so it is the messages themselves."""

    #: one for each recipient, in their order
    messages: tuple[NewMessage, ...]
    #: one for each recipient, where details were wanted and nothing was stored
    writings: tuple[Writing, ...] = ()

    @property
    def reference(self) -> str:
        """What the customer knows the first by."""
        return self.messages[0].reference

    @property
    def price_micros(self) -> int:
        """What all of it costs."""
        return sum([message.price_micros * message.segments for message in self.messages])

    @property
    def segments(self) -> int:
        """How many segments all of it takes."""
        return sum([message.segments for message in self.messages])


class Admitted(msgspec.Struct, frozen=True, gc=False):
    """The yes to a submission, given after its commit."""

    asks: tuple[AdmittedAsk, ...]
    currency: str
