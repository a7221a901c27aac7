"""Takes the demo customer's postbacks, answers 200 and hands them to whoever watches."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from aldis.dialects.exchange import HttpReply, HttpRequest


class ReceivedPostback(msgspec.Struct, frozen=True):
    """One postback as it arrived."""

    #: the dialect, from the path
    dialect: str
    #: query string or body, as the dialect has it
    content: str


class PostbackReceiver:
    """The demo customer's own server."""

    def __init__(self, show: Callable[[ReceivedPostback], None]) -> None:
        """`show`: is told of each postback."""
        self.taken: list[ReceivedPostback] = []
        self._show = show

    def serve(self, request: HttpRequest, answer: Callable[[HttpReply], None]) -> None:
        """Take one postback."""
        content = (request.body or request.query).decode("utf-8", "replace")
        taken = ReceivedPostback(request.path.strip("/"), content)
        self.taken.append(taken)
        del self.taken[:-1000]
        self._show(taken)
        answer(HttpReply(200, b"text/plain", b"OK"))
