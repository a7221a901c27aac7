"""Postbacks: what is pending by account and endpoint, dead letters, one whole, and having them tried now."""

from __future__ import annotations

from starlette.responses import Response

from aldis.accounts.staff import Role
from aldis.admin import query_params
from aldis.admin.timeline import fault_of
from aldis.console.page import Page, RequestContext, render, see_other
from aldis.console.pages.listing import asked, listed
from aldis.store.contract.outbox import PostbackPage


async def _list(context: RequestContext) -> Response:
    services, given = context.services, asked(context, *query_params.POSTBACK_FIELDS)

    async def search(before: int) -> PostbackPage:
        """Find a page of dead letters."""
        wanted = query_params.postbacks_wanted(given, services.messages.directory)
        return await services.postbacks.dead_letters(wanted, before, query_params.ON_A_PAGE)

    return await listed(
        context,
        "postbacks",
        given,
        search,
        PostbackPage((), 0),
        lanes=[] if context.is_htmx else await services.postbacks.lanes(),
        posting=services.postbacks.posting(),
        waits=services.postbacks.waits(),
        ended=[] if context.is_htmx else await services.postbacks.ended_webhooks(),
        now=context.now,
        fault_of=fault_of,
        may_replay=context.actor.role >= Role.OPERATOR,
        replayed=context.query("replayed"),
    )


async def _show(context: RequestContext) -> Response:
    services = context.services
    told = await services.postbacks.tell(context.number("postback_id"), context.now)
    return render(
        context,
        "postback.html",
        told=told,
        row=told.row,
        account=services.messages.account_name(told.row.account_id),
        fault_of=fault_of,
        may_replay=context.actor.role >= Role.OPERATOR,
        replayed=context.query("replayed"),
    )


async def _try_now(context: RequestContext) -> Response:
    services = context.services
    wanted = query_params.postbacks_wanted(context.form, services.messages.directory)
    count = await services.postbacks.try_now(context.actor, wanted, context.now)
    return see_other(f"/postbacks?replayed={count}")


async def _replay(context: RequestContext) -> Response:
    postback_id, services = context.number("postback_id"), context.services
    message_id = await services.postbacks.replay(context.actor, postback_id, context.now)
    if context.form.get("back") == "message":
        return see_other(f"/messages/{message_id}?done=replayed")
    if context.form.get("back") == "postback":
        return see_other(f"/postbacks/{postback_id}?replayed=1")
    return see_other("/postbacks?replayed=1")


async def _replay_all(context: RequestContext) -> Response:
    services = context.services
    wanted = query_params.postbacks_wanted(context.form, services.messages.directory)
    count = await services.postbacks.replay_all(context.actor, wanted, context.now)
    return see_other(f"/postbacks?replayed={count}")


PAGES = (
    Page("/postbacks", _list),
    Page("/postbacks/{postback_id:number}", _show),
    Page("/postbacks/try", _try_now, Role.OPERATOR, ("POST",)),
    Page("/postbacks/replay", _replay_all, Role.OPERATOR, ("POST",)),
    Page("/postbacks/{postback_id:number}/replay", _replay, Role.OPERATOR, ("POST",)),
)
