"""Routes, prices and number ranges as tables that are edited in place, and carriers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from aldis.accounts.carriers import Carrier
from aldis.accounts.number_plans import VERSION
from aldis.accounts.records import CARRIER, TABLES
from aldis.accounts.staff import Role
from aldis.admin import query_params
from aldis.admin.history import newest_seen
from aldis.console.account_form import in_order
from aldis.console.page import Page, RequestContext, fault_values, render, see_other
from aldis.errors import AdminError
from aldis.sms.address import is_digits

CHANGES_SHOWN = 8
#: empty rows below a table, for what is to be added
SPARE_ROWS = 2
MAX_ROWS = 2000
#: carriers that are proposed while one writes
MAX_PROPOSED = 1000
CARRIERS_SHOWN = 300
ROUTE_FIELDS = ("link", "carrier", "sender", "country", "backups")
PRICE_FIELDS = ("per_segment", "per_message", "carrier", "country")
RANGE_FIELDS = ("country", "begins", "length")
_DONE = {"saved": "Saved. The next message takes it.", "removed": "The carrier is gone."}
Rows = list[dict[str, str]]


async def _save_routes(context: RequestContext) -> Response:
    rows = _rows(context.form, ROUTE_FIELDS)
    data = [{**row, "backups": row["backups"].replace(",", " ").split()} for row in rows]
    try:
        await context.services.directory.put_routes(context.actor, data, _version(context), context.now)
    except AdminError as fault:
        return await _tables(context, routes=rows, fault=fault)
    return see_other("/routes?done=saved")


async def _save_prices(context: RequestContext) -> Response:
    rows = _rows(context.form, PRICE_FIELDS)
    data = [_price(row) for row in rows]
    try:
        await context.services.directory.put_prices(context.actor, data, _version(context), context.now)
    except AdminError as fault:
        return await _tables(context, prices=rows, fault=fault)
    return see_other("/routes?done=saved")


async def _save_ranges(context: RequestContext) -> Response:
    rows = _rows(context.form, RANGE_FIELDS)
    data = [{**row, "length": int(row["length"]) if is_digits(row["length"]) else 0} for row in rows]
    try:
        await context.services.directory.put_number_ranges(
            context.actor, data, _version(context), context.now
        )
    except AdminError as fault:
        return await _tables(context, ranges=rows, fault=fault)
    return see_other("/routes?done=saved")


def _price(row: dict[str, str]) -> dict[str, str]:
    """Read a row: what is filled in tells what it prices."""
    amounts = {name: row[name].replace(",", ".") for name in ("per_segment", "per_message")}
    is_mms = bool(amounts["per_message"]) and not amounts["per_segment"]
    return {**row, **amounts, "content": "mms" if is_mms else "sms"}


async def _tables(
    context: RequestContext,
    routes: Rows | None = None,
    prices: Rows | None = None,
    ranges: Rows | None = None,
    fault: AdminError | None = None,
) -> Response:
    """Write the page; `routes`, `prices` or `ranges`: as they were filled in, with a fault."""
    directory = context.services.directory
    kept_routes, kept_prices = await directory.routes(), await directory.prices()
    kept_ranges = await directory.number_ranges()
    changes = await context.services.history.newest(TABLES, "", CHANGES_SHOWN)
    known = [view.name for view in await context.services.links.links()]
    given, said = context.form.get("version", ""), fault_values(fault)
    return render(
        context,
        "routes.html",
        routes=_written(kept_routes.routes, ROUTE_FIELDS) if routes is None else routes,
        prices=_written(kept_prices.prices, PRICE_FIELDS) if prices is None else prices,
        ranges=_written(kept_ranges.number_ranges, RANGE_FIELDS) if ranges is None else ranges,
        range_version=kept_ranges.version if ranges is None else given,
        range_faults=said["faults"] if ranges is not None else {},
        route_version=kept_routes.version if routes is None else given,
        price_version=kept_prices.version if prices is None else given,
        route_faults=said["faults"] if routes is not None else {},
        price_faults=said["faults"] if prices is not None else {},
        **said,
        done=_DONE.get(context.query("done"), ""),
        plans=VERSION,
        links=known,
        carriers=[view.carrier.name for view in (await directory.carriers())[:MAX_PROPOSED]],
        spare=SPARE_ROWS,
        changes=changes,
        seen=newest_seen(changes),
    )


async def _carriers(context: RequestContext) -> Response:
    wanted = context.query("q").strip().lower()
    found = [view.carrier for view in await context.services.directory.carriers()]
    matching = [each for each in found if not wanted or _matches(each, wanted)]
    return render(
        context,
        "carriers.html",
        carriers=matching[:CARRIERS_SHOWN],
        more=len(matching) - CARRIERS_SHOWN,
        in_all=len(found),
        q=context.query("q"),
        done=_DONE.get(context.query("done"), ""),
    )


async def _new_carrier(context: RequestContext) -> Response:
    if context.request.method == "GET":
        return await _carrier_form(context, "", _filled(Carrier("")), None)
    try:
        data = _read_carrier(context.form, context.form.get("name", "").strip())
        await context.services.directory.put_carrier(context.actor, data, None, context.now)
    except AdminError as fault:
        return await _carrier_form(context, "", context.form, None, fault)
    return see_other(f"/carriers/{quote(context.form.get('name', '').strip())}?done=saved")


async def _carrier(context: RequestContext) -> Response:
    view = await context.services.directory.carrier(context.part("name"))
    return await _carrier_form(context, view.carrier.name, _filled(view.carrier), view.version)


async def _save_carrier(context: RequestContext) -> Response:
    name, version = context.part("name"), _version(context)
    try:
        data = _read_carrier(context.form, name)
        await context.services.directory.put_carrier(context.actor, data, version, context.now)
    except AdminError as fault:
        return await _carrier_form(context, name, context.form, version, fault)
    return see_other(f"/carriers/{quote(name)}?done=saved")


async def _remove_carrier(context: RequestContext) -> Response:
    name = context.part("name")
    await context.services.directory.remove_carrier(context.actor, name, _version(context), context.now)
    return see_other("/carriers?done=removed")


async def _carrier_form(
    context: RequestContext,
    name: str,
    values: Mapping[str, str],
    version: int | None,
    fault: AdminError | None = None,
) -> Response:
    changes = await context.services.history.changes(CARRIER, name, 0, CHANGES_SHOWN) if name else []
    return render(
        context,
        "carrier.html",
        name=name,
        values=values,
        version="" if version is None else version,
        dialects=in_order(values, "aliases"),
        **fault_values(fault),
        done=_DONE.get(context.query("done"), ""),
        action=f"/carriers/{quote(name)}" if name else "/new-carrier",
        changes=changes,
        seen=newest_seen(changes),
    )


def _filled(carrier: Carrier) -> dict[str, str]:
    values = {f"aliases.{dialect}": ", ".join(codes) for dialect, codes in carrier.aliases.items()}
    return {
        **values,
        "name": carrier.name,
        "country": carrier.country,
        "prefixes": " ".join(carrier.prefixes),
    }


def _read_carrier(form: Mapping[str, str], name: str) -> dict[str, Any]:
    codes = {d: form.get(f"aliases.{d}", "").replace(",", " ").split() for d in in_order(form, "aliases")}
    return {
        "name": name,
        "country": form.get("country", "").strip().upper(),
        "aliases": {dialect: found for dialect, found in codes.items() if found},
        "prefixes": form.get("prefixes", "").replace(",", " ").split(),
    }


def _matches(carrier: Carrier, wanted: str) -> bool:
    words = (
        carrier.name,
        carrier.country,
        *carrier.prefixes,
        *(c for codes in carrier.aliases.values() for c in codes),
    )
    return any(wanted in word.lower() for word in words)


def _rows(form: Mapping[str, str], fields: Sequence[str]) -> Rows:
    """Read a table's rows in the order of their places; rows that are empty or ticked to go are left out."""
    found: list[tuple[float, int, dict[str, str]]] = []
    for index in range(MAX_ROWS):
        if f"{index}.{fields[0]}" not in form:
            break
        row = {name: form.get(f"{index}.{name}", "").strip() for name in fields}
        if "country" in row:
            row["country"] = row["country"].upper()
        if any(row.values()) and not form.get(f"{index}.remove"):
            found.append((_place(form.get(f"{index}.place", "")), index, row))
    return [row for _, _, row in sorted(found, key=lambda each: each[:2])]


def _place(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("inf")


def _written(records: Sequence[msgspec.Struct], fields: Sequence[str]) -> Rows:
    values = [[getattr(record, name) for name in fields] for record in records]
    return [
        {
            name: ", ".join(value) if isinstance(value, tuple) else value
            for name, value in zip(fields, row, strict=True)
        }
        for row in values
    ]


def _version(context: RequestContext) -> int:
    return query_params.number(context.form, "version", -1)


PAGES = (
    Page("/routes", _tables),
    Page("/routes", _save_routes, Role.ADMIN, ("POST",)),
    Page("/prices", _save_prices, Role.ADMIN, ("POST",)),
    Page("/number-ranges", _save_ranges, Role.ADMIN, ("POST",)),
    Page("/carriers", _carriers),
    Page("/new-carrier", _new_carrier, Role.ADMIN, ("GET", "POST")),
    Page("/carriers/{name}", _carrier),
    Page("/carriers/{name}", _save_carrier, Role.ADMIN, ("POST",)),
    Page("/carriers/{name}/remove", _remove_carrier, Role.ADMIN, ("POST",)),
)
