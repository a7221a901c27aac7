"""Implements `BulkStore`."""

from __future__ import annotations

from typing import Any

import apsw
import msgspec

from aldis.store.contract.bulk import AddRows, BulkChange
from aldis.store.sqlite.engine.rows import every, first
from aldis.store.sqlite.stores.connections import Connections
from aldis.store.sqlite.writes import bulk
from aldis.traffic.bulk import Job, JobState, Mapping, Row

_JOB = (
    "job_id, name, account, made_by, made_at, columns, mapping, state, total, reached, accepted, refused, "
    "why, ended_at"
)
_ROW = "number, cells, message_id, fault"


class SqliteBulk(Connections):
    """A job's refused rows are found by a scan."""

    async def change(self, change: BulkChange) -> int:
        count = len(change.rows) if isinstance(change, AddRows) else 1
        return await self.writer.call(bulk.carry_out, change, messages=count)

    async def job(self, job_id: int) -> Job | None:
        row = first(self.reader, f"SELECT {_JOB} FROM bulk_job WHERE job_id = ?", (job_id,))  # noqa: S608
        return None if row is None else _job(row)

    async def jobs(self, before: int, limit: int) -> list[Job]:
        sql = f"SELECT {_JOB} FROM bulk_job WHERE job_id < ? ORDER BY job_id DESC LIMIT ?"  # noqa: S608
        return [_job(row) for row in every(self.reader, sql, (before or 2**62, limit))]

    async def running(self) -> list[Job]:
        sql = f"SELECT {_JOB} FROM bulk_job WHERE state = 'running' ORDER BY job_id"  # noqa: S608
        return [_job(row) for row in every(self.reader, sql)]

    async def rows(self, job_id: int, after: int, limit: int, *, waiting: bool = False) -> list[Row]:
        only = "AND message_id = 0 AND fault = ''" if waiting else ""
        return _rows(self.reader, job_id, after, limit, only)

    async def refused_rows(self, job_id: int, after: int, limit: int) -> list[Row]:
        return await self.scans.ask(_rows, job_id, after, limit, "AND fault <> ''")


def _rows(db: apsw.Connection, job_id: int, after: int, limit: int, only: str) -> list[Row]:
    sql = f"SELECT {_ROW} FROM bulk_row WHERE job_id = ? AND number > ? {only} ORDER BY number LIMIT ?"  # noqa: S608
    return [
        Row(number, msgspec.json.decode(cells, type=tuple[str, ...]), message_id, fault)
        for number, cells, message_id, fault in every(db, sql, (job_id, after, limit))
    ]


def _job(row: tuple[Any, ...]) -> Job:
    before, (columns, mapping, state), after = row[:5], row[5:8], row[8:]
    names = msgspec.json.decode(columns, type=tuple[str, ...])
    recipe = msgspec.json.decode(mapping, type=Mapping)
    return Job(*(*before, names, recipe, JobState(state), *after))
