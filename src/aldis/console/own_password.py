"""Changing one's own password, whatever one's role."""

from __future__ import annotations

from starlette.responses import Response

from aldis.console.page import Page, Visit, render, see_other
from aldis.errors import OperatingError


async def _password(visit: Visit) -> Response:
    if visit.request.method == "GET":
        return render(visit, "password.html", fault="")
    form, now = visit.form, visit.desk.clock.now()
    if form.get("new", "") != form.get("again", ""):
        return render(
            visit, "password.html", status=422, fault="the new password was not written twice the same"
        )
    try:
        await visit.desk.people.change_password(visit.actor, form.get("old", ""), form.get("new", ""), now)
    except OperatingError as fault:
        return render(visit, "password.html", status=fault.status, fault=str(fault))
    return see_other("/sign-in")


PAGES = (Page("/password", _password, methods=("GET", "POST")),)
