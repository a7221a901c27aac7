"""The write of what operators want of links."""

from __future__ import annotations

import apsw
from msgspec.structs import astuple

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.link_states import LinkState
from aldis.store.sqlite.engine.operations import operation_on_each
from aldis.store.sqlite.writes import auditing


@operation_on_each()
def want(db: apsw.Connection, item: tuple[LinkState, AuditEntry]) -> None:
    """Keep what is wanted, and what is to be remembered of it."""
    state, entry = item
    db.execute("INSERT OR REPLACE INTO link_order VALUES (?, ?, ?, ?)", astuple(state))
    auditing.write(db, entry)
