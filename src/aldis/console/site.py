"""The console as one ASGI application: pages behind the gate, signing in, files, and headers that let a
browser run nothing but our own scripts.
"""

from __future__ import annotations

from importlib.resources import files

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aldis.console import sign_in
from aldis.console.admin_services import AdminServices
from aldis.console.gate import guarded, refused, refused_at
from aldis.console.page import Page
from aldis.console.pages import PAGES
from aldis.dialects.exchange import HttpReply, HttpRequest

_POLICY = (
    b"default-src 'none'; object-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    b"media-src 'self'; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    b"frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_UNKEPT = (b"cache-control", b"no-store")
#: lines of what the server answers by itself
COMMON = b"".join(b"%b: %b\r\n" % (name.title(), value) for name, value in (*HEADERS, _UNKEPT))
#: where the browser speaks TLS, with us or with a proxy that says so: for a year it speaks nothing else.
#: Source: RFC 6797 §7.2
TLS_ONLY = (b"strict-transport-security", b"max-age=31536000")
_KINDS = {
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml; charset=utf-8",
    "txt": "text/plain",
}


class SafeHeaders:
    """Adds the headers to every answer; pages are not kept by caches, files for a while."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_file = scope["type"] == "http" and scope["path"].startswith("/static/")
        keep = (b"cache-control", b"max-age=3600") if is_file else _UNKEPT

        async def with_headers(message: Message) -> None:
            """Send an answer's head with ours."""
            if message["type"] == "http.response.start":
                headers = [*message["headers"], *HEADERS, keep]
                message["headers"] = [*headers, TLS_ONLY] if scope["scheme"] == "https" else headers
            await send(message)

        await self._app(scope, receive, with_headers)


async def _static(request: Request) -> Response:
    path = request.path_params["path"]
    kind = _KINDS.get(path.rpartition(".")[2])
    parts = path.split("/")
    if kind is None or any(part in ("", ".", "..") for part in parts):
        return PlainTextResponse("There is no such file.\n", 404)
    try:
        octets = files("aldis.console").joinpath("static", *parts).read_bytes()
    except OSError:
        return PlainTextResponse("There is no such file.\n", 404)
    return Response(octets, media_type=kind)


async def _missing(request: Request, _fault: Exception) -> Response:
    return refused(request, 404, "there is no such page")


async def _other_method(request: Request, fault: Exception) -> Response:
    answer = refused(request, 405, "this does not take that method")
    answer.headers.update(getattr(fault, "headers", None) or {})
    return answer


async def _failed(request: Request, _fault: Exception) -> Response:
    return refused(request, 500, "this failed; the log says why")


def answer_late(request: HttpRequest) -> HttpReply:
    """Answer a page or call that has waited too long; what it asked for may still be done."""
    answer = refused_at(
        request.path, 503, "this takes too long; it may still be done, so look before you try again"
    )
    return HttpReply(answer.status_code, answer.headers["content-type"].encode(), bytes(answer.body))


def site(services: AdminServices, pages: tuple[Page, ...] = (*PAGES, *sign_in.PAGES)) -> SafeHeaders:
    """Build the application."""
    routes = [Route(page.path, guarded(page, services), methods=list(page.methods)) for page in pages]
    made = Starlette(
        routes=[*routes, *sign_in.routes(services), Route("/static/{path:path}", _static)],
        exception_handlers={404: _missing, 405: _other_method, 500: _failed},
    )
    return SafeHeaders(made)  # around all of it: what fails is answered by the outermost frame of Starlette's
