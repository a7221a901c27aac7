"""The write of what operators want of links."""

from __future__ import annotations

import apsw
import msgspec
from msgspec.structs import astuple

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.link_states import LinkState
from aldis.store.sqlite.engine.operations import operation_on_each
from aldis.store.sqlite.writes import auditing


class Want(msgspec.Struct, frozen=True):
    """What is wanted, and what is to be remembered of it."""

    state: LinkState
    entry: AuditEntry


@operation_on_each()
def want(db: apsw.Connection, item: Want) -> None:
    """Keep what is wanted."""
    db.execute("INSERT OR REPLACE INTO link_order VALUES (?, ?, ?, ?)", astuple(item.state))
    auditing.write(db, item.entry)
