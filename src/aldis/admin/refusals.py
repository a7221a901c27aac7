"""Refused requests, for whoever looks: console, admin API and command line."""

from __future__ import annotations

from aldis.accounts.directory import CurrentDirectory
from aldis.errors import AdminError
from aldis.store.contract.refusals import RefusalPage, RefusalStore

#: asks for those that came with nobody's credential
NOBODY = "-"


async def latest(
    store: RefusalStore, current: CurrentDirectory, account: str, before: int, limit: int
) -> RefusalPage:
    """Give a page of them, newest first: of an account, of NOBODY, or all (""). Raises AdminError."""
    if account not in ("", NOBODY) and account not in current.directory.accounts:
        raise AdminError(f"there is no account `{account}`")
    whose = "" if account == NOBODY else account or None
    return await store.latest(whose, before, limit)
