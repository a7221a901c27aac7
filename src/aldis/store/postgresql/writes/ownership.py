"""The writes of ownership, and the check that other writes begin with.

Three kinds of row lock make it work: a write that depends on a lease has the row's key (FOR KEY SHARE) until
its commit, so one who gives the lease to another (FOR UPDATE) waits for it; who only renews it changes no key
and waits for none. Time is the server's.
"""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg
import msgspec

from aldis.store.contract.ownership import Lease, slot_of
from aldis.store.postgresql.engine.operations import operation, operation_on_each
from aldis.store.postgresql.reads.leases import lost
from aldis.traffic.slots import SLOTS, slot_of_id

#: a lost owner's work is taken over after this; each owner renews its leases three times in that time
HOLDS_MS = 3_000


class Acquire(msgspec.Struct, frozen=True):
    """Who wants what."""

    resource: str
    holder: str


_KNOW = """
INSERT INTO lease (resource, holder, epoch, until)
SELECT resource, '', 0, '-infinity' FROM unnest($1::text[]) AS resource ORDER BY resource
ON CONFLICT DO NOTHING"""
_LOCK = "SELECT 1 FROM lease WHERE resource = $1 FOR UPDATE"
_FROM_NOW = f"clock_timestamp() + interval '{HOLDS_MS} ms'"
_ACQUIRE = f"""
UPDATE lease SET holder = $2, epoch = epoch + 1, until = {_FROM_NOW}
WHERE resource = $1 AND (until <= clock_timestamp() OR holder = $2) RETURNING epoch
"""  # noqa: S608 - constants
#: one statement for all, in one order
_RENEW = f"""
WITH asked AS (
    SELECT l.resource FROM lease l JOIN unnest($1::text[], $2::bigint[]) AS a (resource, epoch)
        ON l.resource = a.resource AND l.epoch = a.epoch
    ORDER BY l.resource FOR NO KEY UPDATE OF l
)
UPDATE lease SET until = {_FROM_NOW} FROM asked WHERE lease.resource = asked.resource
RETURNING lease.resource, lease.epoch
"""  # noqa: S608 - constants
#: a lapsed lease may be renewed; one that is ended may not
_END_LAPSED = """
WITH lapsed AS (
    SELECT resource FROM lease
    WHERE resource = ANY($1::text[]) AND holder NOT IN ('', $2) AND until <= clock_timestamp()
    ORDER BY resource FOR UPDATE
)
UPDATE lease SET holder = '', epoch = epoch + 1, until = '-infinity' FROM lapsed
WHERE lease.resource = lapsed.resource
"""
_FREE = """
SELECT resource FROM lease WHERE resource = ANY($1::text[]) AND holder IN ('', $2)
ORDER BY resource FOR KEY SHARE"""
_GIVE_BACK = """
UPDATE lease SET holder = '', epoch = epoch + 1, until = '-infinity' WHERE resource = $1 AND epoch = $2"""
#: gives a row for each of these leases ($1: resources, $2: epochs) that is the newest, which it is until the
#: commit; for the statements of those who write under them
HELD = """
    SELECT 1 FROM lease l JOIN unnest($1::text[], $2::bigint[]) AS a (resource, epoch)
        ON l.resource = a.resource AND l.epoch = a.epoch
    ORDER BY l.resource FOR KEY SHARE OF l"""
_CHECK = """
SELECT resource, epoch FROM lease WHERE resource = ANY($1::text[]) ORDER BY resource FOR KEY SHARE"""


@operation()
async def acquire(db: asyncpg.Connection, items: list[Acquire]) -> list[Lease | None]:
    """Give resources to new owners, unless another's lease is not over."""
    await db.execute(_KNOW, list({item.resource for item in items}))
    leases: list[Lease | None] = [None] * len(items)
    for position in sorted(range(len(items)), key=lambda position: items[position].resource):
        item = items[position]
        await db.execute(_LOCK, item.resource)
        epoch = await db.fetchval(_ACQUIRE, item.resource, item.holder)
        if epoch is not None:
            leases[position] = Lease(item.resource, item.holder, epoch, HOLDS_MS)
    return leases


@operation()
async def renew(db: asyncpg.Connection, leases: list[Lease]) -> list[Lease | None]:
    """Have leases that are the newest hold from now on."""
    resources, epochs = zip(*{(lease.resource, lease.epoch) for lease in leases}, strict=True)
    newest = {tuple(row) for row in await db.fetch(_RENEW, resources, epochs)}
    return [
        msgspec.structs.replace(lease, holds_ms=HOLDS_MS) if (lease.resource, lease.epoch) in newest else None
        for lease in leases
    ]


@operation_on_each
async def give_back(db: asyncpg.Connection, lease: Lease) -> None:
    """End a lease by an epoch that nobody has, after what is being written under it."""
    await db.execute(_LOCK, lease.resource)
    await db.execute(_GIVE_BACK, lease.resource, lease.epoch)


async def check(db: asyncpg.Connection, leases: Sequence[Lease]) -> None:
    """Raise LeaseLost where one of these is not the newest any more; else they are until the commit."""
    rows = await db.fetch(_CHECK, list({lease.resource for lease in leases}))
    newest: dict[str, int] = dict(map(tuple, rows))
    for lease in leases:
        if newest.get(lease.resource) != lease.epoch:
            raise lost(lease)


def not_anothers(queue: str, holder: str) -> str:
    """Write the condition that a row of the queue is in a slot that no other than a holder has: for looking,
    before `in_reach` makes sure of it. `queue`: the table's name in the statement; `holder`: its parameter.
    """
    return f"""NOT EXISTS (
        SELECT 1 FROM lease l
        WHERE l.resource = 'link/' || {queue}.link || '/' || {queue}.message_id % {SLOTS}
            AND l.holder NOT IN ('', {holder}) AND l.until > clock_timestamp())"""  # noqa: S608 - ours


async def in_reach(
    db: asyncpg.Connection, holder: str, queued: Sequence[tuple[int, str]]
) -> list[tuple[int, str]]:
    """Pick the messages (id, link) that no other than a holder has in hand, nor will have before the commit:
    who may have lost its slot is made to have lost it. Before any row of theirs is locked: owners lock leases
    first.
    """
    slots = {place: slot_of(place[1], slot_of_id(place[0])) for place in queued}
    resources = sorted(set(slots.values()))
    if not resources:
        return []
    await db.execute(_KNOW, resources)
    await db.execute(_END_LAPSED, resources, holder)
    free = {row[0] for row in await db.fetch(_FREE, resources, holder)}
    return sorted(place for place, resource in slots.items() if resource in free)
