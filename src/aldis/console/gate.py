"""Lets in whom a page is for: a session's cookie or a key of the admin API, a role that is high enough, and
for whatever changes something from a browser the token that another site cannot know.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote

import msgspec
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from aldis.accounts.credentials import digest
from aldis.accounts.staff import Actor, Role, Session
from aldis.admin.operators import session_id_of
from aldis.admin.query_params import whole
from aldis.admin.sending import Refused
from aldis.admin.validation import ValidationError
from aldis.console.admin_services import AdminServices
from aldis.console.page import Page, RequestContext, render_open
from aldis.errors import AdminError, OptOutPending, OutcomeUnknown, TemporaryError
from aldis.http_phrases import phrase_of
from aldis.traffic.problem import Problem, problem_of

COOKIE = "aldis_session"
#: what browsers keep for this very host, over TLS. Source: RFC 6265bis (draft 20) §4.1.3.2
HOST_COOKIE = "__Host-" + COOKIE
API = "/v1/"
PROBLEM = "application/problem+json"
#: a form without files; what uploads has a bound of its own
MAX_FORM_OCTETS = 1_048_576
#: tables of routes have six a row
MAX_FIELDS = 12_000
MAX_UPLOAD_OCTETS = 64 * 1_048_576
_SAFE = frozenset(("GET", "HEAD"))


class ApiProblem(Problem, frozen=True, omit_defaults=True):
    """What went wrong; of a record, also what is wrong where in it."""

    #: path such as `sender.0.value` → words
    faults: Mapping[str, str] = {}


def csrf_of(secret: str) -> str:
    """Derive what forms must carry from the session's secret."""
    return hashlib.sha256(b"csrf " + secret.encode("utf-8", "surrogatepass")).hexdigest()


def guarded(page: Page, services: AdminServices) -> Callable[[Request], Awaitable[Response]]:
    """Give a page's endpoint: everything is asked before the page's own function runs."""

    async def endpoint(request: Request) -> Response:
        """Ask, then let the page answer."""
        is_api = request.url.path.startswith(API)
        actor, csrf = await who(request, services)
        if actor is None:
            return refused(request, 401, "sign in first")
        if actor.role < page.role:
            await services.sign_ins.refuse_page(actor, page.path, address_of(request))
            return refused(request, 403, f"this takes the role {page.role.name.lower()}")
        if _is_too_large(request, page):
            return refused(request, 413, "this is too large")
        form = {} if is_api else await _form(request)
        if csrf and request.method not in _SAFE and not _has_token(request, form, csrf):
            return refused(request, 403, "the form is stale; load the page again")
        try:
            return await page.handler(RequestContext(request, services, actor, csrf, form))
        except AdminError as fault:
            return refused(request, fault.status, str(fault), fault)
        except OutcomeUnknown:
            return refused(request, 503, "whether this was done is not known; look before you try again")
        except OptOutPending as fault:
            return refused(request, 503, str(fault))
        except TemporaryError:
            return refused(request, 503, "the store cannot answer now; try again")

    return endpoint


async def who(request: Request, services: AdminServices) -> tuple[Actor | None, str]:
    """Tell who asks, and what a form of theirs must carry ("" for programs)."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and request.url.path.startswith(API):
        return await services.sign_ins.bearer(token.strip(), address_of(request)), ""
    secret = request.cookies.get(cookie_name(request), "")
    if not secret:
        return None, ""
    return await services.people.signed_in(secret, services.clock.now()), csrf_of(secret)


def is_https(request: Request) -> bool:
    """Tell whether the browser speaks TLS, with us or with a proxy that says so."""
    return request.url.scheme == "https"


def cookie_name(request: Request) -> str:
    """Name the session's cookie."""
    return HOST_COOKIE if is_https(request) else COOKIE


def address_of(request: Request) -> str:
    """Give the address that somebody asks from."""
    return request.client.host if request.client else ""


def sessions_shown(sessions: list[Session], request: Request) -> list[tuple[str, Session, bool]]:
    """Give sessions as pages show them: each with its id, and whether it is the one that asks."""
    own = digest(request.cookies.get(cookie_name(request), ""))
    return [(session_id_of(each), each, each.digest == own) for each in sessions]


def _is_too_large(request: Request, page: Page) -> bool:
    if request.method in _SAFE:
        return False
    length = request.headers.get("content-length", "")
    if not length:  # then there is no body, RFC 9112 §6.3
        return "transfer-encoding" in request.headers
    most = MAX_UPLOAD_OCTETS if page.uploads else MAX_FORM_OCTETS
    octets = whole(length)
    return octets is None or octets > most


async def _form(request: Request) -> dict[str, str]:
    if request.method in _SAFE or not request.headers.get("content-type", "").startswith(
        ("application/x-www-form-urlencoded", "multipart/form-data")
    ):
        return {}
    found: dict[str, str] = {}
    async with request.form(max_files=1, max_fields=MAX_FIELDS) as form:
        for name, value in form.multi_items():
            text = (
                (await value.read()).decode("utf-8-sig", "replace")
                if isinstance(value, UploadFile)
                else value
            )
            found.setdefault(name, text)
    return found


def _has_token(request: Request, form: dict[str, str], csrf: str) -> bool:
    given = request.headers.get("x-csrf-token") or form.get("csrf", "")
    return hmac.compare_digest(given.encode(), csrf.encode())


def refused(request: Request, status: int, why: str, fault: AdminError | None = None) -> Response:
    """Say no in the words of whoever asks: a problem for programs, a page for people."""
    if status != 401 or request.url.path.startswith(API):  # noqa: PLR2004 - RFC 9110 §15.5.2
        return refused_at(request.url.path, status, why, fault)
    if request.headers.get("hx-request") == "true":
        return Response(status_code=status, headers={"hx-redirect": "/sign-in"})
    return RedirectResponse("/sign-in?next=" + quote(request.url.path), 303)


def refused_at(path: str, status: int, why: str, fault: AdminError | None = None) -> Response:
    """Say no at a path."""
    if path.startswith(API):
        headers = {"www-authenticate": "Bearer"} if status == 401 else None  # noqa: PLR2004 - RFC 9110 §15.5.2
        return Response(msgspec.json.encode(_problem(status, why, fault)), status, headers, PROBLEM)
    return render_open("refused.html", status=status, why=why)


def _problem(status: int, why: str, fault: AdminError | None) -> Problem:
    if isinstance(fault, Refused):
        return problem_of(fault.refusal)
    faults: dict[str, str] = fault.faults if isinstance(fault, ValidationError) else {}
    return ApiProblem(phrase_of(status), status, why, faults=faults)


def is_allowed(actor: Actor, role: Role) -> bool:
    """Tell whether somebody's role is high enough, for what a page shows."""
    return actor.role >= role
