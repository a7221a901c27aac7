"""One page or call as a record, and how a page is written.

A page is a path, its methods, the role that it takes and a function; `gate.py` lets in only whom it is for,
so a page cannot forget to ask.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib.resources import files
from typing import Any

import jinja2
import msgspec
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from aldis.accounts.price import from_micros
from aldis.accounts.staff import Actor, Role
from aldis.admin.query_params import MOST_DIGITS
from aldis.admin.validation import ValidationError
from aldis.clock import as_datetime
from aldis.console.admin_services import AdminServices
from aldis.errors import AdminError
from aldis.stages.sending.upstream import STANDING
from aldis.traffic.anomalies import describe


class NumberConvertor(Convertor[int]):
    """`{id:number}` in a path: an id that something could have. Starlette's `int` fails at 4,301 digits."""

    regex = f"[0-9]{{1,{MOST_DIGITS}}}"

    def convert(self, value: str) -> int:
        """Read it."""
        return int(value)

    def to_string(self, value: int) -> str:
        """Write it."""
        return str(value)


register_url_convertor("number", NumberConvertor())


class RequestContext(msgspec.Struct, frozen=True):
    """One request of somebody who was let in."""

    request: Request
    services: AdminServices
    actor: Actor
    #: what forms and htmx must send back; "" for programs
    csrf: str
    #: the form's fields, first of each name; {} where there is none
    form: dict[str, str]

    def query(self, name: str, default: str = "") -> str:
        """Give a parameter of the address."""
        return self.request.query_params.get(name, default)

    def part(self, name: str) -> str:
        """Give a part of the path."""
        return str(self.request.path_params[name])

    def number(self, name: str) -> int:
        """Give a part of the path that is a `number`."""
        return int(self.request.path_params[name])

    @property
    def now(self) -> int:
        """What time it is, in Unix milliseconds."""
        return self.services.clock.now()

    @property
    def is_htmx(self) -> bool:
        """Whether only a part of the page is wanted."""
        return self.request.headers.get("hx-request") == "true"


Handler = Callable[[RequestContext], Awaitable[Response]]


class Call(msgspec.Struct, frozen=True):
    """What a call of the admin API takes and gives, as `/v1/openapi.json` and `/api` tell it."""

    #: what it does, in a few words
    summary: str
    #: the type of the body; None for none
    takes: Any = None
    #: the type of the answer; None for none
    gives: Any = None
    #: the answer's, when all is well; 0: one of several, all 2XX
    status: int = 200
    #: parameters of the address → what they are for
    query: Mapping[str, str] = {}
    #: headers → what they are for
    headers: Mapping[str, str] = {}
    #: types of what stands in the address, where that is no text and no name of `documents.KINDS`
    kinds: Mapping[str, Any] = {}
    #: a body to start from
    example: Any = None


class Page(msgspec.Struct, frozen=True):
    """A path and who may ask for it."""

    path: str
    handler: Handler
    role: Role = Role.VIEWER
    methods: Sequence[str] = ("GET",)
    #: takes files
    uploads: bool = False
    #: a POST that changes nothing, so that viewers may
    only_looks: bool = False
    #: of a path under /v1/
    call: Call | None = None


class Calls(list[Page]):
    """The calls of the admin API in one module, each added where its function stands."""

    def add(  # noqa: PLR0913 - one argument a field of `Page` and `Call`
        self,
        method: str,
        path: str,
        summary: str,
        role: Role = Role.VIEWER,
        *,
        takes: Any = None,  # noqa: ANN401 - any type, as in `Call`
        gives: Any = None,  # noqa: ANN401
        status: int = 200,
        uploads: bool = False,
        query: Mapping[str, str] = {},
        headers: Mapping[str, str] = {},
        kinds: Mapping[str, Any] = {},
        example: Any = None,  # noqa: ANN401
    ) -> Callable[[Handler], Handler]:
        """Add the function below as the call's; see `Call` for the arguments."""
        call = Call(summary, takes, gives, status, query, headers, kinds, example)

        def added(handler: Handler) -> Handler:
            """Add it, and leave it as it is."""
            self.append(Page(path, handler, role, (method,), uploads, call=call))
            return handler

        return added


_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FunctionLoader(
        lambda name: (files("aldis.console") / "templates" / name).read_text(encoding="utf-8")
    ),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _when(instant: int | None) -> str:
    return as_datetime(instant).strftime("%Y-%m-%d %H:%M:%S") if instant else "-"


def _clock_time(instant: int | None) -> str:
    return as_datetime(instant).strftime("%H:%M:%S") if instant else "-"


def _count(value: float) -> str:
    """Write a number as people read it: thousands apart, a decimal where there are few."""
    return f"{value:,.1f}" if value and abs(value) < 10 and value != int(value) else f"{value:,.0f}"  # noqa: PLR2004


def _when_exactly(instant: int) -> str:
    return as_datetime(instant).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


_ENVIRONMENT.filters["when_exactly"] = _when_exactly
_ENVIRONMENT.filters["when"] = _when
_ENVIRONMENT.filters["time"] = _clock_time
_ENVIRONMENT.filters["count"] = _count
_ENVIRONMENT.globals["standing"] = STANDING
_ENVIRONMENT.globals["describe"] = describe
_ENVIRONMENT.filters["money"] = from_micros


def render(context: RequestContext, template: str, *, status: int = 200, **values: object) -> Response:
    """Write a page from its template."""
    text = _ENVIRONMENT.get_template(template).render(
        actor=context.actor, csrf=context.csrf, path=context.request.url.path, Role=Role, **values
    )
    return HTMLResponse(text, status)


def render_open(template: str, *, status: int = 200, **values: object) -> Response:
    """Write a page for somebody who is not signed in."""
    return HTMLResponse(
        _ENVIRONMENT.get_template(template).render(actor=None, csrf="", path="", **values), status
    )


def fault_values(fault: AdminError | None) -> dict[str, Any]:
    """Give what a page shows of a fault: its status, what it says, and what beside which field."""
    faults = dict(fault.faults) if isinstance(fault, ValidationError) else {}
    return {
        "status": 200 if fault is None else fault.status,
        "fault": ""
        if fault is None
        else faults.pop("", "Correct the marked fields." if faults else str(fault)),
        "faults": {path: _in_words(words) for path, words in faults.items()},
    }


def _in_words(fault: str) -> str:
    """Say in people's words what a reader of documents says in its own."""
    if fault.startswith(("Expected `int", "Expected `float")):
        return "must be a number"
    return fault


def see_other(path: str) -> Response:
    """Send a browser on after a form."""
    return RedirectResponse(path, 303)
