"""Messages: searching, exporting, one whole with its timeline, sending again and calling back."""

from __future__ import annotations

from starlette.responses import Response

from aldis.accounts.staff import Role
from aldis.console.page import Page, Visit, render, see_other
from aldis.console.pages.listing import address, as_file, asked
from aldis.dialects.registry import BY_NAME
from aldis.errors import OperatingError
from aldis.operating import asking
from aldis.operating.asking import MESSAGE_FIELDS, STATES
from aldis.operating.tables import message_lines
from aldis.store.views import MessageFilter, MessagePage
from aldis.traffic.states import ENDED, State

_DONE = {
    "again": "Sent again: this is the new message.",
    "cancelled": "Cancelled: it will not be sent, and its money is free again.",
    "replayed": "The postback is due again.",
}


async def _list(visit: Visit) -> Response:
    given, fault, found = asked(visit, "q", *MESSAGE_FIELDS), "", MessagePage((), 0)
    before = 0
    try:
        before = asking.number(visit.request.query_params, "before", 0, 2**53)
        wanted = await _wanted(visit, given)
        found = await visit.desk.messages.search(wanted, before, asking.ON_A_PAGE)
    except OperatingError as problem:
        fault = str(problem)
    messages = visit.desk.messages
    return render(
        visit,
        "messages_found.html" if visit.is_htmx else "messages.html",
        status=422 if fault and not visit.is_htmx else 200,
        given=given,
        fault=fault,
        found=found.found,
        looked_back_to=found.looked_back_to,
        is_asked=any(given.values()),
        first=address("/messages", given) if before else "",
        older=address("/messages", given, before=found.next_before) if found.next_before else "",
        export=address("/messages.csv", given),
        name_of=messages.account_name,
        accounts=sorted(messages.directory.accounts),
        dialects=sorted(BY_NAME),
        links=messages.links,
        states=STATES,
    )


async def _wanted(visit: Visit, given: dict[str, str]) -> MessageFilter:
    messages = visit.desk.messages
    wanted = asking.messages_wanted(given, messages.directory, visit.desk.clock.now())
    return await messages.guess(given["q"], wanted)


async def _export(visit: Visit) -> Response:
    wanted = await _wanted(visit, asked(visit, "q", *MESSAGE_FIELDS))
    return as_file(message_lines(visit.desk.messages, wanted), "messages.csv")


async def _show(visit: Visit) -> Response:
    told = await visit.desk.messages.tell(visit.request.path_params["message_id"])
    state = told.view.message.state
    return render(
        visit,
        "message.html",
        told=told,
        view=told.view,
        message=told.view.message,
        price=told.view.message.price_micros * told.view.message.segments,
        may_repeat=visit.actor.role >= Role.OPERATOR and state in ENDED,
        may_cancel=visit.actor.role >= Role.OPERATOR and state is State.QUEUED,
        done=_DONE.get(visit.query("done"), ""),
    )


async def _again(visit: Visit) -> Response:
    message_id = visit.request.path_params["message_id"]
    new_id = await visit.desk.messages.again(visit.actor, message_id, visit.desk.clock.now())
    return see_other(f"/messages/{new_id}?done=again")


async def _cancel(visit: Visit) -> Response:
    message_id = visit.request.path_params["message_id"]
    await visit.desk.messages.cancel(visit.actor, message_id, visit.desk.clock.now())
    return see_other(f"/messages/{message_id}?done=cancelled")


PAGES = (
    Page("/messages", _list),
    Page("/messages.csv", _export),
    Page("/messages/{message_id:int}", _show),
    Page("/messages/{message_id:int}/again", _again, Role.OPERATOR, ("POST",)),
    Page("/messages/{message_id:int}/cancel", _cancel, Role.OPERATOR, ("POST",)),
)
