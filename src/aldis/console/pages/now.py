"""What happens now: links, what waits, how much goes in and out."""

from __future__ import annotations

from starlette.responses import Response

from aldis.console.page import Page, Visit, render


async def _now(visit: Visit) -> Response:
    return render(visit, "now.html", binds=visit.desk.binds(), backlog=await visit.desk.store.backlog())


PAGES = (Page("/", _now),)
