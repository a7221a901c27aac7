"""An account as TOML, for people who keep files: it can be copied, and written over."""

from __future__ import annotations

from urllib.parse import quote

import msgspec
from starlette.responses import Response

from aldis import toml_file
from aldis.accounts.directory_file import AccountEntry
from aldis.accounts.senders import Sender
from aldis.accounts.staff import Role
from aldis.console.as_toml import written
from aldis.console.page import Page, Visit, render, see_other
from aldis.errors import OperatingError, SettingsError
from aldis.operating.directory import AccountView

_ELSEWHERE = ("credit", "credential")


async def _show(visit: Visit) -> Response:
    view = await visit.desk.directory.account(visit.request.path_params["name"])
    return _page(visit, view, _text_of(view.entry), str(view.version))


async def _save(visit: Visit) -> Response:
    name = visit.request.path_params["name"]
    view = await visit.desk.directory.account(name)
    text, version = visit.form.get("toml", ""), visit.form.get("version", "")
    try:
        data = _document(text)
        if data.get("name", name) != name:
            return _page(visit, view, text, version, OperatingError("an account keeps its name"))
        based_on = int(version) if version.isdecimal() else -1
        await visit.desk.directory.put_account(
            visit.actor, {**data, "name": name}, based_on, visit.desk.clock.now()
        )
    except OperatingError as fault:
        return _page(visit, view, text, version, fault)
    return see_other(f"/accounts/{quote(name)}?done=saved")


def _page(
    visit: Visit, view: AccountView, text: str, version: str, fault: OperatingError | None = None
) -> Response:
    return render(
        visit,
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
    usual, usual_sender = msgspec.to_builtins(AccountEntry("")), msgspec.structs.asdict(Sender(""))
    document = {
        key: value
        for key, value in msgspec.to_builtins(entry).items()
        if key not in _ELSEWHERE and value != usual[key]
    }
    if entry.sender:
        senders = [msgspec.structs.asdict(sender) for sender in entry.sender]
        document["sender"] = [{k: v for k, v in sender.items() if v != usual_sender[k]} for sender in senders]
    return written(document, "account")


def _document(text: str) -> dict[str, object]:
    """Read the one account of a text. Raises OperatingError."""
    try:
        found = toml_file.parse(text, "this")
    except SettingsError as fault:
        raise OperatingError("; ".join(fault.problems)) from None
    accounts = found.get("account")
    if set(found) != {"account"} or not isinstance(accounts, list) or len(accounts) != 1:
        raise OperatingError("write one [[account]] and nothing else")
    return dict(accounts[0])


PAGES = (
    Page("/accounts/{name}/toml", _show),
    Page("/accounts/{name}/toml", _save, Role.ADMIN, ("POST",)),
)
