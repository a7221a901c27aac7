"""People: who may sign in, keys of the admin API, and what was done by whom."""

from __future__ import annotations

from starlette.responses import Response

from aldis.accounts.password_rules import SHORTEST
from aldis.accounts.staff import Role
from aldis.admin import query_params
from aldis.admin.operators import MAX_DAYS
from aldis.console.gate import sessions_shown
from aldis.console.page import Page, RequestContext, fault_values, render, see_other
from aldis.errors import AdminError

LOG_PAGE = 50
_DONE = {
    "added": "Saved.",
    "role": "The role is changed; it counts from the next sign-in.",
    "removed": "Gone.",
    "ended": "The session is over.",
}


async def _page(
    context: RequestContext, fault: AdminError | None = None, told: tuple[str, str] | None = None
) -> Response:
    services = context.services
    subject = context.query("subject").strip()
    before = query_params.number(context.request.query_params, "before")
    log = await services.audit.log(before, LOG_PAGE + 1, subject)
    return render(
        context,
        "people.html",
        **fault_values(fault),
        operators=await services.operators.all(),
        tokens=await services.operators.tokens(),
        sessions=sessions_shown(await services.people.sessions(context.now), context.request),
        shortest=SHORTEST,
        log=log[:LOG_PAGE],
        before=log[LOG_PAGE - 1][0] if len(log) > LOG_PAGE else 0,
        subject=subject,
        roles=list(Role),
        told=told,
        now=context.now,
        done=_DONE.get(context.query("done"), ""),
        form=context.form,
    )


async def _add(context: RequestContext) -> Response:
    name, password = context.form.get("name", "").strip(), context.form.get("password", "")
    try:
        role = _role(context.form)
        await context.services.people.put_operator(context.actor, name, role, password, context.now)
    except AdminError as fault:
        return await _page(context, fault)
    return see_other("/people?done=added")


async def _change_role(context: RequestContext) -> Response:
    name = context.part("name")
    try:
        await context.services.people.change_role(context.actor, name, _role(context.form), context.now)
    except AdminError as fault:
        return await _page(context, fault)
    return see_other("/people?done=role")


async def _remove(context: RequestContext) -> Response:
    try:
        await context.services.people.remove_operator(context.actor, context.part("name"), context.now)
    except AdminError as fault:
        return await _page(context, fault)
    return see_other("/people?done=removed")


async def _make_key(context: RequestContext) -> Response:
    form, now = context.form, context.now
    name = form.get("name", "").strip()
    try:
        days = query_params.number(form, "days", 1, 1, MAX_DAYS) if form.get("days", "").strip() else 0
        secret = await context.services.people.make_token(context.actor, name, _role(form), days, now)
    except AdminError as fault:
        return await _page(context, fault)
    return await _page(context, told=(name, secret))


async def _remove_key(context: RequestContext) -> Response:
    await context.services.people.remove_token(context.actor, context.part("name"), context.now)
    return see_other("/people?done=removed")


async def _end_session(context: RequestContext) -> Response:
    await context.services.people.end_session(context.actor, context.part("session"), context.now)
    return see_other("/people?done=ended")


def _role(form: dict[str, str]) -> Role:
    try:
        return Role[form.get("role", "").upper()]
    except KeyError:
        raise AdminError("choose a role") from None


PAGES = (
    Page("/people", _page, Role.ADMIN),
    Page("/people", _add, Role.ADMIN, ("POST",)),
    Page("/people/{name}/role", _change_role, Role.ADMIN, ("POST",)),
    Page("/people/{name}/remove", _remove, Role.ADMIN, ("POST",)),
    Page("/sessions/{session}/end", _end_session, Role.ADMIN, ("POST",)),
    Page("/keys", _make_key, Role.ADMIN, ("POST",)),
    Page("/keys/{name}/remove", _remove_key, Role.ADMIN, ("POST",)),
)
