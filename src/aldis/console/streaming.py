"""Live pages and event streams (server-sent events): so many at once and no more, the slow ones dropped, each
ended when its session or key is, and all of them when the gateway stops.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from aldis.console.gate import who
from aldis.console.page import RequestContext
from aldis.errors import AdminError

log = structlog.get_logger()

#: how long a viewer may take nothing before it is dropped
SLOW_S = 10.0
#: how often it is asked whether the viewer may still look
CHECK_S = 5.0
#: a comment after so much silence, so that proxies keep the connection
SILENCE_S = 15.0
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"x-accel-buffering", b"no"),  # nginx: pass on at once
]


def event(name: str, data: str, event_id: str = "") -> str:
    """Write one event. `data` must be one line, as JSON is."""
    identified = f"id: {event_id}\n" if event_id else ""
    return f"{identified}event: {name}\ndata: {data}\n\n"


class EventStream(Response):
    """An answer that goes on."""

    def __init__(self, context: RequestContext, source: AsyncGenerator[str, None]) -> None:
        """`source` yields events, or "" when there was nothing, a few times a minute at least. Raises
        AdminError when too many streams are open.
        """
        if not context.services.streams.have_room(context.actor.name):
            raise AdminError("too many live pages are open; close one and try again", 503)
        super().__init__()
        self._context = context
        self._source = source

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        streams = self._context.services.streams
        gone = asyncio.create_task(_until_gone(receive))
        try:
            with streams.counted(self._context.actor.name):
                await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
                await self._tell(send, gone)
                async with asyncio.timeout(SLOW_S):
                    await send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            log.info("a live page takes nothing: dropped", path=scope["path"])
        finally:
            gone.cancel()
            await self._source.aclose()

    async def _tell(self, send: Send, gone: asyncio.Task[None]) -> None:
        clock, streams = self._context.services.clock, self._context.services.streams
        checked_at = spoke_at = clock.monotonic()
        text = ": hello\n\n"  # so that the answer's head goes out at once
        while True:
            now = clock.monotonic()
            if not text and now - spoke_at >= SILENCE_S:
                text = ": still here\n\n"
            if text:
                async with asyncio.timeout(SLOW_S):
                    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
                spoke_at = now
            if now - checked_at >= CHECK_S:
                checked_at = now
                actor, _ = await who(self._context.request, self._context.services)
                if actor is None:
                    return
            following = await anext(self._source, None)
            if following is None or gone.done() or streams.are_closed:
                return
            text = following


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
