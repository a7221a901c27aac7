"""How calls of the admin API are read and answered: JSON by typed records, pages by keyset cursors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
from starlette.responses import Response

from aldis.clock import as_datetime
from aldis.console.page import RequestContext
from aldis.errors import AdminError

Body = TypeVar("Body")
Item = TypeVar("Item")

MAX_PAGE = 500
PAGE = 100
#: beyond any number that the store gives out
MAX_ID = 2**53


class Done(msgspec.Struct, frozen=True):
    """Nothing more to say."""

    done: bool = True


async def body_of(context: RequestContext, kind: type[Body]) -> Body:
    """Read a call's JSON. Raises AdminError."""
    try:
        return msgspec.json.decode(await context.request.body(), type=kind)
    except msgspec.ValidationError as fault:
        raise AdminError(str(fault)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise AdminError(f"the body is no JSON: {fault}", 400) from None


def answer(document: object, status: int = 200) -> Response:
    """Write a document."""
    return Response(msgspec.json.encode(document), status, media_type="application/json")


def limit_of(context: RequestContext) -> int:
    """Give how many items are wanted. Raises AdminError."""
    return max(1, min(number_of(context, "limit", PAGE), MAX_PAGE))


def number_of(context: RequestContext, name: str, default: int = 0) -> int:
    """Give a number from the address. Raises AdminError."""
    text = context.query(name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit()):
        raise AdminError(f"`{name}` must be a number", 400)
    return min(int(text), MAX_ID)


def page_of(
    context: RequestContext, items: Sequence[Item], name: Callable[[Item], str]
) -> tuple[list[Item], str | None]:
    """Cut the page behind the cursor `after` from items sorted by name; gives the next cursor too."""
    after, limit = context.query("after"), limit_of(context)
    found = [item for item in items if name(item) > after][: limit + 1]
    return found[:limit], name(found[limit - 1]) if len(found) > limit else None


def instant(at: int) -> str | None:
    """Write an instant as programs read it, `2026-01-02T03:04:05Z`; 0 stands for none."""
    return as_datetime(at).isoformat().replace("+00:00", "Z") if at else None


def path_of(context: RequestContext, name: str = "name") -> str:
    """Give a part of the path."""
    return str(context.request.path_params[name])


def now_of(context: RequestContext) -> int:
    """Tell what time it is."""
    return context.services.clock.now()
