"""`GET /v1/events`: what happens, as server-sent events that a listener can go on from."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import msgspec
from starlette.responses import Response

from aldis.admin.event_feed import EventFilter, place_of
from aldis.console.page import Calls, RequestContext
from aldis.console.streaming import EventStream, event
from aldis.errors import AdminError

PERIOD_S = 1.0


CALLS = Calls()
_ASKED = {
    **dict.fromkeys(("account", "state", "link", "number"), "only those of it"),
    "after": "an event's id: those behind it; Last-Event-ID goes before",
}


@CALLS.add("GET", "/v1/events", "What happens, as server-sent events", status=0, query=_ASKED)
async def _events(context: RequestContext) -> Response:
    last_id = context.request.headers.get("last-event-id") or context.query("after")
    if last_id:
        place_of(last_id)  # says what is wrong with it before the stream begins
    wanted = EventFilter(
        account=context.query("account"),
        state=context.query("state"),
        link=context.query("link"),
        number=context.query("number").lstrip("+ "),
    )
    if wanted.account and wanted.account not in context.services.current.directory.accounts:
        raise AdminError("there is no such account")
    return EventStream(context, _told(context, last_id, wanted))


async def _told(context: RequestContext, last_id: str, wanted: EventFilter) -> AsyncGenerator[str, None]:
    services = context.services

    async def binds() -> dict[str, list[str]]:
        """Ask how the links stand."""
        return services.binds()

    async def pause() -> bool:
        """Wait for the next round."""
        return await services.streams.pause(PERIOD_S)

    async for events in services.happenings.follow(last_id, wanted, binds, pause):
        yield "".join(event(each.event, msgspec.json.encode(each).decode(), each.id) for each in events)
