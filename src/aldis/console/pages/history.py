"""The directory's history, and taking a change back."""

from __future__ import annotations

from starlette.responses import Response

from aldis.accounts.records import ACCOUNT, CARRIER, CREDIT
from aldis.accounts.staff import Role
from aldis.console.page import Page, Visit, render, see_other
from aldis.operating.history import KINDS, newest_seen

PAGE = 30


async def _history(visit: Visit) -> Response:
    kind, name, before = visit.query("kind"), visit.query("name"), visit.query("before")
    key = (name or "*") if kind in (ACCOUNT, CARRIER, CREDIT) else ""
    found = await visit.desk.history.changes(kind, key, int(before) if before.isdecimal() else 0, PAGE + 1)
    return render(
        visit,
        "history.html",
        changes=found[:PAGE],
        seen={} if before else newest_seen(found),
        before=found[PAGE - 1].change.change_id if len(found) > PAGE else 0,
        kind=kind,
        name=name,
        kinds=KINDS,
        done="Taken back." if visit.query("done") else "",
    )


async def _undo(visit: Visit) -> Response:
    change_id = int(visit.request.path_params["change"])
    seen = visit.form.get("seen", "")
    based_on = int(seen) if seen.isdecimal() else None
    await visit.desk.history.undo(visit.actor, change_id, visit.desk.clock.now(), based_on)
    return see_other("/history?done=1")


PAGES = (
    Page("/history", _history),
    Page("/history/{change:int}/undo", _undo, Role.ADMIN, ("POST",)),
)
