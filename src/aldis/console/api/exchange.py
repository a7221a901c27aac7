"""What calls of the admin API share: JSON in, JSON out, numbers in paths, keys of idempotency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec
from starlette.responses import Response

from aldis.admin.sending import OF_OPERATOR, Refused
from aldis.console.page import RequestContext
from aldis.dialects.native.problems import Problem, problem_of
from aldis.dialects.native.request import read_json, reference_of
from aldis.errors import AdminError
from aldis.traffic.refusal import Refusal

Body = TypeVar("Body")

JSON, PROBLEM = "application/json", "application/problem+json"
#: digits of a number that a store may have
MAX_DIGITS = 15


async def body_of(context: RequestContext, kind: type[Body]) -> Body:
    """Read a body; raises Refused."""
    found = read_json(await context.request.body(), msgspec.json.Decoder(kind))
    if isinstance(found, Refusal):
        raise Refused(found)
    return found


def number_in_path(context: RequestContext, name: str = "id") -> int:
    """Read a number of the path; raises AdminError where it is none that anything could have."""
    text = str(context.request.path_params[name])
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise AdminError("there is no such thing", 404)
    return int(text)


def number_in_query(context: RequestContext, name: str, default: int, most: int) -> int:
    """Read a number of the address; raises AdminError where it is none between 0 and `most`."""
    text = context.query(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS) or int(text) > most:
        raise AdminError(f"{name}: a whole number from 0 to {most}")
    return int(text)


def key_of(context: RequestContext) -> str | None:
    """Read the key of idempotency; raises Refused."""
    found = reference_of(context.request.headers.get("idempotency-key", ""), OF_OPERATOR)
    if isinstance(found, Refusal):
        raise Refused(found)
    return found


def answered(document: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Write an answer."""
    return Response(msgspec.json.encode(document), status, headers, JSON)


def problem(fault: Refused) -> Response:
    """Write a refusal, with its code."""
    found: Problem = problem_of(fault.refusal)
    return Response(msgspec.json.encode(found), found.status, None, PROBLEM)
