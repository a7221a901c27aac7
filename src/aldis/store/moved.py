"""Whether a database is a store to work with: not while it is filled from another one, and not after all of
it has moved to another one. Two gateways on two copies would send everything twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from aldis.errors import SettingsError
from aldis.store.contract.metrics import StoreHealth, StoreRemark

#: columns of the table `moving`, in the order of `Moving`
MOVING = "role, other, move, is_done"


class Moving(msgspec.Struct, frozen=True, array_like=True):
    """A row of the table `moving`, of which there is one at most."""

    role: Literal["source", "target"]
    #: the other database, for people
    other: str
    #: a source and a target that have the same one belong together
    move: str
    #: of a source: all of it is there
    is_done: bool

    @property
    def fault(self) -> str:
        """Say why this is no store to work with; "" where it is one."""
        if self.role == "target":
            return f"has not all of {self.other} yet: `aldis migrate` once more completes it"
        return f"was moved to {self.other}: that is what `[store] url` is to name" if self.is_done else ""


def read_moving(row: Iterable[object] | None) -> Moving | None:
    """Read a row of MOVING."""
    return None if row is None else msgspec.convert(tuple(row), Moving, strict=False)


def refuse_moved(shown: str, row: Iterable[object] | None) -> None:
    """Raise SettingsError where a row of `moving` says that a database is no store to work with. `shown`: the
    database, for people.
    """
    found = read_moving(row)
    if found is not None and found.fault:
        raise SettingsError([f"{shown} {found.fault}"])


def looked_over(health: StoreHealth, row: Iterable[object] | None) -> StoreHealth:
    """Say in what was seen of a store what operators are to know of a move."""
    found = read_moving(row)
    if found is None:
        return health
    if found.fault:
        return msgspec.structs.replace(health, found=found.fault, advice="No gateway works on it.")
    says = f"it moves to {found.other}, and what changes is noted until then"
    advice = "`aldis migrate` goes on with it; with `--abandon` nothing is noted any more."
    return msgspec.structs.replace(health, remarks=(*health.remarks, StoreRemark(says, advice)))
