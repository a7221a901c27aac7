"""Brings the schema up to date: once, however many gateways start at the same time."""

from __future__ import annotations

import asyncpg

from aldis.errors import SettingsError
from aldis.store import migrate
from aldis.store.moved import MOVING, refuse_moved
from aldis.store.postgresql.engine import ranges
from aldis.store.postgresql.engine.faults import FAULTS, translated
from aldis.store.postgresql.engine.schema_locks import SCHEMA

MIGRATIONS = "aldis.store.postgresql.migrations"
#: how long another gateway may take to migrate
WAIT = "600s"

_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migration (
    number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL)"""


async def upgrade(db: asyncpg.Connection, shown: str, *, may_upgrade: bool) -> list[str]:
    """Apply the migrations that are missing, in one transaction, and make the ranges that are; gives the
    migrations' names.

    `shown`: the database, for people; without `may_upgrade` one that another gateway serves is refused where
    it is outdated. Raises SettingsError, StoreUnavailable.
    """
    try:
        async with db.transaction():
            return await _upgrade(db, shown, may_upgrade=may_upgrade)
    except FAULTS as fault:
        if isinstance(fault, asyncpg.InsufficientPrivilegeError):
            raise SettingsError([f"{shown} cannot be migrated: {fault.message}"]) from None
        raise translated(fault) from None


async def _upgrade(db: asyncpg.Connection, shown: str, *, may_upgrade: bool) -> list[str]:
    await db.execute(f"SET LOCAL lock_timeout = '{WAIT}'")
    await db.execute("SELECT pg_advisory_xact_lock($1)", SCHEMA)
    if await db.fetchval("SELECT to_regnamespace('aldis')") is None:
        await db.execute("CREATE SCHEMA aldis")
    await db.execute(_TABLE)
    rows = await db.fetch("SELECT number, checksum FROM schema_migration")
    applied = {row["number"]: row["checksum"] for row in rows}
    todo = migrate.pending(migrate.load(MIGRATIONS), applied)
    if todo and applied and not may_upgrade:
        raise migrate.outdated(shown, applied, todo)
    for migration in todo:
        await db.execute(migration.sql)
        await db.execute(
            "INSERT INTO schema_migration VALUES ($1, $2, $3)",
            migration.number,
            migration.name,
            migration.checksum,
        )
    await ranges.make_ahead(db)
    return [migration.name for migration in todo]


async def refuse_moved_away(db: asyncpg.Connection, shown: str) -> None:
    """Raise SettingsError where all of it has moved to another database, or not all of it is here. Raises
    StoreUnavailable.
    """
    try:
        refuse_moved(shown, await db.fetchrow(f"SELECT {MOVING} FROM moving"))  # noqa: S608 - constants
    except FAULTS as fault:
        raise translated(fault) from None
