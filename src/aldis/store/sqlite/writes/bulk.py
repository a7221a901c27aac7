"""The writes of sending to many."""

from __future__ import annotations

import apsw
import msgspec

from aldis.store.contract.bulk import AddJob, AddRows, BulkChange, MoveJob, PurgeJobs, SettleRows
from aldis.store.sqlite.engine.operations import operation_on_each
from aldis.store.sqlite.engine.rows import as_json, first, for_each, one
from aldis.store.sqlite.writes import auditing, ownership
from aldis.traffic.bulk import MOVES, JobState

_ENDED = frozenset({JobState.DONE, JobState.CANCELLED})


@operation_on_each()
def carry_out(db: apsw.Connection, change: BulkChange) -> int:
    """Carry out a change."""
    match change:
        case AddJob():
            return _add_job(db, change)
        case AddRows():
            return _add_rows(db, change)
        case MoveJob():
            return _move(db, change)
        case SettleRows():
            return _settle(db, change)
        case PurgeJobs(before, limit):
            return _forget(db, before, limit)


def _add_job(db: apsw.Connection, change: AddJob) -> int:
    if change.key:
        sql = "SELECT job_id, fingerprint FROM bulk_job WHERE account = ? AND key = ?"
        known = first(db, sql, (change.account, change.key))
        if known is not None:
            return int(known[0]) if known[1] == change.fingerprint else 0
    sql = """INSERT INTO bulk_job
                 (name, account, made_by, made_at, columns, mapping, state, key, fingerprint)
             VALUES (?, ?, ?, ?, ?, ?, 'filling', ?, ?) RETURNING job_id"""
    mapping = msgspec.json.encode(change.mapping).decode()
    made = (change.name, change.account, change.made_by, change.made_at)
    job_id: int = one(db, sql, (*made, as_json(change.columns), mapping, change.key, change.fingerprint))
    auditing.write(db, msgspec.structs.replace(change.entry, subject=f"bulk {job_id}"))
    return job_id


def _add_rows(db: apsw.Connection, change: AddRows) -> int:
    sql = "UPDATE bulk_job SET total = total + ? WHERE job_id = ? AND total = ? AND state = 'filling'"
    db.execute(sql, (len(change.rows), change.job_id, change.after))
    if not db.changes():
        return 0
    rows = [
        (change.job_id, number, as_json(cells))
        for number, cells in enumerate(change.rows, start=change.after + 1)
    ]
    for_each(db, "INSERT INTO bulk_row (job_id, number, cells) VALUES {rows}", rows)
    return len(rows)


def _move(db: apsw.Connection, change: MoveJob) -> int:
    """Write where a job stands from now on; one without waiting rows that is to run is done at once."""
    row = first(db, "SELECT state, reached = total, mapping FROM bulk_job WHERE job_id = ?", (change.job_id,))
    if row is None or JobState(row[0]) not in MOVES.get(change.to, ()):
        return 0
    state = JobState.DONE if change.to is JobState.RUNNING and row[1] else change.to
    mapping = row[2] if change.mapping is None else msgspec.json.encode(change.mapping).decode()
    db.execute(
        "UPDATE bulk_job SET state = ?, mapping = ?, why = ?, ended_at = ? WHERE job_id = ?",
        (state, mapping, change.why, change.now if state in _ENDED else 0, change.job_id),
    )
    if change.entry is not None:
        auditing.write(db, change.entry)
    return 1


def _settle(db: apsw.Connection, change: SettleRows) -> int:
    ownership.check(db, [change.lease])
    accepted = refused = 0
    for outcome in change.outcomes:
        db.execute(
            """UPDATE bulk_row SET message_id = ?, fault = ?
               WHERE job_id = ? AND number = ? AND message_id = 0 AND fault = ''""",
            (outcome.message_id, outcome.fault, change.job_id, outcome.number),
        )
        accepted += db.changes() if outcome.message_id else 0
        refused += db.changes() if not outcome.message_id else 0
    db.execute(
        """UPDATE bulk_job SET accepted = accepted + ?1, refused = refused + ?2, reached = max(reached, ?3),
               state = iif(state = 'running' AND ?3 >= total, 'done', state),
               ended_at = iif(state = 'running' AND ?3 >= total, ?4, ended_at)
           WHERE job_id = ?5""",
        (accepted, refused, change.reached, change.now, change.job_id),
    )
    return accepted + refused


def _forget(db: apsw.Connection, before: int, limit: int) -> int:
    row = first(
        db, "SELECT job_id FROM bulk_job WHERE ended_at > 0 AND ended_at < ? ORDER BY job_id", (before,)
    )
    if row is None:
        return 0
    sql = """DELETE FROM bulk_row WHERE job_id = ?1 AND number IN
             (SELECT number FROM bulk_row WHERE job_id = ?1 ORDER BY number LIMIT ?2)"""
    db.execute(sql, (row[0], limit))
    if db.changes():
        return db.changes()
    db.execute("DELETE FROM bulk_job WHERE job_id = ?", row)
    return 1
