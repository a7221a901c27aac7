"""What a dialect must supply: a policy, which the stages keep to and which knows no protocol, and a face, by
which a door speaks it (`http_face.py`). To add one: a folder that builds a `Dialect`, a line in
`registry.py`, goldens, a docs page.

Obligations:
1. `postback`, `inbound` and whatever words the face has are total: every event, every Admitted, every
   RefusalReason.
2. All of it is pure: same arguments, same octets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto
from typing import Generic, TypeVar

import msgspec

from aldis.accounts.directory_file import DialectTraits
from aldis.accounts.endpoint import Endpoint
from aldis.accounts.numbering import Numbering
from aldis.traffic.inbound import DueInbound
from aldis.traffic.postback import DuePostback, Notify, PostbackRequest
from aldis.traffic.query import Query
from aldis.traffic.submission import MessageAsk, Submission


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


#: who asks, and whether they may
WHO_ASKS = (Check.CREDENTIALS, Check.ADDRESS, Check.ACTIVE, Check.MAY_SEND)
#: whether it can be written and sent, and how much that is
HOW_IT_GOES = (Check.LENGTH, Check.ROUTE, Check.SEGMENT_RATE)


class RetrySchedule(msgspec.Struct, frozen=True):
    """How a dialect's provider calls customers back."""

    #: waits after the first failure, the second …; when they are used up the postback is a dead letter
    waits_s: tuple[int, ...]
    connect_s: float
    total_s: float
    #: which answers count as taken
    taken: Callable[[int], bool]
    #: answers by which an endpoint ends a webhook: nothing is posted to that address any more
    ends: frozenset[int] = frozenset()
    #: style → how many postbacks of one customer one request may carry, where that is not 1
    bundles: Mapping[str, int] = {}


class Reference(msgspec.Struct, frozen=True, gc=False):
    """What a dialect may build a message's reference from."""

    message_id: int
    submission_id: int
    accepted_at: int
    #: 62 random bits
    nonce: int


def _never(_echo: bytes) -> bool:
    return False


class Policy(msgspec.Struct, frozen=True):
    """The rules of a dialect, whoever speaks it: all that the stages know of it."""

    #: under which credentials and messages are kept
    name: str
    #: the first that fails names the refusal; opt-in, duplicates and credit follow, in the store
    checks: tuple[Check, ...]
    numbering: Numbering
    reference: Callable[[MessageAsk, Reference], str]
    notify: Callable[[MessageAsk], Notify]
    schedule: RetrySchedule
    #: (what is due to one endpoint: `schedule.bundles` tells how many, where to, now)
    postback: Callable[[Sequence[DuePostback], Endpoint, int], PostbackRequest]
    #: (a message from a handset, where to, now)
    inbound: Callable[[DueInbound, Endpoint, int], PostbackRequest]
    carrier_required: bool = False
    #: a request without sender is refused, even where the account has a default one
    sender_required: bool = True
    #: the recipient must have opted in to the keyword
    opt_in_required: bool = False
    #: two accepted messages of one account must not share a client_reference
    refuses_duplicates: bool = False
    #: a wrong network is refused in the words of a wrong password, so it is asked first
    hides_networks: bool = False
    #: a client_reference is one of the account, whichever credential it came with; else of the login alone
    shares_references: bool = False
    #: its postbacks are signed in its own way, where there is a secret; else in that of `signing.py`
    signs: bool = False
    #: `inbound` tells of attachments, so it must be given their octets
    tells_attachments: bool = False
    #: (a message's echo) → its customer wants its text shown to nobody, operators included
    hides_text: Callable[[bytes], bool] = _never
    traits: DialectTraits = DialectTraits()


#: what a request turns out to ask
Asked = Submission | Query

#: how a kind of door speaks a dialect: `http_face.HttpFace`
Face_co = TypeVar("Face_co", covariant=True)


class Dialect(msgspec.Struct, Generic[Face_co], frozen=True):
    """One dialect as two records of functions."""

    policy: Policy
    face: Face_co


def is_2xx(status: int) -> bool:
    """Tell whether an answer means success in HTTP's own terms."""
    return 200 <= status <= 299  # noqa: PLR2004 - RFC 9110 §15.3
