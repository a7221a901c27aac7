"""What customers are owed: lane by lane, what was given up, and making it due once more."""

from __future__ import annotations

from starlette.responses import Response

from aldis.accounts.staff import Role
from aldis.console.page import Page, Visit, render, see_other
from aldis.console.pages.listing import address, asked
from aldis.errors import OperatingError
from aldis.operating import asking
from aldis.operating.telling import fault_of
from aldis.store.views import PostbackPage

FIELDS = ("lane", "event", "account")


async def _list(visit: Visit) -> Response:
    desk, given, fault, found = visit.desk, asked(visit, *FIELDS), "", PostbackPage((), 0)
    before = 0
    try:
        before = asking.number(visit.request.query_params, "before", 0, 2**53)
        wanted = asking.postbacks_wanted(given, desk.messages.directory)
        found = await desk.postbacks.given_up(wanted, before, asking.ON_A_PAGE)
    except OperatingError as problem:
        fault = str(problem)
    return render(
        visit,
        "postbacks_found.html" if visit.is_htmx else "postbacks.html",
        status=422 if fault and not visit.is_htmx else 200,
        given=given,
        fault=fault,
        lanes=[] if visit.is_htmx else await desk.postbacks.lanes(),
        now=desk.clock.now(),
        found=found.found,
        is_asked=any(given.values()),
        first=address("/postbacks", given) if before else "",
        older=address("/postbacks", given, before=found.next_before) if found.next_before else "",
        name_of=desk.messages.account_name,
        fault_of=fault_of,
        accounts=sorted(desk.messages.directory.accounts),
        may_replay=visit.actor.role >= Role.OPERATOR,
        replayed=visit.query("replayed"),
    )


async def _replay(visit: Visit) -> Response:
    postback_id, desk = visit.request.path_params["postback_id"], visit.desk
    message_id = await desk.postbacks.replay(visit.actor, postback_id, desk.clock.now())
    if visit.form.get("back") == "message":
        return see_other(f"/messages/{message_id}?done=replayed")
    return see_other("/postbacks?replayed=1")


async def _replay_all(visit: Visit) -> Response:
    desk = visit.desk
    wanted = asking.postbacks_wanted(visit.form, desk.messages.directory)
    count = await desk.postbacks.replay_all(visit.actor, wanted, desk.clock.now())
    return see_other(f"/postbacks?replayed={count}")


PAGES = (
    Page("/postbacks", _list),
    Page("/postbacks/replay", _replay_all, Role.OPERATOR, ("POST",)),
    Page("/postbacks/{postback_id:int}/replay", _replay, Role.OPERATOR, ("POST",)),
)
