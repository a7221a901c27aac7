"""Asks the customers' door without a socket: the door, admission and store are the real ones."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
import weakref
from pathlib import Path
from urllib.parse import unquote

import msgspec

from aldis.accounts.directory import CurrentDirectory
from aldis.accounts.routing import MmsRules, Router
from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.dialects.registry import BY_PATH
from aldis.doors.http.app import Door
from aldis.sms.fitting import PLAIN
from aldis.stages.admission.admit import Admitter, AttachmentPolicy
from aldis.stages.admission.building import Deadlines
from aldis.stages.aside import Aside
from aldis.stages.authenticate import Authenticator
from aldis.stages.queries.responder import Responder
from aldis.stages.rates import AccountRates, Rates
from aldis.store.content_files import ContentFiles
from aldis.store.contract.store import Store
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


def delete(path: str, **headers: str) -> HttpRequest:
    """Write a DELETE request."""
    return HttpRequest("DELETE", unquote(path), b"", _headers(headers), b"", "127.0.0.1")


def _headers(named: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()]


class Asker:
    """A door over a store."""

    def __init__(self, door: Door, admitter: Admitter, current: CurrentDirectory) -> None:
        self.door = door
        self.admitter = admitter
        self.current = current
        self._nonces = itertools.count(1)

    @classmethod
    async def over(cls, store: Store, clock: FakeClock, rates: Rates | None = None) -> Asker:
        current, metrics = CurrentDirectory(await store.directory.load()), Metrics()
        authenticator = Authenticator(clock, b"secret", metrics)
        router = Router({"simulator": PLAIN}, lambda _: True, {"mmsc": MmsRules()})
        deadlines = Deadlines(172_800, 259_200)
        folder = Path(tempfile.mkdtemp())
        content = AttachmentPolicy(ContentFiles(folder))
        rates, aside = rates or AccountRates(clock), Aside()
        admitter = Admitter(
            store.admission,
            clock,
            current,
            authenticator,
            rates,
            aside,
            router,
            deadlines,
            content,
            lambda _links: None,
        )
        responder = Responder(
            store.queries, store.consent, clock, current, authenticator, rates, aside, 1_000
        )
        made = cls(Door(BY_PATH, {}, admitter, responder, metrics, aside), admitter, current)
        weakref.finalize(made, shutil.rmtree, folder)
        return made

    async def ask(self, request: HttpRequest) -> HttpReply:
        """Send a request and give the reply."""
        replies: asyncio.Future[HttpReply] = asyncio.get_running_loop().create_future()
        nonce = next(self._nonces)
        self.door.serve(msgspec.structs.replace(request, nonce=nonce), replies.set_result)
        return await replies
