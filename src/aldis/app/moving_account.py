"""Moves an account from one cell to another."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import NamedTuple

from aldis.accounts.staff import Actor
from aldis.admin.cells import cell_of, place_account
from aldis.admin.directory import DirectoryEditor
from aldis.app.cells import CellAtHome, opened_home, stores_of
from aldis.app.entropy import token
from aldis.app.stores import load_postgresql
from aldis.clock import SystemClock
from aldis.errors import SettingsError
from aldis.settings import Settings
from aldis.store.moving.account import AccountFacts, MovedAway


class _Places(NamedTuple):
    """The databases that it moves between."""

    source: str
    target: str


async def move(
    settings: Settings, account: str, cell: str, actor: Actor, tell: Callable[[str], None]
) -> MovedAway:
    """Move an account to a cell. Raises SettingsError, AdminError, MoveFault, StoreUnavailable; CellPending
    where a cell does not know yet where it is.
    """
    async with opened_home(settings) as home:
        await home.tell_all()  # who cannot be told now could not be told then
        places = await _places(settings, home, account, cell)

        async def switch() -> None:
            """Have all cells know where it is."""
            editor = DirectoryEditor(home.store.changes, home.store.consent)
            await place_account(editor, actor, account, cell, home.store.clock.now())
            await home.tell_all()

        moved: MovedAway = await _opening().move_account(
            *places, account, token(16), switch, tell, SystemClock().monotonic
        )
        return moved


async def abandon(settings: Settings, account: str, cell: str) -> None:
    """Have an account stay that has not left yet. Raises SettingsError, AdminError, StoreUnavailable."""
    async with opened_home(settings) as home:
        places = await _places(settings, home, account, cell)
        await _opening().abandon_account(*places, account, SystemClock().monotonic)


async def look_at(settings: Settings, account: str, cell: str) -> AccountFacts:
    """Tell what there is to move. Raises SettingsError, AdminError, StoreUnavailable."""
    async with opened_home(settings) as home:
        places = await _places(settings, home, account, cell)
        found: AccountFacts = await _opening().look_at(*places, account)
        return found


async def _places(settings: Settings, home: CellAtHome, account: str, cell: str) -> _Places:
    """Tell between which databases it moves: from where it lives, or has lived if it is not all here yet."""
    stores = stores_of(settings)
    if cell not in stores:
        raise SettingsError([f"there is no cell `{cell}`: there are {', '.join(sorted(stores))}"])
    lives = await cell_of(home.store.changes, account, home.name)
    if lives != cell:
        return _Places(stores[lives], stores[cell])
    came_from = await _opening().came_from(stores[cell], account, list(stores.values()))
    if came_from is None:
        raise SettingsError([f"{account} lives in cell `{cell}` already"])
    return _Places(came_from, stores[cell])


def _opening() -> ModuleType:
    """Load what needs the driver, which is an extra."""
    return load_postgresql("aldis.store.postgresql.account_move.opening")
