"""What a store keeps of the directory's changes. Each is written in the transaction of what it tells of, with
its audit entry; nothing is ever taken out of the history.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from aldis.accounts.history import Change
from aldis.accounts.plan import Plan
from aldis.accounts.staff import Actor


class Carrying(msgspec.Struct, frozen=True):
    """A plan to be carried out but for its opt-ins: by whom, when, and which change it takes back (0:
    none).
    """

    plan: Plan
    actor: Actor
    now: int
    undoes: int = 0


class Ledger(msgspec.Struct, frozen=True, array_like=True):
    """An account's ledger, in millionths."""

    name: str
    credited: int
    held: int
    spent: int

    @property
    def available(self) -> int:
        """What may still be held."""
        return self.credited - self.held - self.spent


class ChangeStore(Protocol):
    """One method, one transaction, as in `contract.py`."""

    async def carry_out(self, item: Carrying) -> bool:
        """Carry out a plan; False, and nothing done, where the directory has changed since it was planned."""
        ...

    async def changes(self, kind: str, key: str, before: int, limit: int) -> list[Change]:
        """Give changes below a number (0: from the newest), newest first: of one record, of a kind (with
        `key` "*"), or of all (with `kind` "").
        """
        ...

    async def change(self, change_id: int) -> Change | None:
        """Give one change."""
        ...

    async def ledgers(self) -> dict[str, Ledger]:
        """Give every account's money, by name."""
        ...
