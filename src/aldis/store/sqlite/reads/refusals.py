"""The read of refused requests."""

from __future__ import annotations

import apsw

from aldis.store.contract.refusals import RefusalPage
from aldis.store.sqlite.engine.rows import every
from aldis.traffic.refused import RefusedRequest

COLUMNS = ", ".join(RefusedRequest.__struct_fields__)


def latest(db: apsw.Connection, account: str | None, before: int, limit: int) -> RefusalPage:
    """Give refused requests below a number, newest first."""
    where, bindings = "refusal_id < ?", [before or 2**62]
    whose: list[object] = []
    if account is not None:
        where += " AND account = ?"
        whose = [account]
    sql = f"""SELECT refusal_id, {COLUMNS} FROM refused_request WHERE {where}
              ORDER BY refusal_id DESC LIMIT ?"""  # noqa: S608 - columns and clauses of ours
    rows = every(db, sql, (*bindings, *whose, limit + 1))
    found = tuple((number, RefusedRequest(*rest)) for number, *rest in rows[:limit])
    return RefusalPage(found, found[-1][0] if len(rows) > limit else 0)
