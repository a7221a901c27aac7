"""The write of refused requests."""

from __future__ import annotations

import apsw
from msgspec.structs import astuple

from aldis.store.contract.refusals import KeptRefusals
from aldis.store.sqlite.engine.operations import operation_on_each
from aldis.store.sqlite.reads.refusals import COLUMNS


@operation_on_each()
def keep(db: apsw.Connection, item: KeptRefusals) -> None:
    """Keep them, and forget the oldest of those that are too many."""
    marks = ", ".join("?" * len(COLUMNS.split(",")))
    db.executemany(
        f"INSERT INTO refused_request ({COLUMNS}) VALUES ({marks})",  # noqa: S608 - columns of ours
        [astuple(each) for each in item.found],
    )
    for account in {each.account for each in item.found}:
        db.execute(
            """DELETE FROM refused_request WHERE account = :account AND refusal_id <= (
                   SELECT refusal_id FROM refused_request WHERE account = :account
                   ORDER BY refusal_id DESC LIMIT 1 OFFSET :most)""",
            {"account": account, "most": item.an_account},
        )
    db.execute(
        """DELETE FROM refused_request WHERE at < ? OR refusal_id <= (
               SELECT refusal_id FROM refused_request ORDER BY refusal_id DESC LIMIT 1 OFFSET ?)""",
        (item.since, item.in_all),
    )
