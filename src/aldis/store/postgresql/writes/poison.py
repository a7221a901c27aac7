"""The writes of messages that cannot be handled: count their faults, set them aside, have them tried again.
In a table of their own, because it may be the message's row that cannot be written.
"""

from __future__ import annotations

from collections.abc import Collection

import asyncpg
import msgspec

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.actions import CommandAnswer
from aldis.store.contract.ownership import Lease
from aldis.store.postgresql.engine.operations import operation, operation_on_each
from aldis.store.postgresql.engine.savepoints import each_alone
from aldis.store.postgresql.engine.texts import escaped
from aldis.store.postgresql.writes import auditing, commands, ownership
from aldis.traffic.message import MAX_FAULTS, SUSPECT_CRASHES, HandlingFault


class NoteFaults(msgspec.Struct, frozen=True):
    """What a link could not handle."""

    leases: tuple[Lease, ...]
    link: str
    faults: tuple[HandlingFault, ...]
    now: int


class NoteCrash(msgspec.Struct, frozen=True):
    """What a process that died had in hand, of all links."""

    lease: Lease
    message_ids: tuple[int, ...]
    now: int


class TryAgain(msgspec.Struct, frozen=True):
    """A message that is to be claimed again."""

    message_id: int
    entry: AuditEntry
    #: the command that wants it; 0: none
    command_id: int


_COUNT = """
INSERT INTO poison_message AS p (message_id, link, faults, reason, failed_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (message_id) DO UPDATE SET link = $2, faults = p.faults + $3, reason = $4, failed_at = $5
RETURNING faults"""
_SET_ASIDE = f"""
INSERT INTO poison_message (message_id, link, faults, reason, failed_at)
SELECT message_id, link, {MAX_FAULTS}, $1, $2 FROM queue WHERE message_id = ANY ($3::bigint[])
ON CONFLICT (message_id) DO UPDATE SET faults = {MAX_FAULTS}, reason = $1, failed_at = $2
"""  # noqa: S608 - a constant
_WAITING = "SELECT message_id FROM queue WHERE message_id = ANY ($1::bigint[]) ORDER BY message_id"
_FORGET = """
DELETE FROM poison_message WHERE faults = 0 AND crashes < $1 AND message_id <> ALL ($2::bigint[])"""
_CRASHED = f"""
INSERT INTO poison_message AS p (message_id, link, faults, reason, failed_at, crashes)
SELECT message_id, link, 0, 'a crash of the gateway', $1, 1 FROM queue WHERE message_id = ANY ($2::bigint[])
ON CONFLICT (message_id) DO UPDATE
SET link = EXCLUDED.link, reason = EXCLUDED.reason, failed_at = EXCLUDED.failed_at,
    faults = CASE WHEN $3 AND p.crashes >= {SUSPECT_CRASHES} THEN {MAX_FAULTS} ELSE p.faults END,
    crashes = least(p.crashes + 1, {SUSPECT_CRASHES})
RETURNING message_id, faults
"""  # noqa: S608 - constants
_DOUBT = "UPDATE queue SET doubts = doubts + 1 WHERE message_id = ANY ($1::bigint[])"
_DUE = "UPDATE queue SET due_at = least(due_at, $1) WHERE message_id = $2 AND NOT is_marked"
_ACQUIT = "DELETE FROM poison_message WHERE message_id = ANY ($1::bigint[]) AND faults < $2"
_FORGIVE = """
UPDATE poison_message SET faults = 0 WHERE message_id = $1 AND faults >= $2 RETURNING message_id"""


@operation()
async def note_faults(db: asyncpg.Connection, items: list[NoteFaults]) -> list[list[int]]:
    """Count faults; returns of each item which messages are set aside now."""
    await ownership.check(db, [lease for item in items for lease in item.leases])
    return [[fault.message_id for fault in item.faults if await _is_aside(db, item, fault)] for item in items]


async def _is_aside(db: asyncpg.Connection, item: NoteFaults, fault: HandlingFault) -> bool:
    bindings = (fault.message_id, item.link, fault.weight, escaped(fault.reason), item.now)
    if await db.fetchval(_COUNT, *bindings) < MAX_FAULTS:
        return False
    if fault.is_submitted:  # it must not end as if nobody had it; a row that takes nothing stays as it is
        await each_alone(db, _doubt, [fault.message_id])
    return True


async def _doubt(db: asyncpg.Connection, message_ids: Collection[int]) -> None:
    await db.execute(_DOUBT, message_ids)


async def set_aside(db: asyncpg.Connection, message_ids: Collection[int], now: int) -> None:
    """Keep that these cannot be ended, because their rows refuse it."""
    if message_ids:
        await db.execute(_SET_ASIDE, "cannot be ended", now, message_ids)


@operation_on_each
async def note_crash(db: asyncpg.Connection, item: NoteCrash) -> list[int]:
    """Count a crash for each message that was in hand and still waits; returns which is set aside now: one
    that was alone, and had been there at the last ones. Nobody knows whether the carrier has it.
    """
    await ownership.check(db, [item.lease])
    waiting = [message_id for (message_id,) in await db.fetch(_WAITING, item.message_ids)]
    await db.execute(_FORGET, SUSPECT_CRASHES, waiting)  # it is no matter of theirs
    rows = await db.fetch(_CRASHED, item.now, waiting, len(waiting) == 1)
    aside = [message_id for message_id, faults in rows if faults >= MAX_FAULTS]
    await each_alone(db, _doubt, aside)
    return aside


@operation_on_each
async def acquit(db: asyncpg.Connection, message_ids: list[int]) -> None:
    """Forget crashes of messages that were tried alone, and the process lives."""
    await db.execute(_ACQUIT, message_ids, MAX_FAULTS)


@operation_on_each
async def try_again(db: asyncpg.Connection, item: TryAgain) -> bool:
    """Forget a message's faults, so that it is claimed again; tells whether it was set aside. Where processes
    died of it, it is tried alone.
    """
    if await db.fetchval(_FORGIVE, item.message_id, MAX_FAULTS) is None:
        return False
    await db.execute(_DUE, item.entry.at, item.message_id)
    await auditing.note(db, [item.entry])
    if item.command_id:  # now: it may be the end of the process
        await commands.answer(db, [(item.command_id, CommandAnswer(done=True, answer=""))])
    return True
