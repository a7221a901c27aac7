"""How the cells stand, for people: which can be reached, and what each does not know yet."""

from __future__ import annotations

from collections import Counter

import msgspec

from aldis.admin.checkup import CheckResult, Finding
from aldis.errors import TemporaryError
from aldis.stages.cells.directory import CellDirectory
from aldis.stages.cells.other_stores import CellNames, OtherStores
from aldis.store.contract.cell_exchange import ExchangeStore


class ShownCell(msgspec.Struct, frozen=True):
    """One cell."""

    name: str
    is_ours: bool
    #: the directory is changed there
    is_home: bool
    accounts: int
    #: why its database cannot be reached; "" where it can
    fault: str = ""
    #: entries of consents of ours that it does not have yet
    consents_owed: int = 0
    #: it does not have the newest directory of ours yet
    is_directory_owed: bool = False

    @property
    def standing(self) -> str:
        """Say it in words."""
        if self.fault:
            return f"cannot be reached: {self.fault}"
        owed = [f"{self.consents_owed} consents"] if self.consents_owed else []
        owed += ["the directory"] if self.is_directory_owed else []
        return f"is still to be told {' and '.join(owed)}" if owed else "knows all"


async def look(
    names: CellNames, exchange: ExchangeStore, directory: CellDirectory, others: OtherStores
) -> list[ShownCell]:
    """Look at all, ours first. `exchange`, `directory`: ours. Raises StoreUnavailable where that is away."""
    version, newest = await directory.version(), await exchange.consents_newest()
    await directory.load()
    accounts = Counter(directory.cells.values())
    shown = [ShownCell(names.own, True, names.own == names.home, accounts[names.own])]
    for cell in others.names:
        try:
            theirs = (await others.of(cell)).exchange
            owed = newest - await theirs.consents_taken(names.own)
            is_owed = names.own == names.home and await theirs.directory_taken() < version
        except TemporaryError as fault:
            shown.append(ShownCell(cell, False, cell == names.home, accounts[cell], str(fault)))
        else:
            shown.append(
                ShownCell(
                    cell,
                    False,
                    cell == names.home,
                    accounts[cell],
                    consents_owed=owed,
                    is_directory_owed=is_owed,
                )
            )
    return shown


def findings(shown: list[ShownCell]) -> list[Finding]:
    """Say what is wrong with any."""
    advice = (
        "See whether its database and the network to it answer; what it does not know yet it is told then."
    )
    return [
        Finding(
            "cells",
            CheckResult.FAIL if each.fault else CheckResult.OK,
            f"{each.name} {each.standing}",
            advice if each.fault else "",
        )
        for each in shown
        if not each.is_ours
    ]
