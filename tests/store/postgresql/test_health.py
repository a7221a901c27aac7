"""What `aldis doctor` hears of a database."""

from __future__ import annotations

import asyncpg
import pytest

from aldis.clock import SystemClock
from aldis.store.contract.metrics import StoreHealth
from aldis.store.postgresql.stores import health
from tests.fakes.postgresql import PostgresServer


async def look(url: str, *, is_deep: bool = False) -> StoreHealth:
    return await health.look_over(url, SystemClock(), is_deep=is_deep)


async def test_a_database_in_order(database: str) -> None:
    seen = await look(database, is_deep=True)
    assert seen.engine.startswith("PostgreSQL 1")
    assert (seen.found, seen.newest_message_at) == ("ok", 0)
    assert seen.octets > 2**20
    said = {remark.says for remark in seen.remarks}
    assert "0 leases are held" in said
    assert "no commit waits for a standby; there is none" in said


async def test_one_that_has_no_schema_yet(postgres: PostgresServer) -> None:
    name = await postgres.create()
    assert (await look(postgres.url(name))).found == ""
    await postgres.drop(name)


async def test_one_that_cannot_be_reached_is_told_without_its_password(postgres: PostgresServer) -> None:
    url = "postgresql://postgres:s3cret@127.0.0.1:1/nothing"
    seen = await look(url)
    assert "127.0.0.1:1/nothing cannot be reached" in seen.found
    assert "s3cret" not in str(seen)
    assert seen.advice
    unknown = await look(postgres.url("unknown", postgres.port))
    assert "cannot be used" in unknown.found


@pytest.mark.parametrize(
    ("change", "found", "says"),
    [
        (
            "DELETE FROM aldis.schema_migration WHERE number = 5",
            "ok",
            "its schema is older than this version: 1 migrations are missing",
        ),
        (
            "UPDATE aldis.schema_migration SET checksum = '' WHERE number = 1",
            "migration 0001_start.sql was changed after it had been applied",
            "no commit waits for a standby; there is none",
        ),
        (
            """INSERT INTO aldis.message (message_id, submission_id, account_id, dialect, reference,
                   duplicate_scope, link, priority, sender, recipient, country, coding, octets, segments,
                   price_micros, notify, lane, callback_url, echo, accepted_at, due_at, expires_at)
               VALUES (1, 1, 1, '', '', '', '', 0, '', '', '', 0, '', 1, 0, 0, '', '', '', 7, 7, 7)""",
            "1 messages are not in exactly one of queue, sent and ended",
            "0 leases are held",
        ),
        (
            """INSERT INTO aldis.lease (resource, holder, epoch, until)
               VALUES ('link/a/0', 'x', 1, 'infinity'), ('link/b/0', 'x', 1, '-infinity')""",
            "ok",
            "1 leases are held, 1 are over: link/b/0",
        ),
    ],
    ids=["outdated", "changed", "misplaced", "lease"],
)
async def test_what_is_wrong_is_told(
    postgres: PostgresServer, database: str, change: str, found: str, says: str
) -> None:
    await postgres.execute(change, database.partition("?")[0].rpartition("/")[2])
    seen = await look(database, is_deep=True)
    assert seen.found == found
    assert says in {remark.says for remark in seen.remarks}


async def test_who_holds_a_transaction_open_is_named(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LONG_S", 0)
    db = await asyncpg.connect(database, server_settings={"application_name": "a backup"})
    async with db.transaction():
        seen = await look(database)
    await db.close()
    assert any(remark.says.startswith("a transaction of a backup is open") for remark in seen.remarks)


async def test_a_role_that_sees_little_is_told_what_it_needs(postgres: PostgresServer, database: str) -> None:
    name = database.partition("?")[0].rpartition("/")[2]
    await postgres.execute("DROP ROLE IF EXISTS short_sighted")
    await postgres.execute("CREATE ROLE short_sighted LOGIN")
    for grant in ("USAGE ON SCHEMA aldis", "SELECT ON ALL TABLES IN SCHEMA aldis"):
        await postgres.execute(f"GRANT {grant} TO short_sighted", name)
    seen = await look(postgres.url(name, postgres.port).replace("postgres@", "short_sighted@"))
    assert seen.found == "ok"
    assert any("`GRANT pg_monitor TO`" in remark.advice for remark in seen.remarks)
