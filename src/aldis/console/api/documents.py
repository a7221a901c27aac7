"""How calls of the admin API are read and answered, the same in all of them.

A body that is no JSON is 400; what can be read and is not allowed, in a body or in an address, is 422 and
says what is; a path that names nothing is 404. A list is a page of `limit` items, and gives as `next` where
the following page begins (null at the end): `before` in lists that run newest first, `after` in those that
run upwards. Instants are ISO 8601 in UTC, null where there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, TypeVar

import msgspec
from starlette.responses import Response

from aldis.admin import query_params
from aldis.admin.sending import OF_OPERATOR, Refused
from aldis.console.page import RequestContext
from aldis.dialects.sending import read_json, reference_of
from aldis.store.contract.search import EVER
from aldis.traffic.refusal import Refusal

Body = TypeVar("Body")
Item = TypeVar("Item")
Document = TypeVar("Document", bound=msgspec.Struct)

JSON = "application/json"
#: an id, or a version
Number = Annotated[int, msgspec.Meta(ge=0, le=EVER)]
Limit = Annotated[int, msgspec.Meta(ge=1, le=query_params.MOST_ON_A_PAGE)]
#: types of what stands in addresses under these names
KINDS = {"limit": Limit, "before": Number, "seen": Number}
_LIMIT = {"limit": f"how many, 1 to {query_params.MOST_ON_A_PAGE}; {query_params.ON_A_PAGE} when left out"}
#: what lists are asked by
NEWEST_FIRST = {"before": "where the page begins: the `next` of the one before", **_LIMIT}
UPWARDS = {"after": "where the page begins: the `next` of the one before", **_LIMIT}


class Done(msgspec.Struct, frozen=True):
    """Nothing more to say."""

    done: bool = True


async def body_of(context: RequestContext, kind: type[Body]) -> Body:
    """Read a call's JSON; no body is an empty object. Raises Refused."""
    return _granted(read_json(await context.request.body() or b"{}", msgspec.json.Decoder(kind)))


def key_of(context: RequestContext) -> str | None:
    """Read the key of idempotency; None where there is none. Raises Refused."""
    return _granted(reference_of(context.request.headers.get("idempotency-key", ""), OF_OPERATOR))


def limit_of(context: RequestContext) -> int:
    """Read how many items are wanted. Raises AdminError."""
    return query_params.limit(context.request.query_params)


def number_of(context: RequestContext, name: str, default: int = 0) -> int:
    """Read a number of the address: a cursor, or a version. Raises AdminError."""
    return query_params.number(context.request.query_params, name, default)


def page_of(
    context: RequestContext, items: Sequence[Item], name: Callable[[Item], str]
) -> tuple[list[Item], str | None]:
    """Cut the page behind the cursor `after` from items sorted by name; gives the next cursor too."""
    after, limit = context.query("after"), limit_of(context)
    found = [item for item in items if name(item) > after][: limit + 1]
    return found[:limit], name(found[limit - 1]) if len(found) > limit else None


def made_of(kind: type[Document], record: msgspec.Struct, **more: object) -> Document:
    """Make a document of a record: its fields of the same names, and what is told in another way."""
    same = {name: getattr(record, name) for name in kind.__struct_fields__ if name not in more}
    return kind(**same, **more)


def answer(document: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Write a document."""
    return Response(msgspec.json.encode(document), status, headers, JSON)


def _granted(found: Body | Refusal) -> Body:
    if isinstance(found, Refusal):
        raise Refused(found)
    return found
