"""`/v1/handsets` and `/v1/chaos`: the simulated carrier, for people's own tests."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from starlette.responses import Response

from aldis.accounts.staff import Role
from aldis.clock import as_datetime
from aldis.console.attachments import content
from aldis.console.page import Call, Page, RequestContext
from aldis.errors import AdminError
from aldis.traffic.handset import Bubble, Chaos

Document = TypeVar("Document")


class Letter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a handset is to write."""

    to: str
    text: str


async def _list(context: RequestContext) -> Response:
    found = [
        {"number": phone.number, "messages": phone.messages, "last": _shown(phone.last)}
        for phone in context.services.phones.newest()
    ]
    return _json({"handsets": found})


async def _show(context: RequestContext) -> Response:
    number = context.request.path_params["number"]
    found = [_shown(bubble) for bubble in context.services.phones.conversation(number)]
    return _json({"number": number.removeprefix("+"), "messages": found})


async def _write(context: RequestContext) -> Response:
    letter, services = await _body(context, Letter), context.services
    number = context.request.path_params["number"]
    segments = await services.phones.write(
        context.actor, number, letter.to, letter.text, services.clock.now()
    )
    return _json({"segments": segments}, 202)


async def _chaos(context: RequestContext) -> Response:
    return _json(context.services.phones.chaos())


async def _make_chaos(context: RequestContext) -> Response:
    chaos, services = await _body(context, Chaos), context.services
    await services.phones.make_chaos(context.actor, chaos, services.clock.now())
    return _json(services.phones.chaos())


def _shown(bubble: Bubble) -> dict[str, object]:
    return {
        "at": as_datetime(bubble.at).isoformat(timespec="milliseconds"),
        "direction": "from handset" if bubble.is_written else "to handset",
        "other": bubble.other,
        "text": bubble.text,
        "encoding": bubble.encoding,
        "segments": bubble.segments,
        "class": bubble.message_class,
        "parts": [
            {
                "content_type": part.content_type,
                "name": part.name,
                "octets": part.octets,
                "url": f"/v1/handsets/content/{bubble.content_id}/{number}",
            }
            for number, part in enumerate(bubble.parts)
        ],
    }


async def _body(context: RequestContext, kind: type[Document]) -> Document:
    try:
        return msgspec.json.decode(await context.request.body(), type=kind)
    except (msgspec.DecodeError, RecursionError) as fault:
        raise AdminError(str(fault), 400) from None


def _json(document: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(document), status, media_type="application/json")


PAGES = (
    Page("/v1/handsets", _list, call=Call(summary="The simulated handsets, newest first", status=0)),
    Page(
        "/v1/handsets/content/{content_id:int}/{part:int}",
        content,
        call=Call(summary="A part of a multimedia message on a handset", status=0),
    ),
    Page("/v1/handsets/{number}", _show, call=Call(summary="What a handset received and wrote", status=0)),
    Page(
        "/v1/handsets/{number}/messages",
        _write,
        Role.OPERATOR,
        ("POST",),
        call=Call(summary="Have a handset write", takes=Letter, status=202),
    ),
    Page("/v1/chaos", _chaos, call=Call(summary="The faults that the simulator makes", gives=Chaos)),
    Page(
        "/v1/chaos",
        _make_chaos,
        Role.OPERATOR,
        ("PUT",),
        call=Call(summary="Have the simulator make faults", takes=Chaos, gives=Chaos),
    ),
)
