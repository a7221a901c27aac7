"""The simulated carrier's handsets: conversations as on a phone, writing back, and faults by chance."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator

from starlette.responses import Response

from aldis.accounts.staff import Role
from aldis.admin.simulator_control import NONE
from aldis.console.admin_services import AdminServices
from aldis.console.attachments import content
from aldis.console.page import Page, RequestContext, render, see_other
from aldis.console.streaming import EventStream, event
from aldis.errors import AdminError
from aldis.traffic.handset import FAULTS, Chaos

#: how often conversations are compared
PERIOD_S = 0.5
#: what people read for each fault
_FAULTS = {
    "refuse": "refuses the message for good (ESME_RINVDSTADR)",
    "throttle": "says “slow down” (ESME_RTHROTTLED)",
    "delay": "answers late",
    "drop": "drops the connection",
    "lose_receipts": "loses the receipt",
}


async def _handsets(context: RequestContext) -> Response:
    return _page(context, context.query("number"))


async def _handset(context: RequestContext) -> Response:
    return _page(context, context.part("number"))


def _page(context: RequestContext, number: str, **more: object) -> Response:
    phones = context.services.phones
    if not phones.are_there:
        return render(context, "handsets_none.html", why=NONE)
    newest = phones.newest()
    number = number.strip().removeprefix("+") or (newest[0].number if newest else "")
    conversation = phones.conversation(number) if number else []
    last_other = next((each.other for each in reversed(conversation)), "")
    values: dict[str, object] = {
        "phones": newest,
        "number": number,
        "conversation": conversation,
        "to": last_other,
        "chaos": phones.chaos(),
        "faults": {name: _FAULTS[name] for name in sorted(FAULTS, key=list(_FAULTS).index)},
        "orders": phones.orders(),
        "fault": "",
        "text": "",
        **more,
    }
    status = 422 if values["fault"] else 200
    return render(
        context, "handsets_part.html" if context.is_htmx else "handsets.html", status=status, **values
    )


async def _write(context: RequestContext) -> Response:
    number, form, services = context.part("number"), context.form, context.services
    to, text = form.get("to", ""), form.get("say") or form.get("text", "")
    try:
        await services.phones.write(context.actor, number, to, text, context.now)
    except AdminError as fault:
        return _page(context, number, fault=str(fault), to=to, text=text)
    return see_other(f"/handsets/{number}")


async def _chaos(context: RequestContext) -> Response:
    services, form = context.services, context.form
    try:
        chances = {name: _number(form, name) / 100 for name in FAULTS}
        seed = int(_number(form, "seed"))
        chaos = Chaos(**chances, delay_s=_number(form, "delay_s"), seed=seed)
        await services.phones.make_chaos(context.actor, chaos, context.now)
    except AdminError as fault:
        return _page(context, form.get("number", ""), fault=str(fault))
    return see_other("/handsets" + (f"?number={form['number']}" if form.get("number", "").isdigit() else ""))


def _number(form: dict[str, str], name: str) -> float:
    try:
        found = float(form.get(name) or 0)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise AdminError(f"`{name}` is no number")
    return found


async def _live(context: RequestContext) -> Response:
    context.services.phones.changes()  # says where there is no simulator
    return EventStream(context, _changes(context.services))


async def _changes(services: AdminServices) -> AsyncGenerator[str, None]:
    seen = services.phones.changes()
    while await services.streams.pause(PERIOD_S):
        current = services.phones.changes()
        yield event("changed", str(current)) if current != seen else ""
        seen = current


PAGES = (
    Page("/handsets", _handsets),
    Page("/handsets/live", _live),
    Page("/handsets/chaos", _chaos, Role.OPERATOR, ("POST",)),
    Page("/handsets/content/{content_id:number}/{part:number}", content),
    Page("/handsets/{number}", _handset),
    Page("/handsets/{number}", _write, Role.OPERATOR, ("POST",)),
)
