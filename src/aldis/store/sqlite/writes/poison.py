"""The writes of messages that cannot be handled: count their faults, set them aside, have them tried again.
In a table of their own, because it may be the message's row that cannot be written.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress

import apsw
import msgspec

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.actions import CommandAnswer
from aldis.store.contract.ownership import Lease
from aldis.store.sqlite.engine.operations import operation, operation_on_each
from aldis.store.sqlite.engine.rows import as_array, every, first, may, one
from aldis.store.sqlite.writes import actions, auditing, ownership
from aldis.traffic.message import MAX_FAULTS, SUSPECT_CRASHES, HandlingFault
from aldis.traffic.states import Event


class NoteFaults(msgspec.Struct, frozen=True):
    """What a link could not handle."""

    lease: Lease
    link: str
    faults: tuple[HandlingFault, ...]
    now: int


class NoteCrash(msgspec.Struct, frozen=True):
    """What a process that died had in hand, of all links. The lease is of whoever tells it: what was in hand
    is true whoever owns the links now.
    """

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
INSERT INTO poison_message (message_id, link, faults, reason, failed_at) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (message_id) DO UPDATE SET link = ?2, faults = faults + ?3, reason = ?4, failed_at = ?5
RETURNING faults
"""
_SET_ASIDE = f"""
INSERT INTO poison_message (message_id, link, faults, reason, failed_at)
SELECT message_id, link, {MAX_FAULTS}, ?1, ?2 FROM message WHERE message_id IN (SELECT value FROM carray(?3))
ON CONFLICT (message_id) DO UPDATE SET faults = {MAX_FAULTS}, reason = ?1, failed_at = ?2
"""  # noqa: S608 - a constant
_WAITING = f"""
SELECT message_id FROM carray(?) told CROSS JOIN message
WHERE message_id = told.value AND {may(Event.SUBMIT_ACCEPTED)}
"""  # noqa: S608 - the table's states
_FORGET = """
DELETE FROM poison_message
WHERE faults = 0 AND crashes < ? AND message_id NOT IN (SELECT value FROM carray(?))
"""
_CRASHED = f"""
INSERT INTO poison_message (message_id, link, faults, reason, failed_at, crashes)
SELECT message_id, link, 0, 'a crash of the gateway', ?1, 1 FROM message
WHERE message_id IN (SELECT value FROM carray(?2))
ON CONFLICT (message_id) DO UPDATE
SET link = excluded.link, reason = excluded.reason, failed_at = excluded.failed_at,
    faults = iif(?3 AND crashes >= {SUSPECT_CRASHES}, {MAX_FAULTS}, faults),
    crashes = min(crashes + 1, {SUSPECT_CRASHES})
RETURNING message_id, faults
"""  # noqa: S608 - constants
_DOUBT = "UPDATE message SET doubts = doubts + 1 WHERE message_id = ?"
_DUE = f"UPDATE message SET due_at = min(due_at, ?) WHERE message_id = ? AND {may(Event.CLAIMED)}"  # noqa: S608 - the table's states


@operation()
def note_faults(db: apsw.Connection, items: list[NoteFaults]) -> list[list[int]]:
    """Count faults; returns of each item which messages are set aside now."""
    ownership.check(db, [item.lease for item in items])
    return [[fault.message_id for fault in item.faults if _is_aside(db, item, fault)] for item in items]


def _is_aside(db: apsw.Connection, item: NoteFaults, fault: HandlingFault) -> bool:
    bindings = (fault.message_id, item.link, fault.weight, fault.reason, item.now)
    if one(db, _COUNT, bindings) < MAX_FAULTS:
        return False
    if fault.is_submitted:  # it must not end as if nobody had it; a row that takes nothing stays as it is
        with suppress(apsw.ConstraintError), db:
            db.execute(_DOUBT, (fault.message_id,))
    return True


def set_aside(db: apsw.Connection, message_ids: Collection[int], now: int) -> None:
    """Keep that these cannot be ended, because their rows refuse it."""
    if message_ids:
        db.execute(_SET_ASIDE, ("cannot be ended", now, as_array(message_ids)))


@operation_on_each()
def note_crash(db: apsw.Connection, item: NoteCrash) -> list[int]:
    """Count a crash for each message that was in hand and still waits; returns which is set aside now: one
    that was alone, and had been there at the last ones. Nobody knows whether the carrier has it.
    """
    ownership.check(db, [item.lease])
    waiting = [message_id for (message_id,) in every(db, _WAITING, (as_array(item.message_ids),))]
    db.execute(_FORGET, (SUSPECT_CRASHES, as_array(waiting)))  # it is no matter of theirs
    rows = every(db, _CRASHED, (item.now, as_array(waiting), len(waiting) == 1))
    aside = [message_id for message_id, faults in rows if faults >= MAX_FAULTS]
    for message_id in aside:
        with suppress(apsw.ConstraintError), db:  # as in `_is_aside`
            db.execute(_DOUBT, (message_id,))
    return aside


@operation_on_each()
def acquit(db: apsw.Connection, message_ids: list[int]) -> None:
    """Forget crashes of messages that were tried alone, and the process lives."""
    sql = "DELETE FROM poison_message WHERE message_id IN (SELECT value FROM carray(?)) AND faults < ?"
    db.execute(sql, (as_array(message_ids), MAX_FAULTS))


@operation_on_each()
def try_again(db: apsw.Connection, item: TryAgain) -> bool:
    """Forget a message's faults, so that it is claimed again; tells whether it was set aside. Where processes
    died of it, it is tried alone.
    """
    sql = "UPDATE poison_message SET faults = 0 WHERE message_id = ? AND faults >= ? RETURNING message_id"
    if first(db, sql, (item.message_id, MAX_FAULTS)) is None:
        return False
    db.execute(_DUE, (item.entry.at, item.message_id))
    auditing.write(db, item.entry)
    if item.command_id:  # now: it may be the end of the process
        actions.answer(db, [(item.command_id, CommandAnswer(done=True, answer=""))])
    return True
