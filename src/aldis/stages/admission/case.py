"""One submission under judgement, and what the questions about it find out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import NamedTuple

import msgspec

from aldis.accounts.account import STRANGER, Account
from aldis.accounts.credentials import Credential
from aldis.accounts.directory import Directory
from aldis.accounts.numbering import Recipient
from aldis.accounts.routes import Route, RoutesByContent, choose_route
from aldis.dialects.contract import Policy
from aldis.sms.fitting import Fitted, TextRules
from aldis.traffic.submission import MessageAsk, Submission


class Unit(Enum):
    """What an account's rate counts."""

    MESSAGES = auto()
    SEGMENTS = auto()


def rate_of(account: Account, unit: Unit) -> tuple[float | None, int]:
    """Give an account's rate a second, None for no limit, and how many it may have at once."""
    if unit is Unit.MESSAGES:
        return account.rate_per_s, account.burst
    return account.segments_per_s, account.segment_burst


class MmsRules(msgspec.Struct, frozen=True):
    """What a link for multimedia messages can carry."""

    #: of one message; 0: whatever admission takes
    max_octets: int = 0
    #: what is too large is made smaller on its way
    shrinks: bool = False


#: when more are known, all are forgotten and found out anew
MOST_WAYS = 10_000


class Way(NamedTuple):
    """How messages to one carrier and country go from one sender."""

    #: None: not at all
    route: Route | None
    #: of a segment; None: it has none
    price: int | None


class Links:
    """The links that this gateway has."""

    def __init__(
        self,
        rules: Mapping[str, TextRules],
        is_up: Callable[[str], bool],
        mms: Mapping[str, MmsRules] | None = None,
    ) -> None:
        """`rules`, `mms`: what each link for texts, for multimedia messages can carry."""
        self.rules = rules
        self.is_up = is_up
        self.mms = mms or {}
        self.routes = RoutesByContent(self.mms)
        #: a version of the directory, and how texts go under it, by carrier, sender and country; replaced
        #: together, because a large submission asks in a thread, and perhaps under an older version
        self._ways: tuple[Directory | None, dict[tuple[str, str, str], Way]] = (None, {})

    def way_of_text(self, directory: Directory, carrier: str, sender: str, country: str) -> Way:
        """Choose the route of a text and find its price; remembered, because there may be many routes and
        most messages go where others have gone.
        """
        known, ways = self._ways
        if known is not directory or len(ways) >= MOST_WAYS:
            ways = {}
            self._ways = (directory, ways)
        key = (carrier, sender, country)
        way = ways.get(key)
        if way is None:
            route = choose_route(self.routes.for_texts(directory.routes), carrier, sender, country)
            way = ways[key] = Way(route, directory.price_micros(carrier, country))
        return way


class ContentLimits(msgspec.Struct, frozen=True):
    """What an account may attach."""

    #: of one message, its text included
    max_octets: int = 1_048_576
    #: looks into a picture of a type and says what is wrong with it, "" for nothing
    look: Callable[[str, bytes], str] | None = None


class Routed(NamedTuple):
    """How one message goes."""

    link: str
    #: of a segment
    price: int
    #: the text as that link carries it
    fitted: Fitted
    #: links that carry it the same way
    backups: tuple[str, ...]


class Findings(msgspec.Struct):
    """What the checks found out about one ask."""

    ask: MessageAsk
    recipients: list[Recipient] = []
    sender: str = ""
    keyword: str | None = None
    carrier: str = ""
    #: one for all recipients, or with tags one for each
    texts: list[str] = []
    #: as most links would carry them: one for all recipients, or with tags one for each
    fitted: list[Fitted | None] = []
    #: one for each recipient
    routes: list[Routed] = []
    #: the attachments as they are kept, `traffic.content.as_column`
    parts: str = ""


class Case(msgspec.Struct):
    """One submission under judgement."""

    policy: Policy
    directory: Directory
    submission: Submission
    links: Links
    #: takes so many off an account's rate; False when there is no room
    throttle: Callable[[Account, Unit, int], bool]
    findings: list[Findings]
    content_limits: ContentLimits
    #: some of it has attachments
    has_content: bool
    #: how many messages it would become
    count: int
    credential: Credential | None = None
    #: who asks, as soon as that is known
    account: Account = STRANGER
