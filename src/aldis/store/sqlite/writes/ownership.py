"""The writes of ownership, and the check that other writes begin with."""

from __future__ import annotations

from collections.abc import Iterable

import apsw
import msgspec

from aldis.errors import LeaseLost
from aldis.store.contract.ownership import Lease
from aldis.store.sqlite.engine.operations import operation
from aldis.store.sqlite.engine.rows import first, one


class Acquire(msgspec.Struct, frozen=True):
    """Who wants what."""

    resource: str
    holder: str


@operation()
def acquire(db: apsw.Connection, items: list[Acquire]) -> list[Lease]:
    """Give resources to new owners. Nobody waits: all who ask are of the one gateway that has the data."""
    sql = """INSERT INTO lease (resource, holder, epoch) VALUES (?1, ?2, 1)
             ON CONFLICT (resource) DO UPDATE SET holder = excluded.holder, epoch = epoch + 1
             RETURNING epoch"""
    return [Lease(each.resource, each.holder, one(db, sql, (each.resource, each.holder))) for each in items]


@operation()
def give_back(db: apsw.Connection, items: list[Lease]) -> list[None]:
    """End leases by an epoch that nobody has."""
    sql = "UPDATE lease SET holder = '', epoch = epoch + 1 WHERE resource = ? AND epoch = ?"
    for lease in items:
        db.execute(sql, (lease.resource, lease.epoch))
    return [None] * len(items)


def is_newest(db: apsw.Connection, lease: Lease) -> bool:
    """Tell whether nobody has taken a resource since."""
    sql = "SELECT 1 FROM lease WHERE resource = ? AND epoch = ?"
    return first(db, sql, (lease.resource, lease.epoch)) is not None


def check(db: apsw.Connection, leases: Iterable[Lease]) -> None:
    """Raise LeaseLost where one of these is not the newest any more."""
    for lease in set(leases):
        if not is_newest(db, lease):
            raise LeaseLost(f"epoch {lease.epoch} of {lease.resource} is over, which was {lease.holder}'s")
