"""The directory's history, and taking a change back."""

from __future__ import annotations

from starlette.responses import Response

from aldis.accounts.records import ACCOUNT, CARRIER, CREDIT
from aldis.accounts.staff import Role
from aldis.admin import query_params
from aldis.admin.history import KINDS, newest_seen
from aldis.console.page import Page, RequestContext, render, see_other

PAGE = 30


async def _history(context: RequestContext) -> Response:
    kind, name = context.query("kind"), context.query("name")
    before = query_params.number(context.request.query_params, "before")
    key = (name or "*") if kind in (ACCOUNT, CARRIER, CREDIT) else ""
    found = await context.services.history.changes(kind, key, before, PAGE + 1)
    return render(
        context,
        "history.html",
        changes=found[:PAGE],
        seen={} if before else newest_seen(found),
        before=found[PAGE - 1].change.change_id if len(found) > PAGE else 0,
        kind=kind,
        name=name,
        kinds=KINDS,
        done="Taken back." if context.query("done") else "",
    )


async def _undo(context: RequestContext) -> Response:
    change_id = context.number("change")
    seen = query_params.number(context.form, "seen") if context.form.get("seen") else None
    await context.services.history.undo(context.actor, change_id, context.now, seen)
    return see_other("/history?done=1")


PAGES = (
    Page("/history", _history),
    Page("/history/{change:number}/undo", _undo, Role.ADMIN, ("POST",)),
)
