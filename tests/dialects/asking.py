"""Asks the customers' door without a socket: the ASGI app, admission and store are the real ones."""

from __future__ import annotations

import itertools
from typing import Any
from urllib.parse import unquote

from aldis.accounts.directory import CurrentDirectory
from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.dialects.registry import BY_PATH
from aldis.doors.http.app import Door
from aldis.stages.admission.admit import Admitter, Deadlines
from aldis.store.contract import Store
from aldis.telemetry import Metrics
from tests.fakes.clock import FakeClock


def get(path_and_query: str, **headers: str) -> HttpRequest:
    """Write a GET request."""
    path, _, query = path_and_query.partition("?")
    return HttpRequest("GET", unquote(path), query.encode(), _headers(headers), b"", "127.0.0.1")


def post(path_and_query: str, body: str | bytes, content_type: str = "", **headers: str) -> HttpRequest:
    """Write a POST request."""
    path, _, query = path_and_query.partition("?")
    octets = body.encode() if isinstance(body, str) else body
    given = {**headers, "content_type": content_type} if content_type else headers
    return HttpRequest("POST", unquote(path), query.encode(), _headers(given), octets, "127.0.0.1")


def _headers(named: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()]


class Asker:
    """A door over a store."""

    def __init__(self, door: Door) -> None:
        self._door = door

    @classmethod
    async def over(cls, store: Store, clock: FakeClock, max_body_octets: int = 100_000) -> Asker:
        current = CurrentDirectory(await store.directory())
        admitter = Admitter(
            store, clock, current, b"secret", frozenset({"simulator"}), Deadlines(172_800, 259_200)
        )
        counter = itertools.count(1)
        door = Door(BY_PATH, {}, admitter, max_body_octets, lambda bits: next(counter) % 2**bits, Metrics())
        return cls(door)

    async def ask(self, request: HttpRequest) -> HttpReply:
        """Send a request and give the reply."""
        scope: Any = {
            "type": "http",
            "method": request.method,
            "path": request.path,
            "query_string": request.query,
            "headers": request.headers,
            "client": (request.peer, 4711),
        }
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": request.body, "more_body": False}

        async def send(event: Any) -> None:
            sent.append(event)

        await self._door(scope, receive, send)
        start, body = sent
        headers = dict(start["headers"])
        return HttpReply(start["status"], headers[b"content-type"], body["body"], tuple(start["headers"]))
