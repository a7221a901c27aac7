"""Takes the demo customer's postbacks, answers 200 and hands them to whoever watches."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

MAX_OCTETS = 65_536


class Taken(msgspec.Struct, frozen=True):
    """One postback as it arrived."""

    #: the dialect, from the path
    dialect: str
    #: query string or body, as the dialect has it
    content: str


class Receiver:
    """An ASGI app."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.on_taken: Callable[[Taken], None] = lambda _taken: None

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Take one postback."""
        if scope["type"] != "http":
            return
        body = b""
        more = True
        while more and len(body) <= MAX_OCTETS:
            event = await receive()
            if event["type"] != "http.request":
                return
            body += event["body"]
            more = event["more_body"]
        content = (body or scope["query_string"]).decode("utf-8", "replace")
        taken = Taken(scope["path"].strip("/"), content)
        self.taken.append(taken)
        del self.taken[:-1000]
        self.on_taken(taken)
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"2")]
        await send({"type": "http.response.start", "status": 200, "headers": headers, "trailers": False})
        await send({"type": "http.response.body", "body": b"OK", "more_body": False})
