"""The write of the directory, with its history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import asyncpg
from msgspec.structs import astuple

from aldis.accounts.history import Change
from aldis.accounts.records import ACCOUNT, Record
from aldis.store.contract.directory import Carrying
from aldis.store.postgresql.engine.columns import columns_of
from aldis.store.postgresql.engine.operations import Lock, locking, operation_on_each
from aldis.store.postgresql.reads.directory import newest
from aldis.store.postgresql.writes import auditing, consent, locks
from aldis.store.rules.changes import changes_of, entries_of, newly_covered_by

#: one change after the other, as each is based on the one before; nobody who reads waits
_LOCK = "LOCK TABLE directory IN SHARE ROW EXCLUSIVE MODE"
_BODIES = """
SELECT d.kind, d.key, d.body FROM directory d JOIN unnest($1::text[], $2::text[]) asked (kind, key)
USING (kind, key)"""
_REMEMBER = """
INSERT INTO directory_history (at, actor, via, kind, key, before, after, undoes)
SELECT at, actor, via, kind, key, before, after, undoes
FROM unnest(
        $1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bytea[], $7::bytea[], $8::bigint[])
    WITH ORDINALITY change (at, actor, via, kind, key, before, after, undoes, place)
ORDER BY place RETURNING change_id"""
_PUT = """
INSERT INTO directory (kind, key, body, change_id)
SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bigint[])
ON CONFLICT (kind, key) DO UPDATE SET body = EXCLUDED.body, change_id = EXCLUDED.change_id"""
_REMOVE = """
DELETE FROM directory WHERE (kind, key) IN (SELECT * FROM unnest($1::text[], $2::text[]))"""
_SAID = """
INSERT INTO directory_applied (kind, key, body) SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[])
ON CONFLICT (kind, key) DO UPDATE SET body = EXCLUDED.body"""
_ACCOUNTS = """
WITH made AS (
    INSERT INTO account (name) SELECT * FROM unnest($1::text[]) ON CONFLICT DO NOTHING RETURNING account_id)
INSERT INTO purse (account_id, slot) SELECT account_id, 0 FROM made"""
_CREDITED = """
SELECT a.name, p.credited FROM account a JOIN purse p USING (account_id) WHERE a.name = ANY ($1::text[])
ORDER BY p.account_id, p.slot FOR UPDATE OF p"""
#: the purse of admission, wherever that is
_CREDIT = """
UPDATE purse p SET credited = p.credited + paid.micros
FROM account a JOIN unnest($1::text[], $2::bigint[]) paid (name, micros) USING (name)
WHERE p.account_id = a.account_id
    AND p.slot = (SELECT min(o.slot) FROM purse o WHERE o.account_id = a.account_id)"""
_BUMP = "UPDATE counter SET value = value + 1 WHERE name = 'directory_version'"


def _consenting(_item: Carrying) -> list[Lock]:
    """Lock consents: who has opted out of one sender may be opted out of another."""
    return [locks.consenting()]


@locking(_consenting)
@operation_on_each
async def carry_out(db: asyncpg.Connection, item: Carrying) -> bool:
    """Carry out a plan but for its opt-ins; it bumps the directory's version once."""
    plan = item.plan
    await db.execute(_LOCK)
    if await newest(db) != plan.based_on:
        return False
    places = [*(record.place for record in plan.records), *plan.removed]
    bodies = {(kind, key): body for kind, key, body in await db.fetch(_BODIES, *columns_of(places, 2))}
    await db.execute(_ACCOUNTS, [record.key for record in plan.records if record.kind == ACCOUNT])
    credited = await _credited(db, sorted(plan.credited))
    changes = changes_of(item, bodies, credited)
    numbers = await _remember(db, changes)
    await _put(db, plan.records, numbers)
    if plan.removed:
        await db.execute(_REMOVE, *columns_of(plan.removed, 2))
    if plan.applied:
        await db.execute(_SAID, *columns_of([astuple(said) for said in plan.applied], 3))
    if plan.credited:
        added = [micros - credited[name] for name, micros in plan.credited.items()]
        await db.execute(_CREDIT, list(plan.credited), added)
    for senders, sender in newly_covered_by(item, bodies):
        await consent.spread(db, senders, sender, item.now)
    if entries := entries_of(item, changes, numbers):
        await auditing.note(db, entries)
    if plan.lines:
        await db.execute(_BUMP)  # last: others wait for this row
    return True


async def _credited(db: asyncpg.Connection, names: Sequence[str]) -> Mapping[str, int]:
    """Give what was ever paid in, of all purses of an account, which are locked."""
    sums = dict.fromkeys(names, 0)
    for name, micros in await db.fetch(_CREDITED, names) if names else ():
        sums[name] += micros
    return sums


async def _remember(db: asyncpg.Connection, changes: Sequence[Change]) -> list[int]:
    """Write changes; gives their numbers."""
    if not changes:
        return []
    rows = [astuple(change)[1:] for change in changes]
    return [number for (number,) in await db.fetch(_REMEMBER, *columns_of(rows, 8))]


async def _put(db: asyncpg.Connection, records: Sequence[Record], numbers: Sequence[int]) -> None:
    """Write records with the numbers of their changes, which are the first."""
    if records:
        rows = [(*astuple(each), number) for each, number in zip(records, numbers, strict=False)]
        await db.execute(_PUT, *columns_of(rows, 4))
