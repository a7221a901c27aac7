"""`/v1/handsets` and `/v1/chaos`: the simulated carrier, for people's own tests."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from starlette.responses import Response

from aldis.accounts.staff import Role
from aldis.clock import as_datetime
from aldis.console.attachments import content
from aldis.console.page import Call, Page, Visit
from aldis.errors import OperatingError
from aldis.traffic.handset import Bubble, Chaos

Document = TypeVar("Document")


class Letter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a handset is to write."""

    to: str
    text: str


async def _list(visit: Visit) -> Response:
    found = [
        {"number": phone.number, "messages": phone.messages, "last": _shown(phone.last)}
        for phone in visit.desk.phones.newest()
    ]
    return _json({"handsets": found})


async def _show(visit: Visit) -> Response:
    number = visit.request.path_params["number"]
    found = [_shown(bubble) for bubble in visit.desk.phones.conversation(number)]
    return _json({"number": number.removeprefix("+"), "messages": found})


async def _write(visit: Visit) -> Response:
    letter, desk = await _body(visit, Letter), visit.desk
    number = visit.request.path_params["number"]
    segments = await desk.phones.write(visit.actor, number, letter.to, letter.text, desk.clock.now())
    return _json({"segments": segments}, 202)


async def _chaos(visit: Visit) -> Response:
    return _json(visit.desk.phones.chaos())


async def _make_chaos(visit: Visit) -> Response:
    chaos, desk = await _body(visit, Chaos), visit.desk
    await desk.phones.make_chaos(visit.actor, chaos, desk.clock.now())
    return _json(desk.phones.chaos())


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


async def _body(visit: Visit, kind: type[Document]) -> Document:
    try:
        return msgspec.json.decode(await visit.request.body(), type=kind)
    except (msgspec.DecodeError, RecursionError) as fault:
        raise OperatingError(str(fault), 400) from None


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
