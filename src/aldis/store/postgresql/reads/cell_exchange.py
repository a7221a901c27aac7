"""The reads of what cells tell each other."""

from __future__ import annotations

import asyncpg

from aldis.accounts.records import Record
from aldis.store.contract.cell_exchange import DirectoryCopy, SaidConsents
from aldis.store.postgresql.reads.carriers import EARLY_RECEIPT, early_receipt
from aldis.store.postgresql.reads.facts import unescaped_row
from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource
from aldis.traffic.receipt import Receipt

_SAID = """
SELECT entry_id, cell, sender, topic, msisdn, kind, source, words, at FROM consent
WHERE entry_id > $1 ORDER BY entry_id LIMIT $2"""
#: of a counter, before the name of the cell
TAKEN_DIRECTORY = "directory_taken"
_TAKEN = "SELECT coalesce((SELECT up_to FROM cell_taken WHERE cell = $1), 0)"
_NEWEST = "SELECT coalesce(max(entry_id), 0) FROM consent"
_VERSION = "SELECT coalesce((SELECT value FROM counter WHERE name = $1), 0)"
_RECORDS = "SELECT kind, key, body, change_id FROM directory ORDER BY kind, key"
_ACCOUNTS = "SELECT name, account_id FROM account"
_CREDITED = """
SELECT a.name, sum(p.credited)::bigint FROM account a JOIN purse p USING (account_id) GROUP BY a.name"""
_EARLY = f"""
SELECT {EARLY_RECEIPT} FROM parked_receipt
WHERE receipt_id > $1 AND received_at > $2 AND received_at < $3 ORDER BY receipt_id LIMIT $4"""  # noqa: S608 - columns


async def consents_after(db: asyncpg.Connection, after: int, limit: int) -> SaidConsents:
    """Give what was said here, behind an entry."""
    rows = await db.fetch(_SAID, after, limit)
    changes = tuple(
        (entry_id, ConsentChange(sender, topic, number, ConsentKind(kind), ConsentSource(source), words, at))
        for entry_id, cell, sender, topic, number, kind, source, words, at in map(unescaped_row, rows)
        if not cell
    )
    return SaidConsents(rows[-1][0] if rows else after, changes)


async def consents_taken(db: asyncpg.Connection, cell: str) -> int:
    """Tell which entry of another cell is the last here."""
    return int(await db.fetchval(_TAKEN, cell))


async def consents_newest(db: asyncpg.Connection) -> int:
    """Tell which entry is the newest."""
    return int(await db.fetchval(_NEWEST))


async def directory_copy(db: asyncpg.Connection) -> DirectoryCopy:
    """Give the directory, all of one moment."""
    async with db.transaction(isolation="repeatable_read", readonly=True):
        rows = await db.fetch(_RECORDS)
        return DirectoryCopy(
            int(await db.fetchval(_VERSION, "directory_version")),
            tuple((Record(kind, key, body), change_id) for kind, key, body, change_id in rows),
            dict(map(tuple, await db.fetch(_ACCOUNTS))),
            dict(map(tuple, await db.fetch(_CREDITED))),
        )


async def directory_taken(db: asyncpg.Connection, cell: str) -> int:
    """Tell which version of a cell's directory was taken last."""
    return int(await db.fetchval(_VERSION, f"{TAKEN_DIRECTORY} {cell}"))


async def early_receipts(
    db: asyncpg.Connection, after: int, since: int, before: int, limit: int
) -> list[tuple[int, Receipt]]:
    """Give early receipts with their keys."""
    return [early_receipt(row) for row in await db.fetch(_EARLY, after, since, before, limit)]
