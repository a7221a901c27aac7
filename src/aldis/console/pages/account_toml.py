"""An account as TOML, for people who keep files: it can be copied, and written over."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from aldis import toml_file
from aldis.accounts.as_toml import written
from aldis.accounts.directory_export import account_document
from aldis.accounts.directory_file import AccountEntry
from aldis.accounts.staff import Role
from aldis.admin import query_params
from aldis.admin.directory_views import AccountView
from aldis.console.page import Page, RequestContext, render, see_other
from aldis.errors import AdminError, SettingsError

_ELSEWHERE = ("credit", "credential")


async def _show(context: RequestContext) -> Response:
    view = await context.services.directory.account(context.part("name"))
    return _page(context, view, _text_of(view.entry), str(view.version))


async def _save(context: RequestContext) -> Response:
    name = context.part("name")
    view = await context.services.directory.account(name)
    text, version = context.form.get("toml", ""), context.form.get("version", "")
    try:
        data = _document(text)
        if data.get("name", name) != name:
            return _page(context, view, text, version, AdminError("an account keeps its name"))
        based_on = query_params.number(context.form, "version", -1)
        await context.services.directory.put_account(
            context.actor, {**data, "name": name}, based_on, context.now
        )
    except AdminError as fault:
        return _page(context, view, text, version, fault)
    return see_other(f"/accounts/{quote(name)}?done=saved")


def _page(
    context: RequestContext, view: AccountView, text: str, version: str, fault: AdminError | None = None
) -> Response:
    return render(
        context,
        "account_toml.html",
        status=200 if fault is None else fault.status,
        name=view.entry.name,
        toml=text,
        version=version,
        fault="" if fault is None else str(fault),
        action=f"/accounts/{quote(view.entry.name)}",
    )


def _text_of(entry: AccountEntry) -> str:
    """Write an account without what has its default, its credit and its credentials."""
    document = account_document(entry)
    return written({key: value for key, value in document.items() if key not in _ELSEWHERE}, "account")


def _document(text: str) -> dict[str, object]:
    """Read the one account of a text. Raises AdminError."""
    try:
        found = toml_file.parse(text, "this")
    except SettingsError as fault:
        raise AdminError("; ".join(fault.problems)) from None
    accounts = found.get("account")
    if set(found) != {"account"} or not isinstance(accounts, list) or len(accounts) != 1:
        raise AdminError("write one [[account]] and nothing else")
    return dict(accounts[0])


PAGES = (
    Page("/accounts/{name}/toml", _show),
    Page("/accounts/{name}/toml", _save, Role.ADMIN, ("POST",)),
)
