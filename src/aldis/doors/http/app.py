"""The ASGI app of the customers' door: read the body within bounds, let the dialect read it, ask admission,
answer.

A dict is the route table. Whatever goes wrong inside is answered in the dialect's words for "internal error"
and logged under an incident; a customer never sees a traceback and never a bare 500.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec
import structlog
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope

from aldis.dialects.contract import Dialect
from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.errors import TemporaryError
from aldis.telemetry import Metrics
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.submission import Admitted, Submission

log = structlog.get_logger()

#: a body that is too large is read and thrown away up to here, because many clients read the answer only
#: after they have sent all of it
MAX_DRAINED = 16_777_216

NOT_FOUND = HttpReply(404, b"text/plain; charset=utf-8", b"Nothing is served at this path.\n")


class Admission(Protocol):
    """What the door asks of admission."""

    async def admit(
        self, dialect: Dialect, request: HttpRequest, submission: Submission
    ) -> Admitted | Refusal:
        """Judge and store; raises TemporaryError when storing failed."""
        ...


#: answers the paths that belong to no dialect
HouseRoute = Callable[[], HttpReply]


class Door:
    """Serves all dialects and the house's own paths on one listener."""

    def __init__(
        self,
        dialects: Mapping[str, Dialect],
        house: Mapping[str, HouseRoute],
        admission: Admission,
        max_body_octets: int,
        entropy: Callable[[int], int],
        metrics: Metrics,
    ) -> None:
        self._dialects = dialects
        self._house = house
        self._admission = admission
        self._max_body_octets = max_body_octets
        self._entropy = entropy
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        path = scope["path"]
        dialect = self._dialects.get(path)
        if dialect is not None:
            try:
                request = self._request(scope, await _body(scope, receive, self._max_body_octets))
            except _HungUp:
                return  # before the request was whole: nothing was asked
            except _TooLarge:
                refusal = Refusal(RefusalReason.BODY_TOO_LARGE)
                await _send(send, self._refuse(dialect, self._request(scope, b""), None, refusal))
                return
            await _send(send, await self._converse(dialect, request))
        else:
            house = self._house.get(path)
            await _send(send, house() if house is not None else NOT_FOUND)

    def _request(self, scope: HTTPScope, body: bytes) -> HttpRequest:
        client = scope.get("client")
        return HttpRequest(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"],
            headers=list(scope["headers"]),
            body=body,
            peer=client[0] if client else "",
            nonce=self._entropy(62),
        )

    async def _converse(self, dialect: Dialect, request: HttpRequest) -> HttpReply:
        submission: Submission | None = None
        try:
            if request.method not in dialect.methods:
                reply = self._refuse(dialect, request, None, Refusal(RefusalReason.METHOD_NOT_ALLOWED))
                allowed = ", ".join(sorted(dialect.methods)).encode()
                return msgspec.structs.replace(reply, headers=((b"allow", allowed),))
            found = dialect.read(request)
            if isinstance(found, Refusal):
                return self._refuse(dialect, request, None, found)
            submission = found
            verdict = await self._admission.admit(dialect, request, submission)
            if isinstance(verdict, Refusal):
                return self._refuse(dialect, request, submission, verdict)
            if not submission.dry_run:
                self._metrics.accepted.labels(dialect.name).inc(submission.recipient_count)
            return dialect.accept(request, submission, verdict)
        except TemporaryError as fault:
            log.error(
                "a request could not be stored",
                dialect=dialect.name,
                incident=request.nonce,
                fault=str(fault),
            )
        except Exception:
            log.exception("a request failed", dialect=dialect.name, incident=request.nonce)
        return self._refuse(dialect, request, submission, Refusal(RefusalReason.INTERNAL))

    def _refuse(
        self, dialect: Dialect, request: HttpRequest, submission: Submission | None, refusal: Refusal
    ) -> HttpReply:
        self._metrics.refused.labels(dialect.name, refusal.reason).inc()
        return dialect.refuse(request, submission, refusal)


class _HungUp(Exception):
    """The customer closed the connection."""


class _TooLarge(Exception):
    """The body is over the limit."""


async def _body(scope: HTTPScope, receive: ASGIReceiveCallable, limit: int) -> bytes:
    """Read a request's body; raises _TooLarge and _HungUp."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > max(limit, MAX_DRAINED):
            raise _TooLarge
    parts: list[bytes] = []
    length = 0
    more = True
    while more:
        event = await receive()
        if event["type"] != "http.request":
            raise _HungUp
        body = event.get("body", b"")
        more = event.get("more_body", False)
        length += len(body)
        if length <= limit:
            parts.append(body)
        elif length > max(limit, MAX_DRAINED):
            break
        else:
            parts.clear()
    if length > limit:
        raise _TooLarge
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def _send(send: ASGISendCallable, reply: HttpReply) -> None:
    headers = [
        (b"content-type", reply.content_type),
        (b"content-length", b"%d" % len(reply.body)),
        *reply.headers,
    ]
    if reply.status == 413:  # noqa: PLR2004 - the rest of the body is not read, so the connection cannot go on
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": reply.body, "more_body": False})
