"""Statements go by an index, whatever their tables look like when they are planned."""

from __future__ import annotations

from uuid import uuid4

import pytest

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.link_states import LinkState, Wanted
from aldis.store.postgresql.engine.address import read_address
from aldis.store.postgresql.engine.connection import READING, SEARCHING, WRITING, Purpose, connect
from aldis.store.postgresql.engine.opening import open_engine
from aldis.store.postgresql.stores.link_states import PostgresqlLinkStates
from tests.fakes.postgresql import PostgresServer
from tests.store.postgresql.plans import EXPLAINING, Plans

#: a statement about the table `parcel`, and what is wrong with its plan
STATEMENTS = [
    ("SELECT * FROM parcel WHERE number = 7", ""),
    ("SELECT * FROM parcel ORDER BY number DESC LIMIT 7", ""),
    ("SELECT p.* FROM unnest('{1,2}'::bigint[]) AS wanted (number) JOIN parcel p USING (number)", ""),
    ("DELETE FROM parcel WHERE number = ANY('{1,2}')", ""),
    ("SELECT * FROM parcel WHERE state = 'x'", "on parcel"),
    ("SELECT number FROM parcel", "on parcel"),
    ("SELECT number FROM parcel ORDER BY number", "of all of parcel_pkey on parcel"),
    ("DELETE FROM parcel WHERE state = 'x' AND weight > 7", "on parcel"),
    ("SELECT * FROM unnest('{a,b}'::text[]) w LEFT JOIN parcel p ON number < 7 AND p.state = w", "part"),
    ("SELECT count(*) FROM parcel a FULL JOIN parcel b USING (state)", "Join"),
]


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans are judged here, and not by the fixture of the database."""
    monkeypatch.delenv("ALDIS_PLANS", raising=False)


async def faults_of(postgres: PostgresServer, database: str, purpose: Purpose, statement: str) -> list[str]:
    """Run a statement about a table that is made for it; tell what is wrong with its plan."""
    name = database.partition("?")[0].rpartition("/")[2]
    parcel = "CREATE TABLE aldis.parcel (number bigint PRIMARY KEY, state text, weight integer)"
    await postgres.execute(parcel, name)
    plans = Plans(postgres.log)
    db = await connect(read_address(f"{database}&{EXPLAINING}"), purpose, "one")
    await db.fetch(statement)
    await db.close()
    return [faulty.why for faulty in plans.faulty()]


@pytest.mark.parametrize(("statement", "fault"), STATEMENTS)
async def test_a_plan_that_reads_a_whole_table_is_found(
    postgres: PostgresServer, database: str, statement: str, fault: str
) -> None:
    found = await faults_of(postgres, database, WRITING, statement)
    assert bool(found) == bool(fault)
    assert not fault or any(fault in why for why in found)


@pytest.mark.parametrize(("purpose", "may"), [(WRITING, False), (READING, False), (SEARCHING, True)])
async def test_who_searches_may_read_a_whole_table(
    postgres: PostgresServer, database: str, purpose: Purpose, *, may: bool
) -> None:
    found = await faults_of(postgres, database, purpose, "SELECT * FROM parcel WHERE state = 'x'")
    assert bool(found) != may


async def test_a_plan_is_made_for_all_values(database: str) -> None:
    db = await connect(read_address(database), WRITING, "one")
    await db.execute("PREPARE waiting (text) AS SELECT * FROM audit WHERE subject = $1")
    (plan,) = [row[0] for row in await db.fetch("EXPLAIN (COSTS OFF) EXECUTE waiting('x')")][1:]
    assert plan.strip() == "Index Cond: (subject = $1)"
    await db.close()


async def test_what_the_engine_writes_goes_by_an_index(postgres: PostgresServer, database: str) -> None:
    plans = Plans(postgres.log)
    engine = await open_engine(f"{database}&{EXPLAINING}", "one", uuid4())
    links = PostgresqlLinkStates(engine.writer, engine.gateway)
    entry = AuditEntry(1, "ada", "console", "stop link", "demo")
    await links.want(LinkState("demo", Wanted.STOPPED, "ada", 1), entry)
    await links.wanted()
    await engine.close()
    heard = [plan["Query Text"] for _, plan in plans.heard()]
    for table in ("gateway", "audit", "link_order"):
        assert any(table in statement for statement in heard)
    assert plans.faulty() == set()
