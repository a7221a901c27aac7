"""Changing one's own password, whatever one's role."""

from __future__ import annotations

from starlette.responses import Response

from aldis.console.page import Page, RequestContext, render, see_other
from aldis.errors import AdminError


async def _password(context: RequestContext) -> Response:
    if context.request.method == "GET":
        return render(context, "password.html", fault="")
    form, now = context.form, context.now
    if form.get("new", "") != form.get("again", ""):
        return render(
            context, "password.html", status=422, fault="the new password was not written twice the same"
        )
    try:
        await context.services.people.change_password(
            context.actor, form.get("old", ""), form.get("new", ""), now
        )
    except AdminError as fault:
        return render(context, "password.html", status=fault.status, fault=str(fault))
    return see_other("/sign-in")


PAGES = (Page("/password", _password, methods=("GET", "POST")),)
