"""How the admin API reads and writes: JSON of named fields, instants in ISO 8601, null for what is not."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from aldis.clock import as_datetime
from aldis.console.page import RequestContext
from aldis.errors import AdminError


def as_json(value: object, status: int = 200) -> Response:
    """Answer with a record."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def instant(at: int | None) -> str | None:
    """Write Unix milliseconds; None for what has not happened."""
    return as_datetime(at).isoformat(timespec="milliseconds") if at else None


async def fields(context: RequestContext, *names: str) -> dict[str, str]:
    """Read a body that is a JSON object of texts, of these names at most; an empty body is an empty object.

    Raises AdminError.
    """
    octets = await context.request.body()
    try:
        found = msgspec.json.decode(octets or b"{}", type=dict[str, str])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise AdminError("the body is a JSON object of texts", 400) from None
    unknown = sorted(found.keys() - set(names))
    if unknown:
        raise AdminError(f"`{unknown[0]}` is not known here; {', '.join(names)} are", 400)
    return found
