"""People: who may sign in, keys of the admin API, and what was done by whom."""

from __future__ import annotations

from starlette.responses import Response

from aldis.accounts.staff import Role
from aldis.console.page import Page, Visit, render, see_other
from aldis.errors import OperatingError

LOG_PAGE = 50
DAY_MS = 86_400_000
MAX_DAYS = 3650
_DONE = {
    "added": "Saved.",
    "role": "The role is changed; it counts from the next sign-in.",
    "removed": "Gone.",
}


async def _people(visit: Visit) -> Response:
    return await _page(visit)


async def _page(
    visit: Visit, fault: OperatingError | None = None, told: tuple[str, str] | None = None
) -> Response:
    staff = visit.desk.store.staff
    before, subject = visit.query("before"), visit.query("subject").strip()
    log = await staff.audit_log(_number(before), LOG_PAGE + 1, subject)
    return render(
        visit,
        "people.html",
        status=200 if fault is None else fault.status,
        operators=await staff.operators(),
        tokens=await staff.tokens(),
        log=log[:LOG_PAGE],
        before=log[LOG_PAGE - 1][0] if len(log) > LOG_PAGE else 0,
        subject=subject,
        roles=list(Role),
        told=told,
        now=visit.desk.clock.now(),
        fault="" if fault is None else str(fault),
        done=_DONE.get(visit.query("done"), ""),
        form=visit.form,
    )


async def _add(visit: Visit) -> Response:
    name, password = visit.form.get("name", "").strip(), visit.form.get("password", "")
    try:
        role = _role(visit.form)
        await visit.desk.people.put_operator(visit.actor, name, role, password, visit.desk.clock.now())
    except OperatingError as fault:
        return await _page(visit, fault)
    return see_other("/people?done=added")


async def _change_role(visit: Visit) -> Response:
    name = visit.request.path_params["name"]
    try:
        await visit.desk.people.change_role(visit.actor, name, _role(visit.form), visit.desk.clock.now())
    except OperatingError as fault:
        return await _page(visit, fault)
    return see_other("/people?done=role")


async def _remove(visit: Visit) -> Response:
    try:
        await visit.desk.people.remove_operator(
            visit.actor, visit.request.path_params["name"], visit.desk.clock.now()
        )
    except OperatingError as fault:
        return await _page(visit, fault)
    return see_other("/people?done=removed")


async def _make_key(visit: Visit) -> Response:
    name, days, now = (
        visit.form.get("name", "").strip(),
        visit.form.get("days", "").strip(),
        visit.desk.clock.now(),
    )
    if days and not (days.isdecimal() and 0 < int(days) <= MAX_DAYS):
        return await _page(visit, OperatingError(f"a key lasts 1 to {MAX_DAYS} days, or for good"))
    try:
        until = now + int(days) * DAY_MS if days else 0
        secret = await visit.desk.people.make_token(visit.actor, name, _role(visit.form), until, now)
    except OperatingError as fault:
        return await _page(visit, fault)
    return await _page(visit, told=(name, secret))


async def _remove_key(visit: Visit) -> Response:
    await visit.desk.people.remove_token(
        visit.actor, visit.request.path_params["name"], visit.desk.clock.now()
    )
    return see_other("/people?done=removed")


def _role(form: dict[str, str]) -> Role:
    try:
        return Role[form.get("role", "").upper()]
    except KeyError:
        raise OperatingError("choose a role") from None


def _number(text: str) -> int:
    return min(int(text), 2**53) if text.isdecimal() else 0


PAGES = (
    Page("/people", _people, Role.ADMIN),
    Page("/people", _add, Role.ADMIN, ("POST",)),
    Page("/people/{name}/role", _change_role, Role.ADMIN, ("POST",)),
    Page("/people/{name}/remove", _remove, Role.ADMIN, ("POST",)),
    Page("/keys", _make_key, Role.ADMIN, ("POST",)),
    Page("/keys/{name}/remove", _remove_key, Role.ADMIN, ("POST",)),
)
