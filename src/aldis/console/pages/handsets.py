"""The simulated carrier's handsets: conversations as on a phone, writing back, and faults by chance."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator

from starlette.responses import Response

from aldis.accounts.staff import Role
from aldis.console.attachments import content
from aldis.console.desk import Desk
from aldis.console.page import Page, Visit, render, see_other
from aldis.console.streaming import EventStream, event
from aldis.errors import OperatingError
from aldis.operating.phones import NONE
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


async def _handsets(visit: Visit) -> Response:
    return _page(visit, visit.query("number"))


async def _handset(visit: Visit) -> Response:
    return _page(visit, visit.request.path_params["number"])


def _page(visit: Visit, number: str, **more: object) -> Response:
    phones = visit.desk.phones
    if not phones.are_there:
        return render(visit, "handsets_none.html", why=NONE)
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
    return render(visit, "handsets_part.html" if visit.is_htmx else "handsets.html", status=status, **values)


async def _write(visit: Visit) -> Response:
    number, form, desk = visit.request.path_params["number"], visit.form, visit.desk
    to, text = form.get("to", ""), form.get("say") or form.get("text", "")
    try:
        await desk.phones.write(visit.actor, number, to, text, desk.clock.now())
    except OperatingError as fault:
        return _page(visit, number, fault=str(fault), to=to, text=text)
    return see_other(f"/handsets/{number}")


async def _chaos(visit: Visit) -> Response:
    desk, form = visit.desk, visit.form
    try:
        chances = {name: _number(form, name) / 100 for name in FAULTS}
        seed = int(_number(form, "seed"))
        chaos = Chaos(**chances, delay_s=_number(form, "delay_s"), seed=seed)
        await desk.phones.make_chaos(visit.actor, chaos, desk.clock.now())
    except OperatingError as fault:
        return _page(visit, form.get("number", ""), fault=str(fault))
    return see_other("/handsets" + (f"?number={form['number']}" if form.get("number", "").isdigit() else ""))


def _number(form: dict[str, str], name: str) -> float:
    try:
        found = float(form.get(name) or 0)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise OperatingError(f"`{name}` is no number")
    return found


async def _live(visit: Visit) -> Response:
    visit.desk.phones.changes()  # says where there is no simulator
    return EventStream(visit, _changes(visit.desk))


async def _changes(desk: Desk) -> AsyncGenerator[str, None]:
    seen = desk.phones.changes()
    while await desk.viewers.pause(PERIOD_S):
        current = desk.phones.changes()
        yield event("changed", str(current)) if current != seen else ""
        seen = current


PAGES = (
    Page("/handsets", _handsets),
    Page("/handsets/live", _live),
    Page("/handsets/chaos", _chaos, Role.OPERATOR, ("POST",)),
    Page("/handsets/content/{content_id:int}/{part:int}", content),
    Page("/handsets/{number}", _handset),
    Page("/handsets/{number}", _write, Role.OPERATOR, ("POST",)),
)
