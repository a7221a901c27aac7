"""The directory of several cells: changed in one, the same in all; an account is served in its own."""

from __future__ import annotations

from collections.abc import Awaitable

import msgspec

from aldis.accounts.account import Account
from aldis.accounts.directory import Directory
from aldis.accounts.history import Change
from aldis.accounts.plan import Stored
from aldis.errors import AdminError
from aldis.stages.cells.other_stores import CellNames
from aldis.stages.cells.spreading import Spreader
from aldis.store.contract.directory import Carrying, ChangeStore, DirectoryStore
from aldis.store.contract.queries import Balance


class CellDirectory:
    """Implements `DirectoryStore`: accounts of other cells may not send here, whoever sends for them."""

    def __init__(self, directory: DirectoryStore, names: CellNames) -> None:
        self._directory = directory
        self._names = names
        #: by account, as it was loaded last
        self.cells: dict[int, str] = {}

    def version(self) -> Awaitable[int]:
        return self._directory.version()

    async def load(self) -> Directory:
        loaded = await self._directory.load()
        accounts = {name: self._served(account) for name, account in loaded.accounts.items()}
        by_id = {account.account_id: account for account in accounts.values()}
        self.cells = {account.account_id: self._cell_of(account) for account in accounts.values()}
        return msgspec.structs.replace(loaded, accounts=accounts, accounts_by_id=by_id)

    def _served(self, account: Account) -> Account:
        is_ours = self._cell_of(account) == self._names.own
        return account if is_ours else msgspec.structs.replace(account, may_send=False)

    def _cell_of(self, account: Account) -> str:
        return account.cell or self._names.home


class CellChanges:
    """Implements `ChangeStore`: refuses changes where the directory is not changed, and has all cells know
    each before it is told to be done.
    """

    def __init__(self, changes: ChangeStore, names: CellNames, spreader: Spreader) -> None:
        self._changes = changes
        self._names = names
        self._spreader = spreader

    def stored(self) -> Awaitable[Stored]:
        return self._changes.stored()

    def balances(self) -> Awaitable[dict[str, Balance]]:
        return self._changes.balances()

    def history(self, kind: str, key: str, before: int, limit: int) -> Awaitable[list[Change]]:
        return self._changes.history(kind, key, before, limit)

    def find(self, change_id: int) -> Awaitable[Change | None]:
        return self._changes.find(change_id)

    async def carry_out(self, item: Carrying) -> bool:
        """Carry it out here, then in all cells. Raises AdminError where the directory is another cell's;
        CellPending: it is done here, and will be in all.
        """
        if self._names.own != self._names.home:
            raise AdminError(f"the directory is changed in cell `{self._names.home}`: do it there", 409)
        is_done = await self._changes.carry_out(item)
        if is_done:
            await self._spreader.spread()
        return is_done
