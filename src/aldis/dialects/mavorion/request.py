"""Tells by its path what a request to Mavorion asks, and finds out who asks. Source: seed 001; GatewayAPI's
rest.rst.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import msgspec

from aldis.dialects import parameters
from aldis.dialects.contract import Asked
from aldis.dialects.exchange import HttpRequest
from aldis.dialects.mavorion import credentials, prices, submission
from aldis.traffic.caller import Caller, Presented
from aldis.traffic.query import (
    BalanceQuery,
    Cancellation,
    CarrierLookups,
    InboundQuery,
    PriceQuery,
    Query,
    StatusQuery,
    UsageQuery,
)
from aldis.traffic.refusal import Refusal, RefusalReason

#: the seed's own spellings, and that of the original
ROOTS = ("/v2", "/sms", "/rest")
ME = frozenset(f"{root}/me" for root in ROOTS)
USAGE = "/api/usage/labels"
LOOKUP = frozenset(f"{root}/hlr" for root in ROOTS)
#: in one lookup: they are read while everybody waits
MAX_LOOKUPS = 200
INBOUND = frozenset(f"{root}/mosms" for root in ROOTS)
MAX_PER_PAGE = 200
MAX_PAGE = 1_000_000

#: as the original has it, and as it would stand beside the rest
PRICES = frozenset(f"{root}/prices/list/sms/{form}" for root in (*ROOTS, "/api") for form in prices.FORMATS)

#: the price list is everybody's
NOBODY = Presented("mavorion", "")

SEND = frozenset(f"{root}/mtsms{slash}" for root in ROOTS for slash in ("", "/"))

PATHS = {
    **{path: frozenset({"GET", "POST"}) for path in SEND},
    **{f"{root}/mtsms/*": frozenset({"GET", "DELETE"}) for root in ROOTS},
    **{path: frozenset({"GET"}) for path in ME},
    **{path: frozenset({"GET"}) for path in INBOUND},
    **{path: frozenset({"GET"}) for path in PRICES},
    USAGE: frozenset({"POST"}),
    **{path: frozenset({"POST"}) for path in LOOKUP},
}


class _Token(msgspec.Struct, frozen=True):
    token: str = ""


class _LookupBody(msgspec.Struct, frozen=True):
    msisdns: list[str | int] = []


class _UsageBody(msgspec.Struct, frozen=True):
    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")
    label: str | None = None


def read(request: HttpRequest) -> Asked | Refusal:
    """Turn a request into what it asks."""
    try:
        query = parameters.form(request.query)
        presented = credentials.presented(request, query)
    except parameters.Unreadable as unreadable:
        return Refusal(RefusalReason.MALFORMED, value=str(unreadable))
    if isinstance(presented, Refusal):
        return presented
    if request.path in SEND:
        return submission.read(request, query, presented)
    if presented is None and (request.path == USAGE or request.path in LOOKUP):
        presented = _in_body(request)
    if request.path in PRICES:
        return PriceQuery(caller=Caller(presented or NOBODY, request.peer, request.nonce))
    if presented is None:
        return Refusal(RefusalReason.CREDENTIALS_MISSING, "token")
    return _query_of(request, query, Caller(presented, request.peer, request.nonce))


def _query_of(request: HttpRequest, query: dict[str, str], caller: Caller) -> Query:
    if request.path in ME:
        return BalanceQuery(caller=caller)
    if request.path in INBOUND:
        return _inbound(query, caller)
    if request.path == USAGE:
        return _usage(request, caller)
    if request.path in LOOKUP:
        return _lookup(request, caller)
    reference = request.path.rpartition("/")[2]
    if request.method == "DELETE":
        return Cancellation(caller=caller, reference=reference)
    return StatusQuery(caller=caller, reference=reference)


def _in_body(request: HttpRequest) -> Presented | None:
    try:
        token = msgspec.json.decode(request.body, type=_Token).token
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return Presented("mavorion", token) if token else None


def _lookup(request: HttpRequest, caller: Caller) -> CarrierLookups:
    numbers: tuple[str, ...] = ()
    fault = None
    try:
        given = msgspec.json.decode(request.body, type=_LookupBody).msisdns
        numbers = tuple(parameters.international(str(each)) for each in given)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as invalid:
        fault = _unreadable(invalid)
    if fault is None and not numbers:
        fault = Refusal(RefusalReason.PARAMETER_MISSING, "msisdns")
    elif len(numbers) > MAX_LOOKUPS:
        fault = Refusal(RefusalReason.PARAMETER_INVALID, "msisdns", f"msisdns: {MAX_LOOKUPS} at most")
    return CarrierLookups(caller=caller, fault=fault, numbers=numbers)


def _unreadable(invalid: Exception) -> Refusal:
    text = str(invalid) if isinstance(invalid, msgspec.ValidationError) else "the body is not valid JSON"
    return Refusal(RefusalReason.MALFORMED, value=text)


def _usage(request: HttpRequest, caller: Caller) -> UsageQuery:
    """Read from which day to which, both included, in UTC."""
    try:
        body = msgspec.json.decode(request.body, type=_UsageBody)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as invalid:
        fault = _unreadable(invalid)
        return UsageQuery(caller=caller, fault=fault, since=0, until=0, label=None)
    try:
        since, until = _midnight(body.first), _midnight(body.last + timedelta(days=1))
    except OverflowError:
        fault = Refusal(RefusalReason.PARAMETER_INVALID, "to", "to")
        return UsageQuery(caller=caller, fault=fault, since=0, until=0, label=None)
    return UsageQuery(caller=caller, since=since, until=until, label=body.label)


def _inbound(query: dict[str, str], caller: Caller) -> InboundQuery:
    """Read which days, both included and in UTC, and which page."""
    try:
        first, last = (date.fromisoformat(query.get(name, "")) for name in ("from", "to"))
        page, per_page = int(query.get("page", "1")), int(query.get("per_page", "50"))
        since, until = _midnight(first), _midnight(last + timedelta(days=1))
        is_page = 1 <= page <= MAX_PAGE and 1 <= per_page <= MAX_PER_PAGE
    except (ValueError, OverflowError):
        is_page, since, until, page, per_page = False, 0, 0, 1, 1
    text = f"from, to: YYYY-MM-DD; page: from 1; per_page: {MAX_PER_PAGE} at most"
    fault = None if is_page else Refusal(RefusalReason.PARAMETER_INVALID, "from", text)
    return InboundQuery(caller=caller, fault=fault, since=since, until=until, page=page, per_page=per_page)


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
