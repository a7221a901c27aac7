"""Accounts: the list, one account's form, its credentials and its credit."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from starlette.responses import Response

from aldis.accounts.directory_file import AccountEntry
from aldis.accounts.records import ACCOUNT, CREDIT
from aldis.accounts.staff import Role
from aldis.admin import query_params
from aldis.admin.credentials import HOUR_S, IssuedCredential, NewCredential, shown
from aldis.admin.directory_views import AccountView
from aldis.admin.history import newest_seen
from aldis.admin.validation import ValidationError
from aldis.console import account_form
from aldis.console.page import Page, RequestContext, fault_values, render, see_other
from aldis.dialects.registry import TRAITS
from aldis.errors import AdminError

ACCOUNTS_SHOWN = 300
CHANGES_SHOWN = 10
_STYLES = {name: traits.styles for name, traits in TRAITS.items()}
_DONE = {
    "saved": "Saved. The next message takes it.",
    "revoked": "The credential is not valid any more.",
    "paid": "The credit is changed.",
}


async def _accounts(context: RequestContext) -> Response:
    wanted = context.query("q").strip()
    found = await context.services.directory.accounts()
    matching = [view for view in found if not wanted or _matches(view, wanted.lower())]
    return render(
        context,
        "accounts.html",
        accounts=matching[:ACCOUNTS_SHOWN],
        more=len(matching) - ACCOUNTS_SHOWN,
        in_all=len(found),
        q=wanted,
    )


async def _new(context: RequestContext) -> Response:
    if context.request.method == "GET":
        return await _form(context, None, account_form.filled(AccountEntry("")))
    try:
        await context.services.directory.put_account(
            context.actor, account_form.read(context.form), None, context.now
        )
    except AdminError as fault:
        return await _form(context, None, {"name": "", **account_form.without_gaps(context.form)}, fault)
    return see_other(f"/accounts/{quote(context.form.get('name', '').strip())}?done=saved")


async def _account(context: RequestContext) -> Response:
    view = await context.services.directory.account(context.part("name"))
    return await _form(context, view, account_form.filled(view.entry))


async def _save(context: RequestContext) -> Response:
    name = context.part("name")
    view = await context.services.directory.account(name)
    data = {**account_form.read(context.form), "name": name}
    try:
        based_on = query_params.number(context.form, "version", -1)
        await context.services.directory.put_account(context.actor, data, based_on, context.now)
    except AdminError as fault:
        values = account_form.without_gaps(context.form)
        return await _form(context, view, {**values, "name": name}, fault)
    return _to(name, "saved")


async def _top_up(context: RequestContext) -> Response:
    name, amount = context.part("name"), context.form.get("amount", "").strip().replace(",", ".")
    try:
        await context.services.directory.top_up(context.actor, name, amount, context.now)
    except ValidationError as fault:
        view = await context.services.directory.account(name)
        return await _form(context, view, account_form.filled(view.entry), fault)
    return _to(name, "paid")


async def _add_credential(context: RequestContext) -> Response:
    name, form = context.part("name"), context.form
    wish = NewCredential(
        dialect=form.get("dialect", ""),
        login=form.get("login", "").strip(),
        country=form.get("country", "").strip().upper(),
        until=form.get("until", "").strip(),
        signed=bool(form.get("signed")),
    )
    return await _tell(
        context, name, await context.services.credentials.add(context.actor, name, wish, context.now)
    )


async def _rotate(context: RequestContext) -> Response:
    name, credential = context.part("name"), context.part("credential")
    grace_s = query_params.number(context.form, "hours") * HOUR_S
    told = await context.services.credentials.rotate(context.actor, name, credential, grace_s, context.now)
    return await _tell(context, name, told)


async def _revoke(context: RequestContext) -> Response:
    name = context.part("name")
    credential = context.part("credential")
    await context.services.credentials.revoke(context.actor, name, credential, context.now)
    return _to(name, "revoked")


async def _tell(context: RequestContext, name: str, told: IssuedCredential) -> Response:
    """Show what was made, this once."""
    view = await context.services.directory.account(name)
    facts = [("Key", told.key), ("Secret to sign with", told.secret), ("Password", told.password)]
    shown_once = [(word, value) for word, value in facts if value]
    return await _form(context, view, account_form.filled(view.entry), told=shown_once)


async def _form(
    context: RequestContext,
    view: AccountView | None,
    values: Mapping[str, str],
    fault: AdminError | None = None,
    told: list[tuple[str, str]] | None = None,
) -> Response:
    """Write the page of an account, or of one that is to be made (`view` None)."""
    name = "" if view is None else view.entry.name
    kinds = (ACCOUNT, CREDIT) if view else ()
    changes = await context.services.history.newest(kinds, name, CHANGES_SHOWN)
    return render(
        context,
        "account.html",
        view=view,
        values=account_form.with_spare_sender(values),
        **fault_values(fault),
        done=_DONE.get(context.query("done"), ""),
        told=told or [],
        action=f"/accounts/{quote(name)}" if view else "/new-account",
        version=values.get("version") or ("" if view is None else view.version),
        fieldsets=account_form.fieldsets(),
        dialects=account_form.DIALECTS,
        order=account_form.in_order,
        styles=_STYLES,
        senders=range(account_form.senders_in(values).stop + 1),
        credentials=[] if view is None else [shown(each) for each in view.record.credentials],
        changes=changes,
        seen=newest_seen(changes),
    )


def _matches(view: AccountView, wanted: str) -> bool:
    return any(wanted in word.lower() for word in (view.entry.name, *(s.value for s in view.entry.sender)))


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
