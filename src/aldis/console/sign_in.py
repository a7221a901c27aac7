"""Signing in and out, the only pages that are open to everybody; changing one's own password, whatever one's
role.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aldis.accounts.password_rules import SHORTEST
from aldis.admin.operators import SESSION_S
from aldis.admin.query_params import whole
from aldis.console.admin_services import AdminServices
from aldis.console.gate import MAX_FORM_OCTETS, address_of, cookie_name, is_https, sessions_shown
from aldis.console.page import Page, RequestContext, render, render_open, see_other
from aldis.errors import AdminError


def routes(services: AdminServices) -> list[Route]:
    """Give the routes of signing in."""

    async def show(request: Request) -> Response:
        """Show the form."""
        return _page(_next(request.query_params.get("next", "")))

    async def sign_in(request: Request) -> Response:
        """Take the form."""
        length = whole(request.headers.get("content-length", ""))
        if length is None or length > MAX_FORM_OCTETS:
            return _page("/", "This is too large.", 413)
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return _page("/", "Sign in from the console's own page.", 403)
        async with request.form(max_files=0, max_fields=10) as form:
            name, password = str(form.get("name", ""))[:100], str(form.get("password", ""))
            following = _next(str(form.get("next", "")))
        try:
            signed_in = await services.sign_ins.sign_in(name, password, address_of(request))
        except AdminError as fault:
            return _page(following, str(fault), fault.status)
        await _end_former(services, request.cookies.get(cookie_name(request), ""))
        answer = see_other(following)
        answer.set_cookie(
            cookie_name(request),
            signed_in.secret,
            max_age=SESSION_S,
            httponly=True,
            samesite="strict",
            secure=is_https(request),
        )
        return answer

    return [
        Route("/sign-in", show, methods=["GET"]),
        Route("/sign-in", sign_in, methods=["POST"]),
    ]


async def _end_former(services: AdminServices, secret: str) -> None:
    """End the session that a browser had before it signed in again."""
    now = services.clock.now()
    actor = await services.people.signed_in(secret, now) if secret else None
    if actor is not None:
        await services.people.sign_out(actor, secret, now)


async def _sign_out(context: RequestContext) -> Response:
    await context.services.people.sign_out(
        context.actor,
        context.request.cookies.get(cookie_name(context.request), ""),
        context.services.clock.now(),
    )
    return _signed_out(context)


async def _password(context: RequestContext) -> Response:
    if context.request.method == "GET":
        return await _own_page(context)
    form = context.form
    if form.get("new", "") != form.get("again", ""):
        return await _own_page(context, "the new password was not written twice the same", 422)
    try:
        await context.services.sign_ins.change_password(
            context.actor, form.get("old", ""), form.get("new", ""), address_of(context.request)
        )
    except AdminError as fault:
        return await _own_page(context, str(fault), fault.status)
    return _signed_out(context)


async def _end_own_session(context: RequestContext) -> Response:
    actor = context.actor
    await context.services.people.end_session(actor, context.part("session"), context.now, of=actor.name)
    return see_other("/password")


async def _own_page(context: RequestContext, fault: str = "", status: int = 200) -> Response:
    sessions = await context.services.people.sessions(context.now, of=context.actor.name)
    return render(
        context,
        "password.html",
        status=status,
        fault=fault,
        shortest=SHORTEST,
        sessions=sessions_shown(sessions, context.request),
    )


PAGES = (
    Page("/sign-out", _sign_out, methods=("POST",)),
    Page("/password", _password, methods=("GET", "POST")),
    Page("/password/sessions/{session}/end", _end_own_session, methods=("POST",)),
)


def _signed_out(context: RequestContext) -> Response:
    """Have a browser forget the cookie, and what it kept of the pages.

    Not `"cookies"`, which are those of other hosts of the domain too. Source: Clear Site Data §3.1
    """
    answer = see_other("/sign-in")
    answer.headers["clear-site-data"] = '"cache", "storage"'
    answer.delete_cookie(
        cookie_name(context.request), secure=is_https(context.request), httponly=True, samesite="strict"
    )
    return answer


def _page(following: str, fault: str = "", status: int = 200) -> Response:
    return render_open("sign_in.html", status=status, fault=fault, following=following)


def _next(path: str) -> str:
    """Give where to go after signing in: a path of ours, never another site's address."""
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_ours else "/"
