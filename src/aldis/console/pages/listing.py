"""What the pages that list things share: what their addresses ask, where their next pages are, exports."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from urllib.parse import urlencode

from starlette.responses import StreamingResponse

from aldis.console.page import RequestContext


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
