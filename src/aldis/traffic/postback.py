"""What we owe a customer about a message: rows with a due time, and what became of each try."""

from __future__ import annotations

import re
from enum import IntFlag, StrEnum
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, urlsplit
from zlib import crc32

import msgspec

from aldis.traffic.message import MessageFacts
from aldis.traffic.states import State

#: what may stand in a request target besides letters and digits
TARGET = "%/:?#[]@!$&'()*+,;=-._~"
_is_plain = re.compile(r"[A-Za-z0-9%/:?@!$&'()*+,;=\-._~\[\]]*").fullmatch

#: how many lanes the paths of one endpoint are spread over
PATHS = 256


def lane_of(account_id: int, url: str) -> str:
    """Name the lane of what goes to an address: `7 https://customer.example:443 3f`, which is the account,
    the endpoint, and a number that paths have, so that one that hangs is not in the others' way. "" for no
    HTTP address.
    """
    where = _where(url)
    return where and f"{account_id} {where}"


class Place(NamedTuple):
    """Whose a lane is, and where it leads."""

    #: 0: of one that was named before lanes had accounts
    account_id: int
    #: scheme, host and port
    endpoint: str


@lru_cache(maxsize=16_384)
def place_of(lane: str) -> Place:
    """Read a lane's name."""
    account_id, _, where = lane.partition(" ")
    return Place(int(account_id), where.partition(" ")[0]) if where else Place(0, lane)


@lru_cache(maxsize=4096)
def _where(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        return ""
    path = crc32(parts.path.encode("utf-8", "surrogatepass")) % PATHS
    return f"{parts.scheme}://{parts.hostname}:{port} {path:02x}" if parts.hostname else ""


def query_of(url: str) -> str:
    """Give the query of an address as it is sent: in the characters of a request target, without fragment.
    Source: RFC 3986 §2, §3.4.
    """
    query = url.partition("#")[0].partition("?")[2]
    return query if not query or _is_plain(query) else quote(query, safe=TARGET)


class Notify(IntFlag):
    """Which events of a message the customer is told of."""

    NOTHING = 0
    SENT = 1
    ENDED = 2
    #: of its end, unless it was delivered; but of that too, where the customer was told otherwise before
    FAILED = 4


class PostbackEvent(StrEnum):
    """What a postback is about."""

    SENT = "sent"
    ENDED = "ended"


class DuePostback(msgspec.Struct, frozen=True, gc=False):
    """A postback whose time has come, with the message as it was when the event happened."""

    postback_id: int
    #: of account and endpoint (`lane_of`); the postbacks of one lane share its fate
    lane: str
    event: PostbackEvent
    #: the message's state at the event, which may have moved on since
    state: State
    #: the carrier's error code or our reason; "" when all went well
    error_code: str
    happened_at: int
    #: tries that have failed so far
    attempts: int
    message: MessageFacts
    #: whether it was ever tried, also before it was made due by hand
    was_tried: bool = False


class PostbackRequest(msgspec.Struct, frozen=True, gc=False):
    """One HTTP request that tells a customer something, in that customer's dialect."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class PostbackResult(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What became of one try."""

    postback_id: int
    tried_at: int
    #: None when there was no answer
    http_status: int | None
    #: "", or why there was none, in words for the operator
    fault: str
    #: when to try again; None when it is done or a dead letter
    due_at: int | None
    done: bool
    #: the beginning of what the endpoint said; "": nothing that is kept
    answer: str = ""


class Webhook(NamedTuple):
    """An account's address for postbacks."""

    account_id: int
    url: str
