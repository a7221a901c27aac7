"""The writes of what cells tell each other."""

from __future__ import annotations

import asyncpg
import msgspec
from msgspec.structs import astuple

from aldis.errors import AdminError
from aldis.store.contract.cell_exchange import DirectoryCopy, SaidConsents
from aldis.store.postgresql.engine.columns import columns_of
from aldis.store.postgresql.engine.operations import locking, operation_on_each
from aldis.store.postgresql.reads.cell_exchange import TAKEN_DIRECTORY
from aldis.store.postgresql.writes import consent, locks

_TAKEN = """
INSERT INTO cell_taken AS t (cell, up_to) VALUES ($1, 0)
ON CONFLICT (cell) DO UPDATE SET up_to = t.up_to RETURNING up_to"""
_TOOK = "UPDATE cell_taken SET up_to = $2 WHERE cell = $1"

#: as who changes it here
_LOCK = "LOCK TABLE directory IN SHARE ROW EXCLUSIVE MODE"
_VERSION = """
INSERT INTO counter AS c (name, value) VALUES ($1, 0)
ON CONFLICT (name) DO UPDATE SET value = c.value RETURNING value"""
_TOOK_VERSION = "UPDATE counter SET value = $1 WHERE name = $2"
_OTHERS = """
SELECT a.name FROM account a JOIN unnest($1::text[], $2::bigint[]) t (name, account_id)
    ON (a.name = t.name) <> (a.account_id = t.account_id)"""
_ACCOUNTS = """
WITH made AS (
    INSERT INTO account (name, account_id) SELECT * FROM unnest($1::text[], $2::bigint[])
    ON CONFLICT DO NOTHING RETURNING account_id)
INSERT INTO purse (account_id, slot) SELECT account_id, 0 FROM made"""
_REMOVE = """
DELETE FROM directory WHERE (kind, key) NOT IN (SELECT * FROM unnest($1::text[], $2::text[]))"""
_PUT = """
INSERT INTO directory AS d (kind, key, body, change_id)
SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bigint[])
ON CONFLICT (kind, key) DO UPDATE SET body = EXCLUDED.body, change_id = EXCLUDED.change_id
WHERE d.body <> EXCLUDED.body OR d.change_id <> EXCLUDED.change_id"""
_PURSES = """
SELECT p.account_id FROM purse p JOIN account a USING (account_id) WHERE a.name = ANY ($1::text[])
ORDER BY p.account_id, p.slot FOR UPDATE OF p"""
_CREDIT = """
UPDATE purse p SET credited = p.credited + paid.micros - had.micros
FROM account a JOIN unnest($1::text[], $2::bigint[]) paid (name, micros) USING (name)
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(credited), 0) AS micros FROM purse o WHERE o.account_id = a.account_id) had
WHERE p.account_id = a.account_id AND p.slot = 0 AND paid.micros <> had.micros"""
_BUMP = "UPDATE counter SET value = value + 1 WHERE name = 'directory_version'"


class TakenConsents(msgspec.Struct, frozen=True):
    """What another cell tells."""

    cell: str
    said: SaidConsents


@locking(lambda _item: [locks.consenting()])
@operation_on_each
async def take_consents(db: asyncpg.Connection, item: TakenConsents) -> None:
    """Keep what is new of it."""
    taken = int(await db.fetchval(_TAKEN, item.cell))
    for entry_id, change in item.said.changes:
        if entry_id > taken:
            await consent.take(db, change, item.cell)
    await db.execute(_TOOK, item.cell, max(taken, item.said.up_to))


@operation_on_each
async def take_directory(db: asyncpg.Connection, copy: DirectoryCopy) -> None:
    """Have it as it is in another cell, with the money of the accounts that are named."""
    await db.execute(_LOCK)
    taken = f"{TAKEN_DIRECTORY} {copy.cell}"
    if int(await db.fetchval(_VERSION, taken)) >= copy.version:
        return
    accounts = columns_of(sorted(copy.accounts.items()), 2)
    if others := await db.fetch(_OTHERS, *accounts):
        raise AdminError(f"account `{others[0][0]}` is another one in that cell", 409)
    await db.execute(_ACCOUNTS, *accounts)
    await db.execute(_REMOVE, *columns_of([record.place for record, _ in copy.records], 2))
    await db.execute(_PUT, *columns_of([(*astuple(record), made_by) for record, made_by in copy.records], 4))
    if copy.credited:
        await db.fetch(_PURSES, list(copy.credited))
        await db.execute(_CREDIT, *columns_of(sorted(copy.credited.items()), 2))
    await db.execute(_TOOK_VERSION, copy.version, taken)
    await db.execute(_BUMP)  # last: others wait for this row
