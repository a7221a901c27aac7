"""One submission under judgement, and what the questions about it find out."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from aldis.accounts.account import ANONYMOUS, Account
from aldis.accounts.credentials import Credential
from aldis.accounts.directory import Directory
from aldis.accounts.numbering import Recipient
from aldis.accounts.routing import Router
from aldis.dialects.contract import Check, Policy
from aldis.sms.fitting import ChosenEncoding, EncodingOptions, TextRules
from aldis.stages.rates import Rates, Unit
from aldis.traffic.submission import MessageAsk, Submission


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
    fitted: ChosenEncoding
    #: links that carry it the same way
    backups: tuple[str, ...]


class ResolvedRequest(msgspec.Struct, gc=False):
    """What the checks found out about one ask."""

    ask: MessageAsk
    recipients: list[Recipient] = []
    sender: str = ""
    keyword: str | None = None
    carrier: str = ""
    #: one for all recipients, or with tags one for each
    texts: list[str] = []
    #: as most links would carry them: one for all recipients, or with tags one for each
    fitted: list[ChosenEncoding | None] = []
    #: one for each recipient
    routes: list[Routed] = []
    #: the attachments as they are kept, `traffic.content.as_column`
    parts: str = ""


class Lacking(NamedTuple):
    """What an account's rate lacks at this gateway, and may have at others, and where that was asked."""

    check: Check
    unit: Unit
    wanted: int


class AdmissionContext(msgspec.Struct, gc=False):
    """One submission under judgement."""

    policy: Policy
    directory: Directory
    submission: Submission
    router: Router
    rates: Rates
    requests: list[ResolvedRequest]
    content_limits: ContentLimits
    #: some of it has attachments
    has_content: bool
    #: how many messages it would become
    count: int
    #: the texts of several messages as they were written, by text, the customer's options and the link's
    #: rules; None: they take too many segments
    written: dict[tuple[str, EncodingOptions, TextRules], ChosenEncoding | None] = {}
    credential: Credential | None = None
    #: who asks, as soon as that is known
    account: Account = ANONYMOUS
    #: with a refusal: whether it is true is to be found out
    lacking: Lacking | None = None
