"""`/v1/accounts`, `/v1/carriers`, `/v1/routes`, `/v1/prices`, `/v1/number-ranges`: the directory as JSON.

What is to be changed comes in an envelope with the version that it was based on; none means that it is to be
new.
"""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from aldis.accounts.carriers import Carrier
from aldis.accounts.directory_file import PriceEntry
from aldis.accounts.number_plans import NumberRange
from aldis.accounts.price import from_micros
from aldis.accounts.routes import Route
from aldis.accounts.staff import Role
from aldis.admin.credentials import HOUR_S, NewCredential, shown
from aldis.admin.directory_views import AccountView, CarrierView
from aldis.clock import iso_or_none
from aldis.console.api.documents import UPWARDS, Done, Number, answer, body_of, page_of
from aldis.console.page import Calls, RequestContext
from aldis.errors import AdminError

_ELSEWHERE = ("credit", "credential")


class LedgerDocument(msgspec.Struct, frozen=True):
    """Money as decimals in the account's currency."""

    credited: str
    held: str
    spent: str
    available: str


class CredentialDocument(msgspec.Struct, frozen=True):
    """A credential as people may see it."""

    #: names it among the account's
    id: str
    dialect: str
    #: `key`, `login`, or `signed key`
    kind: str
    country: str
    #: none: for good
    until: str | None


class AccountDocument(msgspec.Struct, frozen=True):
    """An account; what is secret stands as ********."""

    name: str
    version: int
    #: the keys of `[[account]]`, but for credit and credentials
    account: dict[str, Any]
    ledger: LedgerDocument
    credentials: list[CredentialDocument]


class Accounts(msgspec.Struct, frozen=True):
    """A page of accounts."""

    accounts: list[AccountDocument]
    next: str | None


class PutAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account as it is to be; with PATCH, what is to be different."""

    account: dict[str, Any]
    version: Number | None = None


class TopUp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Money to be added; with a minus, taken back."""

    amount: str


class Rotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long the old key stays valid."""

    grace_hours: int = 24


class CredentialList(msgspec.Struct, frozen=True):
    """An account's credentials."""

    credentials: list[CredentialDocument]


class CarrierDocument(msgspec.Struct, frozen=True):
    """A carrier."""

    name: str
    version: int
    carrier: Carrier


class Carriers(msgspec.Struct, frozen=True):
    """A page of carriers."""

    carriers: list[CarrierDocument]
    next: str | None


class PutCarrier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A carrier as it is to be."""

    carrier: dict[str, Any]
    version: Number | None = None


class Versioned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a removal is based on."""

    version: Number


class Routes(msgspec.Struct, frozen=True):
    """All routes in their order."""

    version: int
    routes: tuple[Route, ...]


class PutRoutes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All routes as they are to be."""

    routes: list[dict[str, Any]]
    version: Number = 0


class Prices(msgspec.Struct, frozen=True):
    """All prices."""

    version: int
    prices: tuple[PriceEntry, ...]


class PutPrices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All prices as they are to be."""

    prices: list[dict[str, Any]]
    version: Number = 0


class NumberRangeList(msgspec.Struct, frozen=True):
    """All ranges of numbers that the directory adds."""

    version: int
    number_ranges: tuple[NumberRange, ...]


class PutNumberRanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All ranges of numbers as they are to be."""

    number_ranges: list[dict[str, Any]]
    version: Number = 0


CALLS = Calls()
_ONE = "/v1/accounts/{name}"


@CALLS.add("GET", "/v1/accounts", "List accounts", gives=Accounts, query=UPWARDS)
async def _accounts(context: RequestContext) -> Response:
    views = await context.services.directory.accounts()
    found, following = page_of(context, views, lambda view: view.entry.name)
    return answer(Accounts([_document(view) for view in found], following))


@CALLS.add("GET", _ONE, "Tell one account", gives=AccountDocument)
async def _account(context: RequestContext) -> Response:
    return answer(_document(await context.services.directory.account(context.part("name"))))


@CALLS.add(
    "PUT", _ONE, "Make or replace an account", Role.ADMIN, takes=PutAccount, gives=AccountDocument, status=0
)
async def _put_account(context: RequestContext) -> Response:
    wanted = await body_of(context, PutAccount)
    return await _kept(context, wanted.account, wanted.version, 201 if wanted.version is None else 200)


@CALLS.add("PATCH", _ONE, "Change parts of an account", Role.ADMIN, gives=AccountDocument)
async def _patch_account(context: RequestContext) -> Response:
    wanted = await body_of(context, PutAccount)
    if wanted.version is None:
        raise AdminError("`version` is missing: say which version this changes")
    known = _document(await context.services.directory.account(context.part("name"))).account
    return await _kept(context, {**known, **wanted.account}, wanted.version, 200)


async def _kept(context: RequestContext, data: dict[str, Any], based_on: int | None, status: int) -> Response:
    name = context.part("name")
    if data.get("name", name) != name:
        raise AdminError("an account keeps its name: the one of the path")
    await context.services.directory.put_account(context.actor, {**data, "name": name}, based_on, context.now)
    return answer(_document(await context.services.directory.account(name)), status)


@CALLS.add(
    "POST", _ONE + "/credit", "Add money, or with a minus take some back", Role.ADMIN, takes=TopUp, status=0
)
async def _top_up(context: RequestContext) -> Response:
    amount = (await body_of(context, TopUp)).amount
    await context.services.directory.top_up(context.actor, context.part("name"), amount, context.now)
    return await _account(context)


@CALLS.add(
    "GET", _ONE + "/credentials", "Credentials of an account, without their secrets", gives=CredentialList
)
async def _credentials(context: RequestContext) -> Response:
    view = await context.services.directory.account(context.part("name"))
    return answer(CredentialList(_credentials_of(view)))


@CALLS.add("POST", _ONE + "/credentials", "Add a credential; its secret is told once", Role.ADMIN, status=0)
async def _add_credential(context: RequestContext) -> Response:
    wish = await body_of(context, NewCredential)
    told = await context.services.credentials.add(context.actor, context.part("name"), wish, context.now)
    return answer(told, 201)


@CALLS.add(
    "POST",
    _ONE + "/credentials/{credential}/rotate",
    "Give a credential a new secret; it is told once",
    Role.ADMIN,
    takes=Rotation,
    status=0,
)
async def _rotate(context: RequestContext) -> Response:
    grace_s = (await body_of(context, Rotation)).grace_hours * HOUR_S
    told = await context.services.credentials.rotate(
        context.actor, context.part("name"), context.part("credential"), grace_s, context.now
    )
    return answer(told)


@CALLS.add("DELETE", _ONE + "/credentials/{credential}", "Take a credential back", Role.ADMIN, status=0)
async def _revoke(context: RequestContext) -> Response:
    await context.services.credentials.revoke(
        context.actor, context.part("name"), context.part("credential"), context.now
    )
    return answer(Done())


@CALLS.add("GET", "/v1/carriers", "List carriers", gives=Carriers, query=UPWARDS)
async def _carriers(context: RequestContext) -> Response:
    views = await context.services.directory.carriers()
    found, following = page_of(context, views, lambda view: view.carrier.name)
    return answer(Carriers([_carrier_document(view) for view in found], following))


@CALLS.add("GET", "/v1/carriers/{name}", "Tell one carrier", gives=CarrierDocument)
async def _carrier(context: RequestContext) -> Response:
    return answer(_carrier_document(await context.services.directory.carrier(context.part("name"))))


@CALLS.add(
    "PUT",
    "/v1/carriers/{name}",
    "Make or replace a carrier",
    Role.ADMIN,
    takes=PutCarrier,
    gives=CarrierDocument,
    status=0,
)
async def _put_carrier(context: RequestContext) -> Response:
    wanted, name = await body_of(context, PutCarrier), context.part("name")
    if wanted.carrier.get("name", name) != name:
        raise AdminError("a carrier keeps its name: the one of the path")
    data = {**wanted.carrier, "name": name}
    await context.services.directory.put_carrier(context.actor, data, wanted.version, context.now)
    view = await context.services.directory.carrier(name)
    return answer(_carrier_document(view), 201 if wanted.version is None else 200)


@CALLS.add("DELETE", "/v1/carriers/{name}", "Forget a carrier", Role.ADMIN, takes=Versioned, status=0)
async def _remove_carrier(context: RequestContext) -> Response:
    version = (await body_of(context, Versioned)).version
    await context.services.directory.remove_carrier(context.actor, context.part("name"), version, context.now)
    return answer(Done())


@CALLS.add("GET", "/v1/routes", "All routes, in their order", gives=Routes)
async def _routes(context: RequestContext) -> Response:
    found = await context.services.directory.routes()
    return answer(Routes(found.version, found.routes))


@CALLS.add("PUT", "/v1/routes", "Replace all routes", Role.ADMIN, takes=PutRoutes, gives=Routes)
async def _put_routes(context: RequestContext) -> Response:
    wanted = await body_of(context, PutRoutes)
    await context.services.directory.put_routes(context.actor, wanted.routes, wanted.version, context.now)
    return await _routes(context)


@CALLS.add("GET", "/v1/prices", "All prices", gives=Prices)
async def _prices(context: RequestContext) -> Response:
    found = await context.services.directory.prices()
    return answer(Prices(found.version, found.prices))


@CALLS.add("PUT", "/v1/prices", "Replace all prices", Role.ADMIN, takes=PutPrices, gives=Prices)
async def _put_prices(context: RequestContext) -> Response:
    wanted = await body_of(context, PutPrices)
    await context.services.directory.put_prices(context.actor, wanted.prices, wanted.version, context.now)
    return await _prices(context)


@CALLS.add("GET", "/v1/number-ranges", "All ranges of numbers that the directory adds", gives=NumberRangeList)
async def _number_ranges(context: RequestContext) -> Response:
    found = await context.services.directory.number_ranges()
    return answer(NumberRangeList(found.version, found.number_ranges))


@CALLS.add(
    "PUT",
    "/v1/number-ranges",
    "Replace all ranges of numbers",
    Role.ADMIN,
    takes=PutNumberRanges,
    gives=NumberRangeList,
)
async def _put_number_ranges(context: RequestContext) -> Response:
    wanted, directory = await body_of(context, PutNumberRanges), context.services.directory
    await directory.put_number_ranges(context.actor, wanted.number_ranges, wanted.version, context.now)
    return await _number_ranges(context)


def _document(view: AccountView) -> AccountDocument:
    balance = view.balance
    amounts = (balance.credited, balance.held, balance.spent, balance.available)
    account = {k: v for k, v in msgspec.to_builtins(view.entry).items() if k not in _ELSEWHERE}
    return AccountDocument(
        name=view.entry.name,
        version=view.version,
        account=account,
        ledger=LedgerDocument(*map(from_micros, amounts)),
        credentials=_credentials_of(view),
    )


def _credentials_of(view: AccountView) -> list[CredentialDocument]:
    found = [shown(each) for each in view.record.credentials]
    return [CredentialDocument(c.id, c.dialect, c.kind, c.country, iso_or_none(c.until)) for c in found]


def _carrier_document(view: CarrierView) -> CarrierDocument:
    return CarrierDocument(view.carrier.name, view.version, view.carrier)
