"""The write of what operators want of links."""

from __future__ import annotations

import apsw
import msgspec
from msgspec.structs import astuple

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.link_states import LinkState
from aldis.store.sqlite.engine.operations import operation
from aldis.store.sqlite.writes import auditing


class Want(msgspec.Struct, frozen=True):
    """What is wanted, and what is to be remembered of it."""

    state: LinkState
    entry: AuditEntry


@operation()
def want(db: apsw.Connection, items: list[Want]) -> list[None]:
    """Keep what is wanted."""
    for item in items:
        db.execute("INSERT OR REPLACE INTO link_order VALUES (?, ?, ?, ?)", astuple(item.state))
        auditing.write(db, item.entry)
    return [None] * len(items)
