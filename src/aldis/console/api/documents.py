"""How calls of the admin API are read and answered: JSON by typed records, pages by keyset cursors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
from starlette.responses import Response

from aldis.clock import as_datetime
from aldis.console.page import Visit
from aldis.errors import OperatingError

Body = TypeVar("Body")
Item = TypeVar("Item")

MAX_PAGE = 500
PAGE = 100
#: beyond any number that the store gives out
MAX_ID = 2**53


class Done(msgspec.Struct, frozen=True):
    """Nothing more to say."""

    done: bool = True


async def body_of(visit: Visit, kind: type[Body]) -> Body:
    """Read a call's JSON. Raises OperatingError."""
    try:
        return msgspec.json.decode(await visit.request.body(), type=kind)
    except msgspec.ValidationError as fault:
        raise OperatingError(str(fault)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise OperatingError(f"the body is no JSON: {fault}", 400) from None


def answer(document: object, status: int = 200) -> Response:
    """Write a document."""
    return Response(msgspec.json.encode(document), status, media_type="application/json")


def limit_of(visit: Visit) -> int:
    """Give how many items are wanted. Raises OperatingError."""
    return max(1, min(number_of(visit, "limit", PAGE), MAX_PAGE))


def number_of(visit: Visit, name: str, default: int = 0) -> int:
    """Give a number from the address. Raises OperatingError."""
    text = visit.query(name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit()):
        raise OperatingError(f"`{name}` must be a number", 400)
    return min(int(text), MAX_ID)


def page_of(
    visit: Visit, items: Sequence[Item], name: Callable[[Item], str]
) -> tuple[list[Item], str | None]:
    """Cut the page behind the cursor `after` from items sorted by name; gives the next cursor too."""
    after, limit = visit.query("after"), limit_of(visit)
    found = [item for item in items if name(item) > after][: limit + 1]
    return found[:limit], name(found[limit - 1]) if len(found) > limit else None


def instant(at: int) -> str | None:
    """Write an instant as programs read it, `2026-01-02T03:04:05Z`; 0 stands for none."""
    return as_datetime(at).isoformat().replace("+00:00", "Z") if at else None


def path_of(visit: Visit, name: str = "name") -> str:
    """Give a part of the path."""
    return str(visit.request.path_params[name])


def now_of(visit: Visit) -> int:
    """Tell what time it is."""
    return visit.desk.clock.now()
