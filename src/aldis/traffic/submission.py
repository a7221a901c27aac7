"""What a customer asked for, in nobody's dialect: dialects write it, admission reads it."""

from __future__ import annotations

from enum import IntEnum

import msgspec

from aldis.traffic.refusal import Refusal


class Priority(IntEnum):
    """Four classes, higher overtakes lower; the values are kept in the store."""

    BULK_LOW = 0
    BULK = 1
    INTERACTIVE_LOW = 2
    INTERACTIVE = 3


class Presented(msgspec.Struct, frozen=True):
    """The credentials that came with a request."""

    #: whose kind of credential: the dialect's name
    dialect: str
    #: the key or token itself, or the login
    identity: str
    #: the password; None where the key is all there is
    secret: str | None = None

    def __repr__(self) -> str:
        return f"Presented({self.dialect!r})"


class MessageAsk(msgspec.Struct, frozen=True, kw_only=True):
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


class Submission(msgspec.Struct, frozen=True):
    """All that one request asks: accepted whole or refused whole."""

    presented: Presented
    asks: tuple[MessageAsk, ...]
    #: judge and price it, store nothing
    dry_run: bool = False
    #: what is wrong with the request, told only to those who may ask
    fault: Refusal | None = None

    @property
    def recipient_count(self) -> int:
        """How many messages this would become."""
        return (
            len(self.asks[0].recipients) if len(self.asks) == 1 else sum(len(a.recipients) for a in self.asks)
        )


class AdmittedAsk(msgspec.Struct, frozen=True):
    """What became of one ask: its ids and what it costs."""

    #: one for each recipient, in their order
    message_ids: tuple[int, ...]
    #: what the customer knows the first by
    reference: str
    recipients: tuple[str, ...]
    #: ISO 3166 alpha-2, one for each recipient
    countries: tuple[str, ...]
    #: one for each recipient: links may carry the same text differently
    segments_each: tuple[int, ...]
    price_micros: int


class Admitted(msgspec.Struct, frozen=True):
    """The yes to a submission, given after its commit."""

    asks: tuple[AdmittedAsk, ...]
    currency: str
