"""The writes of nodes: what they say, and what operators do to them."""

from __future__ import annotations

import asyncpg
import msgspec

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.nodes import NodeStatus, NodeView
from aldis.store.postgresql.engine.operations import operation_on_each
from aldis.store.postgresql.reads.nodes import COLUMNS, views_of
from aldis.store.postgresql.writes import auditing
from aldis.store.postgresql.writes.ownership import HOLDS_MS

#: the others are seen as they were when the statement began, ours as it is now
_SAY = f"""
WITH said AS (
    INSERT INTO node (name, holder, version, started_at, clock_at, said_at, state, settings, links, rates)
    VALUES ($2, $3, $4, $5, $6, clock_timestamp(), $7, $8, $9, $10)
    ON CONFLICT (name) DO UPDATE SET holder = EXCLUDED.holder, version = EXCLUDED.version,
        started_at = EXCLUDED.started_at, clock_at = EXCLUDED.clock_at, said_at = EXCLUDED.said_at,
        state = EXCLUDED.state, settings = EXCLUDED.settings, links = EXCLUDED.links,
        rates = EXCLUDED.rates
    RETURNING *
)
SELECT {COLUMNS} FROM said
UNION ALL SELECT {COLUMNS} FROM node WHERE name <> $2
"""  # noqa: S608 - constants
_DRAIN = "UPDATE node SET is_drained = $2 WHERE name = $1"
_FORGET_ONE = """
DELETE FROM node WHERE name = $1 AND (state = 'left' OR said_at <= clock_timestamp() - $2 * interval '1 ms')
RETURNING holder"""
#: waits for what a lane of it has under way, which then is its last
_FENCE = "DELETE FROM gateway WHERE node = $1"
_LOCK_LEASES = "SELECT FROM lease WHERE holder = $1 ORDER BY resource FOR UPDATE"
_END_LEASES = """
UPDATE lease SET holder = '', epoch = epoch + 1, until = '-infinity' WHERE holder = $1"""
_SILENT = "SELECT name FROM node WHERE said_at < clock_timestamp() - $1 * interval '1 s' ORDER BY name"
#: as `app/stores.py` names them
_FORGET_COMMANDS = """
DELETE FROM gateway WHERE node ~ ' command [0-9a-f]+$' AND made_at < clock_timestamp() - $1 * interval '1 s'
RETURNING node"""


class Drain(msgspec.Struct, frozen=True):
    """What is wanted of a node."""

    name: str
    drained: bool
    entry: AuditEntry


class Remove(msgspec.Struct, frozen=True):
    """Who is to be forgotten."""

    name: str
    entry: AuditEntry


class OldNodes(msgspec.Struct, frozen=True):
    """How old what is forgotten is, in seconds."""

    commands_s: int
    nodes_s: int


@operation_on_each
async def say(db: asyncpg.Connection, status: NodeStatus) -> tuple[NodeView, ...]:
    """Keep how a node is; give all."""
    rows = await db.fetch(
        _SAY,
        HOLDS_MS,
        status.name,
        status.holder,
        status.version,
        status.started_at,
        status.clock_at,
        status.state.value,
        msgspec.json.encode(status.settings).decode(),
        msgspec.json.encode(status.links).decode(),
        msgspec.json.encode(status.rates).decode(),
    )
    return views_of(rows)


@operation_on_each
async def drain(db: asyncpg.Connection, item: Drain) -> bool:
    """Keep what is wanted of a node, and what is to be remembered of it."""
    if await db.execute(_DRAIN, item.name, item.drained) != "UPDATE 1":
        return False
    await auditing.note(db, [item.entry])
    return True


@operation_on_each
async def remove(db: asyncpg.Connection, item: Remove) -> bool:
    """Forget a node that is not alive."""
    holder = await db.fetchval(_FORGET_ONE, item.name, HOLDS_MS)
    if holder is None:
        return False
    await _end(db, item.name, holder)
    await auditing.note(db, [item.entry])
    return True


@operation_on_each
async def forget(db: asyncpg.Connection, item: OldNodes) -> int:
    """Forget what was left behind long ago."""
    gone = {node for (node,) in await db.fetch(_FORGET_COMMANDS, item.commands_s)}
    for (name,) in await db.fetch(_SILENT, item.nodes_s):
        holder = await db.fetchval(_FORGET_ONE, name, item.nodes_s * 1000)
        if holder is not None:
            await _end(db, name, holder)
            gone.add(name)
    return len(gone)


async def _end(db: asyncpg.Connection, name: str, holder: str) -> None:
    """Let nothing more be written by a node, nor under its leases."""
    await db.execute(_FENCE, name)
    await db.execute(_LOCK_LEASES, holder)
    await db.execute(_END_LEASES, holder)
