"""The writes of ownership, and the check that other writes begin with."""

from __future__ import annotations

from collections.abc import Iterable

import apsw
import msgspec

from aldis.errors import LeaseLost
from aldis.store.contract.ownership import Lease
from aldis.store.sqlite.engine.operations import operation_on_each
from aldis.store.sqlite.engine.rows import first, one


class Acquire(msgspec.Struct, frozen=True):
    """Who wants what."""

    resource: str
    holder: str


@operation_on_each()
def acquire(db: apsw.Connection, item: Acquire) -> Lease:
    """Give a resource to a new owner. Nobody waits: all who ask are of the one gateway that has the data."""
    sql = """INSERT INTO lease (resource, holder, epoch) VALUES (?1, ?2, 1)
             ON CONFLICT (resource) DO UPDATE SET holder = excluded.holder, epoch = epoch + 1
             RETURNING epoch"""
    return Lease(item.resource, item.holder, one(db, sql, (item.resource, item.holder)))


@operation_on_each()
def give_back(db: apsw.Connection, lease: Lease) -> None:
    """End a lease by an epoch that nobody has."""
    sql = "UPDATE lease SET holder = '', epoch = epoch + 1 WHERE resource = ? AND epoch = ?"
    db.execute(sql, (lease.resource, lease.epoch))


def is_newest(db: apsw.Connection, lease: Lease) -> bool:
    """Tell whether nobody has taken a resource since."""
    sql = "SELECT 1 FROM lease WHERE resource = ? AND epoch = ?"
    return first(db, sql, (lease.resource, lease.epoch)) is not None


def check(db: apsw.Connection, leases: Iterable[Lease]) -> None:
    """Raise LeaseLost where one of these is not the newest any more."""
    for lease in set(leases):
        if not is_newest(db, lease):
            raise LeaseLost(f"epoch {lease.epoch} of {lease.resource} is over, which was {lease.holder}'s")
