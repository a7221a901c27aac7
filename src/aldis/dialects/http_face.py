"""How a dialect is spoken over HTTP.

Obligations:
1. `read` never raises, whatever the octets; what it cannot read becomes a Refusal, at best inside a
   Submission or Query, so that an unknown caller learns "who are you?" before "what is this?".
2. `accept`, `answer` and `refuse` are total: every Admitted, the answer to every query that `read` makes, and
   every RefusalReason have words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from aldis.dialects.contract import Asked, Dialect
from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.traffic.query import Answer, Query, StatusFound
from aldis.traffic.refusal import Refusal
from aldis.traffic.submission import Admitted, Submission


def asks_nothing(_request: HttpRequest, _query: Query, _answer: Answer) -> HttpReply:
    """Stand for `answer` in a dialect whose `read` makes no queries."""
    raise LookupError("this dialect has no queries")


class HttpFace(msgspec.Struct, frozen=True):
    """What the HTTP door needs of a dialect."""

    #: path → methods; "*" as the last part of a path stands for anything
    paths: Mapping[str, frozenset[str]]
    read: Callable[[HttpRequest], Asked | Refusal]
    accept: Callable[[HttpRequest, Submission, Admitted], HttpReply]
    #: None when the request could not even be read
    refuse: Callable[[HttpRequest, Asked | None, Refusal], HttpReply]
    answer: Callable[[HttpRequest, Query, Answer], HttpReply] = asks_nothing
    #: (a duplicate, what is kept under its reference): the first answer once more, or None to refuse it
    replay: Callable[[Submission, StatusFound], HttpReply | None] | None = None


HttpDialect = Dialect[HttpFace]
