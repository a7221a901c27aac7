"""Messages: searching, exporting, one whole with its timeline, sending again and calling back."""

from __future__ import annotations

from starlette.responses import Response

from aldis.accounts.staff import Role
from aldis.admin import query_params
from aldis.admin.csv_export import message_lines
from aldis.admin.query_params import MESSAGE_FIELDS, STATES
from aldis.admin.timeline import expectation
from aldis.console.page import Page, RequestContext, render, see_other
from aldis.console.pages.listing import address, as_file, asked, listed
from aldis.dialects.registry import POLICIES
from aldis.store.contract.search import MessageFilter, MessagePage
from aldis.traffic.states import ENDED, State

_DONE = {
    "again": "Sent again: this is the new message.",
    "cancelled": "Cancelled: it will not be sent, and its money is free again.",
    "tried": "Its link claims it again.",
    "replayed": "The postback is due again.",
}


async def _list(context: RequestContext) -> Response:
    messages, given = context.services.messages, asked(context, "q", *MESSAGE_FIELDS)

    async def search(before: int) -> MessagePage:
        """Find a page of messages."""
        return await messages.search(await _wanted(context, given), before, query_params.ON_A_PAGE)

    return await listed(
        context,
        "messages",
        given,
        search,
        MessagePage((), 0),
        export=address("/messages.csv", given),
        dialects=sorted(POLICIES),
        links=messages.links,
        states=STATES,
    )


async def _wanted(context: RequestContext, given: dict[str, str]) -> MessageFilter:
    messages = context.services.messages
    wanted = query_params.messages_wanted(given, messages.directory, context.now)
    return await messages.guess(given["q"], wanted)


async def _export(context: RequestContext) -> Response:
    wanted = await _wanted(context, asked(context, "q", *MESSAGE_FIELDS))
    return as_file(message_lines(context.services.messages, wanted), "messages.csv")


async def _show(context: RequestContext) -> Response:
    told = await context.services.messages.tell(context.number("message_id"))
    state = told.view.message.state
    return render(
        context,
        "message.html",
        told=told,
        waits_for=await context.services.waiting.reasons(told.view, context.now),
        expectation=expectation(told.view),
        view=told.view,
        message=told.view.message,
        price=told.view.message.price_micros * told.view.message.segments,
        may_repeat=context.actor.role >= Role.OPERATOR and state in ENDED,
        may_try=context.actor.role >= Role.OPERATOR and told.view.poison is not None,
        may_cancel=context.actor.role >= Role.OPERATOR and state is State.QUEUED,
        done=_DONE.get(context.query("done"), ""),
    )


async def _again(context: RequestContext) -> Response:
    message_id = context.number("message_id")
    new_id = await context.services.messages.again(context.actor, message_id, context.now)
    return see_other(f"/messages/{new_id}?done=again")


async def _cancel(context: RequestContext) -> Response:
    message_id = context.number("message_id")
    await context.services.messages.cancel(context.actor, message_id, context.now)
    return see_other(f"/messages/{message_id}?done=cancelled")


async def _try_again(context: RequestContext) -> Response:
    message_id = context.number("message_id")
    await context.services.messages.try_again(context.actor, message_id, context.now)
    return see_other(f"/messages/{message_id}?done=tried")


PAGES = (
    Page("/messages", _list),
    Page("/messages.csv", _export),
    Page("/messages/{message_id:number}", _show),
    Page("/messages/{message_id:number}/again", _again, Role.OPERATOR, ("POST",)),
    Page("/messages/{message_id:number}/cancel", _cancel, Role.OPERATOR, ("POST",)),
    Page("/messages/{message_id:number}/try-again", _try_again, Role.OPERATOR, ("POST",)),
)
