"""The directory as stages read it, and what a store keeps of its changes. Each change is written in the
transaction of what it tells of, with its audit entry; nothing is ever taken out of the history.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from aldis.accounts.directory import Directory
from aldis.accounts.history import Change
from aldis.accounts.plan import Plan, Stored
from aldis.accounts.staff import Actor
from aldis.store.contract.queries import Balance


class DirectoryStore(Protocol):
    """Tells of the directory and of its changes."""

    async def version(self) -> int:
        """Tell whether the directory has changed: a number that grows."""

    async def load(self) -> Directory:
        """Load the directory."""


class Carrying(msgspec.Struct, frozen=True):
    """A plan to be carried out but for its opt-ins: by whom, when, and which change it takes back (0:
    none).
    """

    plan: Plan
    actor: Actor
    now: int
    undoes: int = 0


class ChangeStore(Protocol):
    """Plans are made on what is stored, carried out, and read as history."""

    async def stored(self) -> Stored:
        """Load the directory's rows, to plan a change."""

    async def balances(self) -> dict[str, Balance]:
        """Give every account's money, by name."""

    async def carry_out(self, item: Carrying) -> bool:
        """Carry out a plan but for its opt-ins; False, and nothing done, where the directory has changed
        since it was planned.
        """

    async def history(self, kind: str, key: str, before: int, limit: int) -> list[Change]:
        """Give changes below a number (0: from the newest), newest first: of one record, of a kind (with
        `key` "*"), or of all (with `kind` "").
        """

    async def find(self, change_id: int) -> Change | None:
        """Give one change."""
