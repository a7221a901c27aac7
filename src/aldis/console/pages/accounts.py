"""Accounts: the list, one account's form, its credentials and its credit."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from starlette.responses import Response

from aldis.accounts.directory_file import AccountEntry
from aldis.accounts.records import ACCOUNT, CREDIT
from aldis.accounts.staff import Role
from aldis.console import account_form
from aldis.console.page import Page, Visit, render, see_other
from aldis.dialects.registry import TRAITS
from aldis.errors import OperatingError
from aldis.operating.credentials import HOUR_S, NewCredential, Told, shown
from aldis.operating.directory import AccountView
from aldis.operating.faults import FaultyRecord
from aldis.operating.history import newest_seen

ACCOUNTS_SHOWN = 300
CHANGES_SHOWN = 10
_STYLES = {name: traits.styles for name, traits in TRAITS.items()}
_DONE = {
    "saved": "Saved. The next message takes it.",
    "revoked": "The credential is not valid any more.",
    "paid": "The credit is changed.",
}


async def _accounts(visit: Visit) -> Response:
    wanted = visit.query("q").strip()
    found = await visit.desk.directory.accounts()
    matching = [view for view in found if not wanted or _matches(view, wanted.lower())]
    return render(
        visit,
        "accounts.html",
        accounts=matching[:ACCOUNTS_SHOWN],
        more=len(matching) - ACCOUNTS_SHOWN,
        in_all=len(found),
        q=wanted,
    )


async def _new(visit: Visit) -> Response:
    if visit.request.method == "GET":
        return await _form(visit, None, account_form.filled(AccountEntry("")))
    try:
        await visit.desk.directory.put_account(
            visit.actor, account_form.read(visit.form), None, visit.desk.clock.now()
        )
    except OperatingError as fault:
        return await _form(visit, None, account_form.without_gaps(visit.form), fault)
    return see_other(f"/accounts/{quote(visit.form.get('name', '').strip())}?done=saved")


async def _account(visit: Visit) -> Response:
    view = await visit.desk.directory.account(_name(visit))
    return await _form(visit, view, account_form.filled(view.entry))


async def _save(visit: Visit) -> Response:
    name = _name(visit)
    view = await visit.desk.directory.account(name)
    data = {**account_form.read(visit.form), "name": name}
    version = visit.form.get("version", "")
    try:
        based_on = int(version) if version.isdecimal() else -1
        await visit.desk.directory.put_account(visit.actor, data, based_on, visit.desk.clock.now())
    except OperatingError as fault:
        values = account_form.without_gaps(visit.form)
        return await _form(visit, view, {**values, "name": name}, fault)
    return _to(name, "saved")


async def _top_up(visit: Visit) -> Response:
    name, amount = _name(visit), visit.form.get("amount", "").strip().replace(",", ".")
    try:
        await visit.desk.directory.top_up(visit.actor, name, amount, visit.desk.clock.now())
    except FaultyRecord as fault:
        view = await visit.desk.directory.account(name)
        return await _form(visit, view, account_form.filled(view.entry), fault)
    return _to(name, "paid")


async def _add_credential(visit: Visit) -> Response:
    name, form = _name(visit), visit.form
    wish = NewCredential(
        dialect=form.get("dialect", ""),
        login=form.get("login", "").strip(),
        country=form.get("country", "").strip().upper(),
        until=form.get("until", "").strip(),
        signed=bool(form.get("signed")),
    )
    return await _tell(visit, name, await visit.desk.credentials.add(visit.actor, name, wish, _now(visit)))


async def _rotate(visit: Visit) -> Response:
    name, hours = _name(visit), visit.form.get("hours", "0").strip()
    if not hours.isdecimal():
        raise OperatingError(f"`{hours}` is no number of hours")
    told = await visit.desk.credentials.rotate(
        visit.actor, name, visit.request.path_params["credential"], int(hours) * HOUR_S, _now(visit)
    )
    return await _tell(visit, name, told)


async def _revoke(visit: Visit) -> Response:
    name = _name(visit)
    credential = visit.request.path_params["credential"]
    await visit.desk.credentials.revoke(visit.actor, name, credential, _now(visit))
    return _to(name, "revoked")


async def _tell(visit: Visit, name: str, told: Told) -> Response:
    """Show what was made, this once."""
    view = await visit.desk.directory.account(name)
    facts = [("Key", told.key), ("Secret to sign with", told.secret), ("Password", told.password)]
    shown_once = [(word, value) for word, value in facts if value]
    return await _form(visit, view, account_form.filled(view.entry), told=shown_once)


async def _form(
    visit: Visit,
    view: AccountView | None,
    values: Mapping[str, str],
    fault: OperatingError | None = None,
    told: list[tuple[str, str]] | None = None,
) -> Response:
    """Write the page of an account, or of one that is to be made (`view` None)."""
    name = "" if view is None else view.entry.name
    faults = dict(fault.faults) if isinstance(fault, FaultyRecord) else {}
    history = visit.desk.history
    changes = await history.changes(ACCOUNT, name, 0, CHANGES_SHOWN) if view else []
    changes += await history.changes(CREDIT, name, 0, CHANGES_SHOWN) if view else []
    changes.sort(key=lambda each: each.change.change_id, reverse=True)
    said = "" if fault is None else faults.pop("", "Mend what is marked below." if faults else str(fault))
    return render(
        visit,
        "account.html",
        status=200 if fault is None else fault.status,
        view=view,
        values=account_form.with_spare_sender(values),
        faults={path: account_form.in_words(words) for path, words in faults.items()},
        fault=said,
        done=_DONE.get(visit.query("done"), ""),
        told=told or [],
        action=f"/accounts/{quote(name)}" if view else "/new-account",
        version=values.get("version") or ("" if view is None else view.version),
        fieldsets=account_form.fieldsets(),
        dialects=account_form.DIALECTS,
        order=account_form.in_order,
        styles=_STYLES,
        senders=range(account_form.senders_in(values).stop + 1),
        credentials=[] if view is None else [shown(each) for each in view.record.credentials],
        changes=changes[:CHANGES_SHOWN],
        seen=newest_seen(changes),
    )


def _matches(view: AccountView, wanted: str) -> bool:
    return any(wanted in word.lower() for word in (view.entry.name, *(s.value for s in view.entry.sender)))


def _name(visit: Visit) -> str:
    return str(visit.request.path_params["name"])


def _now(visit: Visit) -> int:
    return visit.desk.clock.now()


def _to(name: str, done: str) -> Response:
    return see_other(f"/accounts/{quote(name)}?done={done}")


_ONE = "/accounts/{name}"
PAGES = (
    Page("/accounts", _accounts),
    Page("/new-account", _new, Role.ADMIN, ("GET", "POST")),
    Page(_ONE, _account),
    Page(_ONE, _save, Role.ADMIN, ("POST",)),
    Page(_ONE + "/credit", _top_up, Role.ADMIN, ("POST",)),
    Page(_ONE + "/credentials", _add_credential, Role.ADMIN, ("POST",)),
    Page(_ONE + "/credentials/{credential}/rotate", _rotate, Role.ADMIN, ("POST",)),
    Page(_ONE + "/credentials/{credential}/revoke", _revoke, Role.ADMIN, ("POST",)),
)
