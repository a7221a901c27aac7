"""What we owe a customer about a message: rows with a due time, and what became of each try."""

from __future__ import annotations

from enum import IntFlag, StrEnum
from functools import lru_cache
from urllib.parse import urlsplit

import msgspec

from aldis.traffic.message import MessageFacts
from aldis.traffic.states import State


@lru_cache(maxsize=4096)
def lane_of(url: str) -> str:
    """Give the scheme, host and port of an address, which its postbacks share as their lane; "" for no HTTP
    address.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        return ""
    return f"{parts.scheme}://{parts.hostname}:{port}" if parts.hostname else ""


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


class DuePostback(msgspec.Struct, frozen=True):
    """A postback whose time has come, with the message as it was when the event happened."""

    postback_id: int
    #: scheme, host and port; the postbacks of one lane share its fate
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


class PostbackRequest(msgspec.Struct, frozen=True):
    """One HTTP request that tells a customer something, in that customer's dialect."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class PostbackResult(msgspec.Struct, frozen=True, array_like=True):
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
