"""Passes requests on to the cell in which their account lives, unchanged, and its answers back.

Whose credential it is is all that is looked at here: the cell of the account authenticates. A request that
was passed on once is not passed on again, so none goes round in circles.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from urllib.parse import quote

import aiohttp
import structlog
from yarl import URL

from aldis.accounts.directory import CurrentDirectory
from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.errors import OutcomeUnknown
from aldis.traffic.caller import Presented

log = structlog.get_logger()

#: tells that a cell has passed a request on, and which
PASSED_ON = "X-Aldis-Cell"
FORWARDED_FOR = "X-Forwarded-For"
CONNECT_S = 2.0
#: connections to each door, and for how long they are kept: for less than a door keeps them
MOST_CONNECTIONS, KEPT_S = 256, 2.0
#: octets of an answer
MOST_OCTETS = 16_777_216
#: of one connection only; what is asked of the next is written anew. Source: RFC 9110 §7.6.1
_OF_A_CONNECTION = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade")
)
_WRITTEN_ANEW = _OF_A_CONNECTION | {b"content-length", b"expect", b"x-forwarded-for", b"x-aldis-cell"}
#: of an answer, what our door writes by itself, as that one has
_OURS = frozenset(
    (
        "connection",
        "transfer-encoding",
        "content-length",
        "content-type",
        "date",
        "cache-control",
        "x-content-type-options",
        "content-security-policy",
    )
)


class OtherCells:
    """The doors of the other cells; `open` and `close` inside the event loop."""

    def __init__(
        self,
        own: str,
        home: str,
        doors: Mapping[str, Sequence[str]],
        current: CurrentDirectory,
        answer_s: float,
    ) -> None:
        """`own`: our cell's name; `home`: where accounts live that name no cell; `doors`: of each other cell,
        in the order in which they are asked; `answer_s`: how long an answer is waited for.
        """
        self._own, self._home = own, home
        self._doors = doors
        self._current = current
        self._answer_s = answer_s
        self._session: aiohttp.ClientSession

    async def open(self) -> None:
        """Be ready to ask."""
        times = aiohttp.ClientTimeout(total=self._answer_s, sock_connect=CONNECT_S)
        connector = aiohttp.TCPConnector(limit=0, limit_per_host=MOST_CONNECTIONS, keepalive_timeout=KEPT_S)
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=times, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
        )

    async def close(self) -> None:
        """Ask no more."""
        await self._session.close()

    def cell_of(self, presented: Presented) -> str:
        """Name the other cell in which the account of a credential lives; "": ours, or nobody's."""
        directory = self._current.directory
        credential = directory.credential(presented.dialect, presented.identity)
        if credential is None:
            return ""
        cell = directory.accounts[credential.account].cell or self._home
        return "" if cell == self._own else cell

    async def ask(self, cell: str, request: HttpRequest) -> HttpReply | None:
        """Have a cell answer a request; None where none of its doors can be reached. Raises OutcomeUnknown
        where one was asked and did not answer.
        """
        if request.header(PASSED_ON.lower().encode()):
            log.debug("a request was passed on to a cell that is not its account's", cell=cell)
            return None
        for door in self._doors.get(cell, ()):
            try:
                return await asyncio.create_task(self._ask(door, request))
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
                log.warning("a door of another cell cannot be reached", cell=cell, door=door)
            except (aiohttp.ClientError, TimeoutError) as fault:
                raise OutcomeUnknown(f"cell {cell} gave no answer: {type(fault).__name__}") from None
        return None

    async def _ask(self, door: str, request: HttpRequest) -> HttpReply:
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in request.headers
            if name not in _WRITTEN_ANEW
        ]
        forwarded = [value.decode("latin-1") for name, value in request.headers if name == b"x-forwarded-for"]
        headers += [(FORWARDED_FOR, ", ".join((*forwarded, request.peer))), (PASSED_ON, self._own)]
        target = quote(request.path, safe="/:@!$&'()*+,;=~") + (
            f"?{request.query.decode('latin-1')}" if request.query else ""
        )
        async with self._session.request(
            request.method,
            URL(door.rstrip("/") + target, encoded=True),
            headers=headers,
            data=request.body or None,
            allow_redirects=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        ) as answer:
            body = bytearray()
            async for octets in answer.content.iter_any():
                body += octets
                if len(body) > MOST_OCTETS:
                    raise aiohttp.ClientPayloadError("too large")
            more = tuple(
                (name.encode("latin-1"), value.encode("latin-1"))
                for name, value in answer.headers.items()
                if name.lower() not in _OURS
            )
            kind = answer.headers.get("Content-Type", "").encode("latin-1")
            return HttpReply(answer.status, kind, bytes(body), more)
