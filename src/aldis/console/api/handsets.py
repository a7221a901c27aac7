"""`/v1/handsets` and `/v1/chaos`: the simulated carrier, for people's own tests."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from aldis.accounts.staff import Role
from aldis.clock import as_iso
from aldis.console.api.documents import answer, body_of
from aldis.console.attachments import content
from aldis.console.page import Calls, RequestContext
from aldis.traffic.handset import Bubble, Chaos


class Letter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a handset is to write."""

    to: str
    text: str


CALLS = Calls()


@CALLS.add("GET", "/v1/handsets", "The simulated handsets, newest first", status=0)
async def _list(context: RequestContext) -> Response:
    found = [
        {"number": phone.number, "messages": phone.messages, "last": _shown(phone.last)}
        for phone in context.services.phones.newest()
    ]
    return answer({"handsets": found})


@CALLS.add("GET", "/v1/handsets/{number}", "What a handset received and wrote", status=0)
async def _show(context: RequestContext) -> Response:
    number = context.part("number")
    found = [_shown(bubble) for bubble in context.services.phones.conversation(number)]
    return answer({"number": number.removeprefix("+"), "messages": found})


@CALLS.add(
    "POST", "/v1/handsets/{number}/messages", "Have a handset write", Role.OPERATOR, takes=Letter, status=202
)
async def _write(context: RequestContext) -> Response:
    letter, services = await body_of(context, Letter), context.services
    number = context.part("number")
    segments = await services.phones.write(context.actor, number, letter.to, letter.text, context.now)
    return answer({"segments": segments}, 202)


@CALLS.add("GET", "/v1/chaos", "The faults that the simulator makes", gives=Chaos)
async def _chaos(context: RequestContext) -> Response:
    return answer(context.services.phones.chaos())


@CALLS.add("PUT", "/v1/chaos", "Have the simulator make faults", Role.OPERATOR, takes=Chaos, gives=Chaos)
async def _make_chaos(context: RequestContext) -> Response:
    chaos, services = await body_of(context, Chaos), context.services
    await services.phones.make_chaos(context.actor, chaos, context.now)
    return answer(services.phones.chaos())


def _shown(bubble: Bubble) -> dict[str, object]:
    return {
        "at": as_iso(bubble.at),
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


CALLS.add(
    "GET",
    "/v1/handsets/content/{content_id:number}/{part:number}",
    "A part of a multimedia message on a handset",
    status=0,
)(content)
