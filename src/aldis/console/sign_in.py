"""Signing in and out, the only pages that are open to everybody; changing one's own password, whatever one's
role.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aldis.accounts.lock_out import LockOut
from aldis.admin.operators import SESSION_S
from aldis.admin.query_params import whole
from aldis.console.admin_services import AdminServices
from aldis.console.gate import COOKIE, MAX_FORM_OCTETS
from aldis.console.page import Page, RequestContext, render, render_open, see_other
from aldis.errors import AdminError

WRONG = "Name or password is wrong."


def routes(services: AdminServices) -> list[Route]:
    """Give the routes of signing in."""
    lock_out = LockOut()

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
        keys = (f"name {name}", f"address {request.client.host if request.client else ''}")
        now = services.clock.monotonic()
        wait_s = lock_out.wait_s(keys, now)
        if wait_s:
            return _page(following, f"Too many tries: wait {wait_s:.0f} seconds.", 429)
        lock_out.failed(keys, now)  # before the password is looked at, so that tries at once count each
        signed_in = await services.people.sign_in(name, password, services.clock.now())
        if signed_in is None:
            return _page(following, WRONG, 401)
        lock_out.succeeded(keys)
        answer = see_other(following)
        answer.set_cookie(
            COOKIE,
            signed_in.secret,
            max_age=SESSION_S,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer

    return [
        Route("/sign-in", show, methods=["GET"]),
        Route("/sign-in", sign_in, methods=["POST"]),
    ]


async def _sign_out(context: RequestContext) -> Response:
    await context.services.people.sign_out(
        context.actor, context.request.cookies.get(COOKIE, ""), context.services.clock.now()
    )
    answer = see_other("/sign-in")
    answer.delete_cookie(COOKIE)
    return answer


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


PAGES = (
    Page("/sign-out", _sign_out, methods=("POST",)),
    Page("/password", _password, methods=("GET", "POST")),
)


def _page(following: str, fault: str = "", status: int = 200) -> Response:
    return render_open("sign_in.html", status=status, fault=fault, following=following)


def _next(path: str) -> str:
    """Give where to go after signing in: a path of ours, never another site's address."""
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_ours else "/"
