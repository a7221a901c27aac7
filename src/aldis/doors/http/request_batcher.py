"""Serves the requests of one turn of the loop together, and writes their answers together.

Between two system calls a processor that guards against speculation attacks forgets what it has learnt about
branches, and an interpreter is nothing but branches: the same Python takes up to twice as long when each
request is read, judged and answered by itself (docs/decisions/0008-a-small-http-server.md has the figures).
So all that can be read is read first, then everything is judged, then all answers leave.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import structlog

from aldis.dialects.exchange import HttpReply, HttpRequest
from aldis.doors.http.session import Serve

log = structlog.get_logger()

#: for what failed outside of any dialect, which all have words of their own
FAILED = HttpReply(500, b"text/plain; charset=utf-8", b"This failed; the log says why.\n")

#: requests of one round: bounds how long a link waits for its turn
AT_ONCE = 32


class RequestBatcher:
    """One server's requests and answers, round by round."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._loop = asyncio.get_running_loop()
        self._asked: list[tuple[HttpRequest, Callable[[HttpReply], None]]] = []
        self._answered: list[tuple[Callable[[HttpReply], None], HttpReply]] = []

    def ask(self, request: HttpRequest, write: Callable[[HttpReply], None]) -> None:
        """Have a request served in the next round; `write` gets its reply when the others get theirs."""
        if not self._asked:
            self._loop.call_soon(self._serve_all)
        self._asked.append((request, write))

    def _serve_all(self) -> None:
        asked, self._asked = self._asked[:AT_ONCE], self._asked[AT_ONCE:]
        if self._asked:
            self._loop.call_soon(self._serve_all)
        for request, write in asked:
            try:
                self._serve(request, partial(self._answer, write))
            except Exception:  # the outermost frame: one request's fault is not the others'
                log.exception("a request could not be served", path=request.path)
                self._answer(write, FAILED)

    def _answer(self, write: Callable[[HttpReply], None], reply: HttpReply) -> None:
        """Have a reply written with the others of this turn."""
        if not self._answered:
            self._loop.call_soon(self._write_all)
        self._answered.append((write, reply))

    def _write_all(self) -> None:
        answered, self._answered = self._answered, []
        for write, reply in answered:
            write(reply)
