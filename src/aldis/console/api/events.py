"""`GET /v1/events`: what happens, as server-sent events that a listener can go on from."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import msgspec
from starlette.responses import Response

from aldis.console.page import Call, Page, Visit
from aldis.console.streaming import EventStream, event
from aldis.errors import OperatingError
from aldis.operating.happenings import Wanted, place_of

PERIOD_S = 1.0


async def _events(visit: Visit) -> Response:
    last_id = visit.request.headers.get("last-event-id") or visit.query("after")
    if last_id:
        place_of(last_id)  # says what is wrong with it before the stream begins
    wanted = Wanted(
        account=visit.query("account"),
        state=visit.query("state"),
        link=visit.query("link"),
        number=visit.query("number").lstrip("+ "),
    )
    if wanted.account and wanted.account not in visit.desk.current.directory.accounts:
        raise OperatingError("there is no such account")
    return EventStream(visit, _told(visit, last_id, wanted))


async def _told(visit: Visit, last_id: str, wanted: Wanted) -> AsyncGenerator[str, None]:
    desk = visit.desk

    async def binds() -> dict[str, list[str]]:
        """Ask how the links stand."""
        return desk.binds()

    async def pause() -> bool:
        """Wait for the next round."""
        return await desk.viewers.pause(PERIOD_S)

    async for events in desk.happenings.follow(last_id, wanted, binds, pause):
        yield "".join(event(each.event, msgspec.json.encode(each).decode(), each.id) for each in events)


PAGES = (Page("/v1/events", _events, call=Call(summary="What happens, as server-sent events", status=0)),)
