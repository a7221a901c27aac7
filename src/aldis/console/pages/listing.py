"""What the pages that list things share: what their addresses ask, where their next pages are, exports."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Protocol
from urllib.parse import urlencode

from starlette.responses import Response, StreamingResponse

from aldis.admin import query_params
from aldis.console.page import RequestContext, render
from aldis.errors import AdminError


class FoundPage(Protocol):
    """What a search has found."""

    @property
    def found(self) -> Sequence[object]:
        """The items of the page, newest first."""

    @property
    def next_before(self) -> int:
        """Where the following page begins; 0: there is none."""


#: the number below which the page begins → what there is
Search = Callable[[int], Awaitable[FoundPage]]


async def listed(
    context: RequestContext,
    name: str,
    given: dict[str, str],
    search: Search,
    nothing: FoundPage,
    **more: object,
) -> Response:
    """Show what is found by what an address asks (`given`), or `nothing` and why; htmx gets only the part of
    the page below the form.
    """
    fault, before, page = "", 0, nothing
    try:
        before = query_params.number(context.request.query_params, "before")
        page = await search(before)
    except AdminError as problem:
        fault = str(problem)
    return render(
        context,
        f"{name}_found.html" if context.is_htmx else f"{name}.html",
        status=422 if fault and not context.is_htmx else 200,
        given=given,
        fault=fault,
        page=page,
        found=page.found,
        is_asked=any(given.values()),
        first=address(f"/{name}", given) if before else "",
        older=address(f"/{name}", given, before=page.next_before) if page.next_before else "",
        name_of=context.services.messages.account_name,
        accounts=sorted(context.services.messages.directory.accounts),
        **more,
    )


def asked(context: RequestContext, *names: str) -> dict[str, str]:
    """Give what an address asks, by these names; "" for what it leaves out."""
    return {name: context.query(name).strip() for name in names}


def address(path: str, given: Mapping[str, str], **more: str | int) -> str:
    """Write an address that asks the same, and more; what is empty is left out."""
    wanted = {name: str(value) for name, value in {**given, **more}.items() if value}
    return f"{path}?{urlencode(wanted)}" if wanted else path


def as_file(lines: AsyncIterator[str], name: str) -> StreamingResponse:
    """Send lines as a CSV file, as they come."""
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)
