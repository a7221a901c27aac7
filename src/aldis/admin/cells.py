"""The cells, for people: which can be reached, what each does not know yet; and where an account lives."""

from __future__ import annotations

from collections import Counter

import msgspec

from aldis.accounts.plan import Plan, Stored, plan_record
from aldis.accounts.records import ACCOUNT, AccountRecord, Record, spare_account
from aldis.accounts.staff import Actor
from aldis.admin.checkup import CheckResult, Finding
from aldis.admin.directory import DirectoryEditor
from aldis.errors import AdminError, TemporaryError
from aldis.stages.cells.directory import CellDirectory
from aldis.stages.cells.other_stores import CellNames, OtherStores
from aldis.store.contract.cell_exchange import ExchangeStore
from aldis.store.contract.directory import ChangeStore


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
            is_owed = names.own == names.home and await theirs.directory_taken(names.own) < version
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


async def cell_of(changes: ChangeStore, account: str, home: str) -> str:
    """Tell in which cell an account lives. `home`: that in which the directory is changed. Raises
    AdminError.
    """
    return _record_of(await changes.stored(), account).cell or home


async def place_account(editor: DirectoryEditor, actor: Actor, account: str, cell: str, now: int) -> None:
    """Have the directory say in which cell an account lives. Raises AdminError; CellPending where it is
    written and not known in all cells.
    """

    def planned(stored: Stored) -> Plan:
        """Change nothing else of it."""
        record = msgspec.structs.replace(_record_of(stored, account), cell=cell)
        return plan_record(Record(ACCOUNT, account, msgspec.json.encode(spare_account(record))), stored)

    await editor.carry_out(actor, planned, now)


def _record_of(stored: Stored, account: str) -> AccountRecord:
    body = stored.records.get((ACCOUNT, account))
    if body is None:
        raise AdminError(f"there is no account `{account}`", 404)
    return msgspec.json.decode(body, type=AccountRecord)
