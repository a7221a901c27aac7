"""Describes the admin API: an OpenAPI 3.1 document of all calls, and a page to try them on.

Whatever has a page under /v1/ is in it. What a page says of itself (`page.Call`) is told; of one that says
nothing, the path, the method and the role are. Source: OpenAPI 3.1.0 (spec.openapis.org/oas/v3.1.0).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.responses import Response

from aldis import __version__
from aldis.console.api.documents import JSON, KINDS, Number, answer
from aldis.console.gate import PROBLEM, ApiProblem
from aldis.console.page import Call, Page, RequestContext, render
from aldis.http_phrases import phrase_of

_REFERENCE = "#/components/schemas/{name}"
#: a placeholder of a path, with the converter that it may have
_PLACE = re.compile(r"\{(\w+)(:number)?\}")
_ABOUT = (
    "What operators can do, for programs. A key is made on the page People, and sent as "
    "`Authorization: Bearer <key>`; a signed-in browser sends its cookie and X-CSRF-Token instead. Whatever "
    "is refused is told as a problem (RFC 9457): 400 for a body that is no JSON, 422 for what can be read "
    "and is not allowed, 404 for a path that names nothing. Instants are ISO 8601 in UTC."
)


def with_description(pages: tuple[Page, ...]) -> tuple[Page, ...]:
    """Add to a site's pages the document that describes its calls, and the page to try them on."""

    async def document(_visit: RequestContext) -> Response:
        """Give the document."""
        return answer(written)

    async def tried(context: RequestContext) -> Response:
        """Show the page."""
        return render(context, "api.html", calls=shown)

    added = (
        Page("/v1/openapi.json", document, call=Call(summary="Describe this API", gives=dict[str, Any])),
        Page("/api", tried),
    )
    whole = (*pages, *added)
    written = document_of(whole)
    shown = list(calls_of(whole))
    return whole


class ShownCall(msgspec.Struct, frozen=True):
    """One call as the page to try it on shows it."""

    method: str
    path: str
    role: str
    call: Call
    #: names of what stands in the path → their types
    places: dict[str, Any]
    #: a body to start from; "" for none
    example: str


def calls_of(pages: Iterable[Page]) -> Iterable[ShownCall]:
    """Give every call under /v1/, by path."""
    for page in sorted(pages, key=lambda page: page.path):
        if page.path.startswith("/v1/"):
            call = page.call or Call(summary=page.path.removeprefix("/v1/").replace("/", " "), status=0)
            example = msgspec.json.format(msgspec.json.encode(call.example)).decode() if call.example else ""
            for method in page.methods:
                yield ShownCall(
                    method,
                    _PLACE.sub(r"{\1}", page.path),
                    page.role.name.lower(),
                    call,
                    {name: Number if is_number else str for name, is_number in _PLACE.findall(page.path)},
                    example,
                )


def document_of(pages: Sequence[Page]) -> dict[str, Any]:
    """Write the document."""
    calls = list(calls_of(pages))
    kinds: list[Any] = [ApiProblem, str, Number, *KINDS.values()]
    for each in calls:
        kinds += [kind for kind in (each.call.takes, each.call.gives) if kind is not None]
        kinds += each.call.kinds.values()
    schemas, components = msgspec.json.schema_components(kinds, ref_template=_REFERENCE)
    known = dict(zip(map(repr, kinds), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for each in calls:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each, known)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Aldis admin API", "version": __version__, "description": _ABOUT},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"key": []}],
    }


def _operation(each: ShownCall, known: dict[str, Any]) -> dict[str, Any]:
    call = each.call
    kinds = {**KINDS, **call.kinds}
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": known[repr(kind)]}
        for name, kind in each.places.items()
    ]
    for where, named in (("query", call.query), ("header", call.headers)):
        parameters += [
            {"name": name, "in": where, "description": words, "schema": known[repr(kinds.get(name, str))]}
            for name, words in named.items()
        ]
    phrase = phrase_of(call.status) if call.status else "It worked"
    good: dict[str, Any] = {"description": phrase}
    if call.gives is not None:
        good["content"] = {JSON: {"schema": known[repr(call.gives)]}}
    elif call.status in (0, HTTPStatus.OK):
        good["content"] = {"*/*": {"schema": {}}}
    bad = {
        "description": "A problem; 422: something is not allowed, and `detail` says what is",
        "content": {PROBLEM: {"schema": known[repr(ApiProblem)]}},
    }
    operation: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{each.method.lower()}{each.path}").strip("_"),
        "summary": call.summary,
        "description": f"Takes the role {each.role}.",
        "parameters": parameters,
        "responses": {str(call.status) if call.status else "2XX": good, "4XX": bad, "5XX": bad},
    }
    if call.takes is not None:
        body: dict[str, Any] = {"schema": known[repr(call.takes)]}
        if call.example is not None:
            body["example"] = call.example
        # no body is an empty object
        is_required = any(field.required for field in msgspec.structs.fields(call.takes))
        operation["requestBody"] = {"required": is_required, "content": {JSON: body}}
    return operation
