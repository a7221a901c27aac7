"""`/v1/accounts`, `/v1/carriers`, `/v1/routes`, `/v1/prices`: the directory as JSON.

What is to be changed comes in an envelope with the version that it was based on; none means that it is to be
new.
"""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from aldis.accounts.carriers import Carrier
from aldis.accounts.directory_file import PriceEntry
from aldis.accounts.price import from_micros
from aldis.accounts.routes import Route
from aldis.accounts.staff import Role
from aldis.console.api.documents import Done, answer, body_of, now_of, page_of, path_of
from aldis.console.page import Call, Page, Visit
from aldis.errors import OperatingError
from aldis.operating.credentials import HOUR_S, NewCredential, Shown, shown
from aldis.operating.directory import AccountView, CarrierView

_ELSEWHERE = ("credit", "credential")


class LedgerDocument(msgspec.Struct, frozen=True):
    """Money as decimals in the account's currency."""

    credited: str
    held: str
    spent: str
    available: str


class AccountDocument(msgspec.Struct, frozen=True):
    """An account; what is secret stands as ********."""

    name: str
    version: int
    #: the keys of `[[account]]`, but for credit and credentials
    account: dict[str, Any]
    ledger: LedgerDocument
    credentials: list[Shown]


class Accounts(msgspec.Struct, frozen=True):
    """A page of accounts."""

    accounts: list[AccountDocument]
    next: str | None


class PutAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account as it is to be; with PATCH, what is to be different."""

    account: dict[str, Any]
    version: int | None = None


class TopUp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Money to be added; with a minus, taken back."""

    amount: str


class Rotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long the old key stays valid."""

    grace_hours: int = 24


class Credentials(msgspec.Struct, frozen=True):
    """An account's credentials."""

    credentials: list[Shown]


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
    version: int | None = None


class Versioned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a removal is based on."""

    version: int


class Routes(msgspec.Struct, frozen=True):
    """All routes in their order."""

    version: int
    routes: tuple[Route, ...]


class PutRoutes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All routes as they are to be."""

    routes: list[dict[str, Any]]
    version: int = 0


class Prices(msgspec.Struct, frozen=True):
    """All prices."""

    version: int
    prices: tuple[PriceEntry, ...]


class PutPrices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All prices as they are to be."""

    prices: list[dict[str, Any]]
    version: int = 0


async def _accounts(visit: Visit) -> Response:
    views = await visit.desk.directory.accounts()
    found, following = page_of(visit, views, lambda view: view.entry.name)
    return answer(Accounts([_document(view) for view in found], following))


async def _account(visit: Visit) -> Response:
    return answer(_document(await visit.desk.directory.account(path_of(visit))))


async def _put_account(visit: Visit) -> Response:
    wanted = await body_of(visit, PutAccount)
    return await _kept(visit, wanted.account, wanted.version, 201 if wanted.version is None else 200)


async def _patch_account(visit: Visit) -> Response:
    wanted = await body_of(visit, PutAccount)
    if wanted.version is None:
        raise OperatingError("`version` is missing: say which version this changes")
    known = _document(await visit.desk.directory.account(path_of(visit))).account
    return await _kept(visit, {**known, **wanted.account}, wanted.version, 200)


async def _kept(visit: Visit, data: dict[str, Any], based_on: int | None, status: int) -> Response:
    name = path_of(visit)
    if data.get("name", name) != name:
        raise OperatingError("an account keeps its name: the one of the path")
    await visit.desk.directory.put_account(visit.actor, {**data, "name": name}, based_on, now_of(visit))
    return answer(_document(await visit.desk.directory.account(name)), status)


async def _top_up(visit: Visit) -> Response:
    amount = (await body_of(visit, TopUp)).amount
    await visit.desk.directory.top_up(visit.actor, path_of(visit), amount, now_of(visit))
    return await _account(visit)


async def _credentials(visit: Visit) -> Response:
    view = await visit.desk.directory.account(path_of(visit))
    return answer(Credentials([shown(each) for each in view.record.credentials]))


async def _add_credential(visit: Visit) -> Response:
    wish = await body_of(visit, NewCredential)
    told = await visit.desk.credentials.add(visit.actor, path_of(visit), wish, now_of(visit))
    return answer(told, 201)


async def _rotate(visit: Visit) -> Response:
    grace_s = (await body_of(visit, Rotation)).grace_hours * HOUR_S
    told = await visit.desk.credentials.rotate(
        visit.actor, path_of(visit), path_of(visit, "credential"), grace_s, now_of(visit)
    )
    return answer(told)


async def _revoke(visit: Visit) -> Response:
    await visit.desk.credentials.revoke(
        visit.actor, path_of(visit), path_of(visit, "credential"), now_of(visit)
    )
    return answer(Done())


async def _carriers(visit: Visit) -> Response:
    views = await visit.desk.directory.carriers()
    found, following = page_of(visit, views, lambda view: view.carrier.name)
    return answer(Carriers([_carrier_document(view) for view in found], following))


async def _carrier(visit: Visit) -> Response:
    return answer(_carrier_document(await visit.desk.directory.carrier(path_of(visit))))


async def _put_carrier(visit: Visit) -> Response:
    wanted, name = await body_of(visit, PutCarrier), path_of(visit)
    if wanted.carrier.get("name", name) != name:
        raise OperatingError("a carrier keeps its name: the one of the path")
    data = {**wanted.carrier, "name": name}
    await visit.desk.directory.put_carrier(visit.actor, data, wanted.version, now_of(visit))
    view = await visit.desk.directory.carrier(name)
    return answer(_carrier_document(view), 201 if wanted.version is None else 200)


async def _remove_carrier(visit: Visit) -> Response:
    version = (await body_of(visit, Versioned)).version
    await visit.desk.directory.remove_carrier(visit.actor, path_of(visit), version, now_of(visit))
    return answer(Done())


async def _routes(visit: Visit) -> Response:
    found = await visit.desk.directory.routes()
    return answer(Routes(found.version, found.routes))


async def _put_routes(visit: Visit) -> Response:
    wanted = await body_of(visit, PutRoutes)
    await visit.desk.directory.put_routes(visit.actor, wanted.routes, wanted.version, now_of(visit))
    return await _routes(visit)


async def _prices(visit: Visit) -> Response:
    found = await visit.desk.directory.prices()
    return answer(Prices(found.version, found.prices))


async def _put_prices(visit: Visit) -> Response:
    wanted = await body_of(visit, PutPrices)
    await visit.desk.directory.put_prices(visit.actor, wanted.prices, wanted.version, now_of(visit))
    return await _prices(visit)


def _document(view: AccountView) -> AccountDocument:
    ledger = view.ledger
    amounts = (ledger.credited, ledger.held, ledger.spent, ledger.available)
    account = {k: v for k, v in msgspec.to_builtins(view.entry).items() if k not in _ELSEWHERE}
    return AccountDocument(
        name=view.entry.name,
        version=view.version,
        account=account,
        ledger=LedgerDocument(*map(from_micros, amounts)),
        credentials=[shown(each) for each in view.record.credentials],
    )


def _carrier_document(view: CarrierView) -> CarrierDocument:
    return CarrierDocument(view.carrier.name, view.version, view.carrier)


_ONE = "/v1/accounts/{name}"
PAGES = (
    Page("/v1/accounts", _accounts, call=Call(summary="List accounts", gives=Accounts)),
    Page(_ONE, _account, call=Call(summary="Tell one account", gives=AccountDocument)),
    Page(
        _ONE,
        _put_account,
        Role.ADMIN,
        ("PUT",),
        call=Call(summary="Make or replace an account", takes=PutAccount, gives=AccountDocument, status=0),
    ),
    Page(
        _ONE,
        _patch_account,
        Role.ADMIN,
        ("PATCH",),
        call=Call(summary="Change parts of an account", gives=AccountDocument),
    ),
    Page(
        _ONE + "/credit",
        _top_up,
        Role.ADMIN,
        ("POST",),
        call=Call(summary="Add money, or with a minus take some back", takes=TopUp, status=0),
    ),
    Page(
        _ONE + "/credentials",
        _credentials,
        call=Call(summary="Credentials of an account, without their secrets", gives=Credentials),
    ),
    Page(
        _ONE + "/credentials",
        _add_credential,
        Role.ADMIN,
        ("POST",),
        call=Call(summary="Add a credential; its secret is told once", status=0),
    ),
    Page(
        _ONE + "/credentials/{credential}",
        _revoke,
        Role.ADMIN,
        ("DELETE",),
        call=Call(summary="Take a credential back", status=0),
    ),
    Page(
        _ONE + "/credentials/{credential}/rotate",
        _rotate,
        Role.ADMIN,
        ("POST",),
        call=Call(summary="Give a credential a new secret; it is told once", takes=Rotation, status=0),
    ),
    Page("/v1/carriers", _carriers, call=Call(summary="List carriers", gives=Carriers)),
    Page("/v1/carriers/{name}", _carrier, call=Call(summary="Tell one carrier", gives=CarrierDocument)),
    Page(
        "/v1/carriers/{name}",
        _put_carrier,
        Role.ADMIN,
        ("PUT",),
        call=Call(summary="Make or replace a carrier", takes=PutCarrier, gives=CarrierDocument, status=0),
    ),
    Page(
        "/v1/carriers/{name}",
        _remove_carrier,
        Role.ADMIN,
        ("DELETE",),
        call=Call(summary="Forget a carrier", takes=Versioned, status=0),
    ),
    Page("/v1/routes", _routes, call=Call(summary="All routes, in their order", gives=Routes)),
    Page(
        "/v1/routes",
        _put_routes,
        Role.ADMIN,
        ("PUT",),
        call=Call(summary="Replace all routes", takes=PutRoutes, gives=Routes),
    ),
    Page("/v1/prices", _prices, call=Call(summary="All prices", gives=Prices)),
    Page(
        "/v1/prices",
        _put_prices,
        Role.ADMIN,
        ("PUT",),
        call=Call(summary="Replace all prices", takes=PutPrices, gives=Prices),
    ),
)
