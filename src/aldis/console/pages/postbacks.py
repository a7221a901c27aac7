"""What customers are owed: lane by lane, what was given up, and making it due once more."""

from __future__ import annotations

from starlette.responses import Response

from aldis.accounts.staff import Role
from aldis.admin import query_params
from aldis.admin.timeline import fault_of
from aldis.console.page import Page, RequestContext, render, see_other
from aldis.console.pages.listing import address, asked
from aldis.errors import AdminError
from aldis.store.contract.outbox import PostbackPage


async def _list(context: RequestContext) -> Response:
    services, given, fault, found = (
        context.services,
        asked(context, *query_params.POSTBACK_FIELDS),
        "",
        PostbackPage((), 0),
    )
    before = 0
    try:
        before = query_params.number(context.request.query_params, "before")
        wanted = query_params.postbacks_wanted(given, services.messages.directory)
        found = await services.postbacks.given_up(wanted, before, query_params.ON_A_PAGE)
    except AdminError as problem:
        fault = str(problem)
    return render(
        context,
        "postbacks_found.html" if context.is_htmx else "postbacks.html",
        status=422 if fault and not context.is_htmx else 200,
        given=given,
        fault=fault,
        lanes=[] if context.is_htmx else await services.postbacks.lanes(),
        now=services.clock.now(),
        found=found.found,
        is_asked=any(given.values()),
        first=address("/postbacks", given) if before else "",
        older=address("/postbacks", given, before=found.next_before) if found.next_before else "",
        name_of=services.messages.account_name,
        fault_of=fault_of,
        accounts=sorted(services.messages.directory.accounts),
        may_replay=context.actor.role >= Role.OPERATOR,
        replayed=context.query("replayed"),
    )


async def _replay(context: RequestContext) -> Response:
    postback_id, services = context.request.path_params["postback_id"], context.services
    message_id = await services.postbacks.replay(context.actor, postback_id, services.clock.now())
    if context.form.get("back") == "message":
        return see_other(f"/messages/{message_id}?done=replayed")
    return see_other("/postbacks?replayed=1")


async def _replay_all(context: RequestContext) -> Response:
    services = context.services
    wanted = query_params.postbacks_wanted(context.form, services.messages.directory)
    count = await services.postbacks.replay_all(context.actor, wanted, services.clock.now())
    return see_other(f"/postbacks?replayed={count}")


PAGES = (
    Page("/postbacks", _list),
    Page("/postbacks/replay", _replay_all, Role.OPERATOR, ("POST",)),
    Page("/postbacks/{postback_id:number}/replay", _replay, Role.OPERATOR, ("POST",)),
)
