"""Implements `BulkStore`."""

from __future__ import annotations

import asyncpg
import msgspec

from aldis.store.contract.bulk import AddRows, BulkChange
from aldis.store.postgresql.engine.read_pool import ReadPool
from aldis.store.postgresql.engine.texts import unescaped
from aldis.store.postgresql.stores.connections import Connections, from_pool
from aldis.store.postgresql.writes import bulk
from aldis.traffic.bulk import Job, JobState, Mapping, Row

_JOB = (
    "job_id, name, account, made_by, made_at, columns, mapping, state, total, reached, accepted, refused, "
    "why, ended_at"
)
_FIND = f"SELECT {_JOB} FROM bulk_job WHERE job_id = $1"  # noqa: S608 - columns
_JOBS = f"SELECT {_JOB} FROM bulk_job WHERE job_id < $1 ORDER BY job_id DESC LIMIT $2"  # noqa: S608
_RUNNING = f"SELECT {_JOB} FROM bulk_job WHERE state = 'running' ORDER BY job_id"  # noqa: S608 - columns
_ROWS = """
SELECT number, cells, message_id, fault FROM bulk_row WHERE job_id = $1 AND number > $2 {only}
ORDER BY number LIMIT $3"""
_ALL_ROWS = _ROWS.format(only="")
_WAITING_ROWS = _ROWS.format(only="AND message_id = 0 AND fault = ''")
_REFUSED_ROWS = _ROWS.format(only="AND fault <> ''")


async def _job(db: asyncpg.Connection, job_id: int) -> Job | None:
    row = await db.fetchrow(_FIND, job_id)
    return None if row is None else _as_job(row)


async def _jobs(db: asyncpg.Connection, before: int, limit: int) -> list[Job]:
    return [_as_job(row) for row in await db.fetch(_JOBS, before or 2**62, limit)]


async def _running(db: asyncpg.Connection) -> list[Job]:
    return [_as_job(row) for row in await db.fetch(_RUNNING)]


async def _rows(
    db: asyncpg.Connection, job_id: int, after: int, limit: int, *, waiting: bool = False
) -> list[Row]:
    rows = await db.fetch(_WAITING_ROWS if waiting else _ALL_ROWS, job_id, after, limit)
    return list(map(_as_row, rows))


async def _refused_rows(db: asyncpg.Connection, job_id: int, after: int, limit: int) -> list[Row]:
    return list(map(_as_row, await db.fetch(_REFUSED_ROWS, job_id, after, limit)))


def _as_row(row: asyncpg.Record) -> Row:
    number, cells, message_id, fault = row
    return Row(number, msgspec.json.decode(cells, type=tuple[str, ...]), message_id, unescaped(fault))


def _as_job(row: asyncpg.Record) -> Job:
    kept = {
        "name": unescaped(row["name"]),
        "columns": msgspec.json.decode(row["columns"], type=tuple[str, ...]),
        "mapping": msgspec.json.decode(row["mapping"], type=Mapping),
        "state": JobState(row["state"]),
        "why": unescaped(row["why"]),
    }
    return Job(**(dict(row) | kept))


class PostgresqlBulk(Connections):
    """Jobs and rows; a job's refused rows are found by a scan."""

    scans: ReadPool

    job = from_pool(_job)
    jobs = from_pool(_jobs)
    running = from_pool(_running)
    rows = from_pool(_rows)

    async def change(self, change: BulkChange) -> int:
        count = len(change.rows) if isinstance(change, AddRows) else 1
        return await self.writer.call(bulk.carry_out, change, messages=count)

    async def refused_rows(self, job_id: int, after: int, limit: int) -> list[Row]:
        return await self.scans.ask(_refused_rows, job_id, after, limit)
