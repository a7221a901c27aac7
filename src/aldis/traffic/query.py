"""What a customer asks besides sending, in nobody's dialect, and what the answer holds: dialects write the
question and read the answer, `stages/queries` stands between.
"""

from __future__ import annotations

import msgspec

from aldis.traffic.caller import Caller
from aldis.traffic.inbound import InboundFacts
from aldis.traffic.message import MessageStatus
from aldis.traffic.refusal import Refusal
from aldis.traffic.submission import MOST_MESSAGES


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """One question; the kinds below."""

    caller: Caller
    #: what is wrong with the request, told only to those who may ask
    fault: Refusal | None = None


class CarrierLookup(Query, frozen=True):
    """Asks whose number it is."""

    number: str


class CarrierLookups(Query, frozen=True):
    """Asks whose numbers they are."""

    #: as given
    numbers: tuple[str, ...]


class BalanceQuery(Query, frozen=True):
    """Asks how much money is left."""


class PriceQuery(Query, frozen=True):
    """Asks what a segment costs by country; of everybody's prices, where the caller presents nothing."""


class StatusQuery(Query, frozen=True):
    """Asks what has become of a submission."""

    reference: str
    #: of its messages only those with higher ids, and so many at most
    after: int = 0
    most: int = MOST_MESSAGES


class Cancellation(Query, frozen=True):
    """Asks not to send what was to be sent later."""

    reference: str


class UsageQuery(Query, frozen=True):
    """Asks what was used, by label."""

    #: Unix milliseconds, from inclusive, until exclusive
    since: int
    until: int
    #: None: all of them
    label: str | None


class InboundQuery(Query, frozen=True):
    """Asks what handsets have sent."""

    #: Unix milliseconds, from inclusive, until exclusive
    since: int
    until: int
    #: from 1
    page: int
    per_page: int


class Subscription(Query, frozen=True):
    """Asks to add a number to a campaign, or to take it out."""

    campaign: str
    number: str
    wanted: bool


class CarrierFound(msgspec.Struct, frozen=True):
    """The carrier of a number, under the name that the dialect has for it."""

    carrier: str


class CarriersFound(msgspec.Struct, frozen=True):
    """The carriers of those numbers that are any."""

    #: international digits → the dialect's code of the carrier or our name; "" when nobody knows
    carriers: dict[str, str]
    #: ISO 4217
    currency: str


class BalanceFound(msgspec.Struct, frozen=True):
    """An account's money."""

    account_id: int
    #: millionths
    available: int
    #: ISO 4217
    currency: str


class PricesFound(msgspec.Struct, frozen=True):
    """What a segment costs to those countries that have a price, carriers' own prices left out."""

    #: ISO 3166 alpha-2 and millionths, by country
    prices: tuple[tuple[str, int], ...]
    #: in which they are charged: an account's own, or those of all accounts. ISO 4217
    currencies: tuple[str, ...]
    #: in UTC, ISO 8601
    today: str


class StatusFound(msgspec.Struct, frozen=True):
    """Messages of a submission, one for each recipient, in their order; at least one."""

    messages: tuple[MessageStatus, ...]
    #: ISO 4217
    currency: str = ""
    #: there are more behind the last
    goes_on: bool = False


class Cancelled(msgspec.Struct, frozen=True):
    """None of it will be sent."""


#: stands for all labels, or senders, of an account beyond those that are told one by one
OTHER = "(other)"


class Usage(msgspec.Struct, frozen=True):
    """What was used under one label in one country."""

    label: str
    #: ISO 3166 alpha-2
    country: str
    segments: int
    #: millionths: spent and held
    micros: int


class UsageFound(msgspec.Struct, frozen=True):
    """What was used."""

    currency: str
    rows: tuple[Usage, ...]


class InboundFound(msgspec.Struct, frozen=True):
    """What handsets have sent, newest first."""

    messages: tuple[InboundFacts, ...]
    #: on all pages
    in_all: int


class Subscribed(msgspec.Struct, frozen=True):
    """It is as the customer wants it."""


Answer = (
    CarrierFound
    | CarriersFound
    | BalanceFound
    | PricesFound
    | StatusFound
    | Cancelled
    | UsageFound
    | InboundFound
    | Subscribed
)
