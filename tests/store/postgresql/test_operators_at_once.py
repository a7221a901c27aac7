"""What two gateways do to operators, the directory and jobs at the same moment: the second one sees what the first
one did. Both are made to wait for a lock, and let go together.
"""

from __future__ import annotations

import msgspec

from aldis.accounts.plan import plan_record
from aldis.accounts.records import CARRIER, Record
from aldis.accounts.staff import Actor, AuditEntry, Operator, Role
from aldis.store.contract.bulk import AddJob
from aldis.store.contract.directory import Carrying
from aldis.store.contract.operators import PutOperator, RemoveOperator
from aldis.store.contract.store import Store
from aldis.traffic.bulk import Mapping
from tests.store.building import NOW
from tests.store.postgresql.at_once import at_once


async def test_two_admins_cannot_remove_each_other(both: list[Store], database: str) -> None:
    names = ("ada", "otto")
    for name in names:
        await both[0].operators.change(PutOperator(Operator(name, Role.ADMIN, "#", NOW)), None)
    calls = [
        store.operators.change(RemoveOperator(name), None) for store, name in zip(both, names, strict=True)
    ]
    done = await at_once(database, "LOCK TABLE operator IN ACCESS EXCLUSIVE MODE", calls)
    assert sorted(done) == [False, True]
    assert len(await both[0].operators.all()) == 1


async def test_of_two_changes_on_one_version_the_second_is_planned_again(
    both: list[Store], database: str
) -> None:
    stored = await both[0].changes.stored()
    before = await both[0].directory.version()
    records = [Record(CARRIER, name, msgspec.json.encode({"name": name})) for name in ("x", "y")]
    calls = [
        store.changes.carry_out(
            Carrying(plan_record(record, stored), Actor("ada", Role.ADMIN, "console"), NOW)
        )
        for store, record in zip(both, records, strict=True)
    ]
    done = await at_once(database, "LOCK TABLE directory IN ACCESS EXCLUSIVE MODE", calls)
    assert sorted(done) == [False, True]
    assert len((await both[0].changes.stored()).records) == 1
    assert await both[0].directory.version() == before + 1


async def test_one_key_makes_one_job(both: list[Store], database: str) -> None:
    entry = AuditEntry(NOW, "otto", "api", "load bulk job", "")
    job = AddJob("a\0b", "rich", ("to",), Mapping("to", "Hello"), "otto", NOW, entry, "key", "same")
    other = msgspec.structs.replace(job, fingerprint="other")
    calls = [both[0].bulk.change(job), both[1].bulk.change(job)]
    one, two = await at_once(database, "LOCK TABLE bulk_job IN ACCESS EXCLUSIVE MODE", calls)
    assert one == two > 0
    assert await both[0].bulk.change(other) == 0
    (kept,) = await both[1].bulk.jobs(0, 10)
    assert (kept.job_id, kept.name) == (one, "a\0b")
