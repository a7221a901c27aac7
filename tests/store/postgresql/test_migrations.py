"""The schema of PostgreSQL's store is made once, step by step."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from aldis.errors import SettingsError
from aldis.store import migrate
from aldis.store.postgresql.engine.migrations import MIGRATIONS
from aldis.store.postgresql.engine.opening import open_engine
from tests.fakes.postgresql import USER, PostgresServer

#: what each migration was when it was first applied: a store that has it refuses another text
DIGESTS = {
    "0001_start.sql": "937254370a4aa58e",
    "0002_links_and_audit.sql": "9653aabd76eaac0d",
    "0003_messages.sql": "5998333f1079c89b",
    "0004_inbound_and_consent.sql": "63a9c5c7fdd138af",
    "0005_operators.sql": "9aa318ee902a7798",
    "0006_nodes.sql": "ce58cf1e0bce5604",
    "0007_shared.sql": "f1c8a44468c883dc",
    "0008_moving.sql": "0224e56c2f168863",
    "0009_content_and_minutes.sql": "a5cef5c6f6a9c298",
    "0010_account_moves.sql": "05f0e95faa5f8230",
    "0011_cells.sql": "570b46ee036a1fdd",
    "0012_rates_of_nodes.sql": "5e0c88d95aecaa08",
    "0013_ranges.sql": "f89e8c22d313a29e",
}


def test_a_migration_stays_as_it_was_first_applied() -> None:
    assert {each.name: each.checksum[:16] for each in migrate.load(MIGRATIONS)} == DIGESTS


@pytest.fixture
async def empty(postgres: PostgresServer) -> AsyncIterator[str]:
    """Name a database with nothing in it."""
    name = await postgres.create()
    yield name
    await postgres.drop(name)


async def open_and_close(url: str, node: str, *, may_upgrade: bool = True) -> None:
    await (await open_engine(url, node, uuid4(), may_upgrade=may_upgrade)).close()


async def test_gateways_that_start_at_once_migrate_once(postgres: PostgresServer, empty: str) -> None:
    url = postgres.url(empty)
    await asyncio.gather(*(open_and_close(url, f"node {number}") for number in range(6)))
    async with postgres.connection(empty) as db:
        rows = await db.fetch("SELECT number FROM aldis.schema_migration ORDER BY number")
        assert [row["number"] for row in rows] == list(range(1, len(DIGESTS) + 1))
        assert await db.fetchval("SELECT count(*) FROM aldis.gateway") == 0


async def test_who_may_not_upgrade_opens_what_is_empty_or_current(
    postgres: PostgresServer, empty: str
) -> None:
    for _ in range(2):
        await open_and_close(postgres.url(empty), "one", may_upgrade=False)


async def test_an_outdated_schema_that_is_served_stays_as_it_is(
    postgres: PostgresServer, database: str
) -> None:
    name = database.partition("?")[0].rpartition("/")[2]
    newest = len(DIGESTS)
    await postgres.execute(f"DELETE FROM aldis.schema_migration WHERE number = {newest}", name)
    with pytest.raises(SettingsError, match=rf"is at migration {newest - 1}, this version needs {newest}"):
        await open_and_close(database, "one", may_upgrade=False)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE aldis.schema_migration SET checksum = 'other' WHERE number = 1", "was changed after"),
        ("INSERT INTO aldis.schema_migration VALUES (9999, '', '')", "upgrade Aldis"),
    ],
)
async def test_a_schema_that_is_not_ours_is_refused(
    postgres: PostgresServer, database: str, change: str, said: str
) -> None:
    await postgres.execute(change, database.partition("?")[0].rpartition("/")[2])
    with pytest.raises(SettingsError, match=said):
        await open_and_close(database, "one")


async def test_a_role_that_may_make_no_schema_is_told_so(postgres: PostgresServer, empty: str) -> None:
    await postgres.execute("DROP ROLE IF EXISTS narrow")
    await postgres.execute("CREATE ROLE narrow LOGIN")
    url = postgres.url(empty, postgres.port).replace(f"{USER}@", "narrow@")
    with pytest.raises(SettingsError, match="cannot be migrated: permission denied for database"):
        await open_and_close(url, "one")
    await postgres.execute("CREATE SCHEMA aldis AUTHORIZATION narrow", empty)
    await open_and_close(url, "one")
