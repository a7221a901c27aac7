"""What a dialect must supply. To add one: a folder that builds a `Dialect`, a line in `registry.py`, goldens,
a docs page.

Obligations:
1. `read` never raises, whatever the octets; what it cannot read becomes a Refusal, at best inside a
   Submission or Enquiry, so that a stranger learns "who are you?" before "what is this?".
2. `accept`, `answer`, `refuse` and `postback` are total: every Admitted, the answer to every enquiry that
   `read` makes, every RefusalReason and every event has words.
3. All of it is pure: same arguments, same octets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto

import msgspec

from aldis.accounts.directory_file import DialectTraits
from aldis.accounts.endpoint import Endpoint
from aldis.accounts.numbering import Numbering
from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.traffic.enquiry import Answer, Enquiry, StatusFound
from aldis.traffic.inbound import DueInbound
from aldis.traffic.postback import DuePostback, Notify, PostbackRequest
from aldis.traffic.refusal import Refusal
from aldis.traffic.submission import Admitted, MessageAsk, Submission


class Check(Enum):
    """The questions that admission asks before it touches the store; a dialect sets their order."""

    CREDENTIALS = auto()
    ADDRESS = auto()
    ACTIVE = auto()
    MAY_SEND = auto()
    READABLE = auto()
    REFERENCE = auto()
    THROTTLE = auto()
    RECIPIENTS_PRESENT = auto()
    RECIPIENTS = auto()
    TEXT = auto()
    SENDER = auto()
    KEYWORD = auto()
    CAMPAIGN = auto()
    CARRIER = auto()
    #: of a dialect whose messages may have attachments
    CONTENT = auto()
    LENGTH = auto()
    ROUTE = auto()
    SEGMENT_RATE = auto()


class Policy(msgspec.Struct, frozen=True):
    """What admission must know of a dialect's rules."""

    #: the first that fails names the refusal; opt-in, duplicates and credit follow, in the store
    checks: tuple[Check, ...]
    numbering: Numbering
    carrier_required: bool = False
    #: a request without sender is refused, even where the account has a default one
    sender_required: bool = True
    #: the recipient must have opted in to the keyword
    opt_in_required: bool = False


class RetrySchedule(msgspec.Struct, frozen=True):
    """How a dialect's provider calls customers back."""

    #: waits after the first failure, the second …; when they are used up the postback is given up
    waits_s: tuple[int, ...]
    connect_s: float
    total_s: float
    #: which answers count as taken
    taken: Callable[[int], bool]
    #: style → how many postbacks of one customer one request may carry, where that is not 1
    bundles: Mapping[str, int] = {}


class Reference(msgspec.Struct, frozen=True):
    """What a dialect may build a message's reference from."""

    message_id: int
    submission_id: int
    accepted_at: int
    #: 62 random bits
    nonce: int


#: what a request turns out to ask
Asked = Submission | Enquiry


def asks_nothing(_request: HttpRequest, _enquiry: Enquiry, _answer: Answer) -> HttpReply:
    """Stand for `answer` in a dialect whose `read` makes no enquiries."""
    raise LookupError("this dialect has no enquiries")


class Dialect(msgspec.Struct, frozen=True):
    """One dialect as a record of functions."""

    name: str
    #: path → methods; "*" as the last part of a path stands for anything
    paths: Mapping[str, frozenset[str]]
    policy: Policy
    schedule: RetrySchedule
    #: True when two accepted messages of one account must not share a client_reference
    refuses_duplicates: bool
    read: Callable[[HttpRequest], Asked | Refusal]
    accept: Callable[[HttpRequest, Submission, Admitted], HttpReply]
    #: None when the request could not even be read
    refuse: Callable[[HttpRequest, Asked | None, Refusal], HttpReply]
    reference: Callable[[MessageAsk, Reference], str]
    notify: Callable[[MessageAsk], Notify]
    #: (what is due to one endpoint: `schedule.bundles` tells how many, where to, now)
    postback: Callable[[Sequence[DuePostback], Endpoint, int], PostbackRequest]
    #: (a message from a handset, where to, now)
    inbound: Callable[[DueInbound, Endpoint, int], PostbackRequest]
    answer: Callable[[HttpRequest, Enquiry, Answer], HttpReply] = asks_nothing
    #: a client_reference is one of the account, whichever credential it came with; else of the login alone
    shares_references: bool = False
    #: (a duplicate, what is kept under its reference): the first answer once more, or None to refuse it
    replay: Callable[[Submission, StatusFound], HttpReply | None] | None = None
    #: `inbound` tells of attachments, so it must be given their octets
    tells_attachments: bool = False
    traits: DialectTraits = DialectTraits()


def is_2xx(status: int) -> bool:
    """Tell whether an answer means success in HTTP's own terms."""
    return 200 <= status <= 299  # noqa: PLR2004 - RFC 9110 §15.3
