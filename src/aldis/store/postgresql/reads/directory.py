"""The reads of the directory: its documents, the accounts' credit and its history; `changes.py` in `writes/`
writes them.
"""

from __future__ import annotations

import asyncpg
import msgspec

from aldis.accounts.directory import Directory
from aldis.accounts.history import Change
from aldis.accounts.plan import Stored
from aldis.accounts.records import Record, snapshot
from aldis.store.contract.queries import Balance

COLUMNS = "change_id, at, actor, via, kind, key, before, after, undoes"
_NEWEST = "SELECT coalesce(max(change_id), 0) FROM directory_history"
_FIND = f"SELECT {COLUMNS} FROM directory_history WHERE change_id = $1"  # noqa: S608 - columns
_OF_ALL = f"""
SELECT {COLUMNS} FROM directory_history WHERE change_id < $1 ORDER BY change_id DESC LIMIT $2"""  # noqa: S608
_OF_A_KIND = f"""
SELECT {COLUMNS} FROM directory_history WHERE kind = $1 AND change_id < $2
ORDER BY change_id DESC LIMIT $3"""  # noqa: S608 - columns
_OF_ONE = f"""
SELECT {COLUMNS} FROM directory_history WHERE kind = $1 AND key = $2 AND change_id < $3
ORDER BY change_id DESC LIMIT $4"""  # noqa: S608 - columns
_VERSION = "SELECT value FROM counter WHERE name = 'directory_version'"
_BALANCES = """
SELECT a.name, sum(p.credited)::bigint, sum(p.held)::bigint, sum(p.spent)::bigint
FROM account a JOIN purse p USING (account_id) GROUP BY a.name ORDER BY a.name"""
_LEAVING = """
SELECT account_id, state IN ('closed', 'left') FROM account_move
WHERE role = 'source' AND state <> 'copying'"""
_CREDITED = """
SELECT a.name, sum(p.credited)::bigint FROM account a JOIN purse p USING (account_id) GROUP BY a.name"""


async def newest(db: asyncpg.Connection) -> int:
    """Give the number of the newest change; 0 for none."""
    return int(await db.fetchval(_NEWEST))


async def find(db: asyncpg.Connection, change_id: int) -> Change | None:
    """Give one change."""
    row = await db.fetchrow(_FIND, change_id)
    return None if row is None else Change(*row)


async def history(db: asyncpg.Connection, kind: str, key: str, before: int, limit: int) -> list[Change]:
    """Give changes, newest first."""
    before = before or 2**62
    if not kind:
        rows = await db.fetch(_OF_ALL, before, limit)
    elif key == "*":
        rows = await db.fetch(_OF_A_KIND, kind, before, limit)
    else:
        rows = await db.fetch(_OF_ONE, kind, key, before, limit)
    return [Change(*row) for row in rows]


async def version(db: asyncpg.Connection) -> int:
    """Give the number that grows with each change."""
    return int(await db.fetchval(_VERSION))


async def load(db: asyncpg.Connection) -> Directory:
    """Build the directory from its rows, all of one moment."""
    async with db.transaction(isolation="repeatable_read", readonly=True):
        rows = await db.fetch("SELECT kind, key, body FROM directory ORDER BY kind, key")
        accounts = await db.fetch("SELECT name, account_id FROM account")
        moves = dict(map(tuple, await db.fetch(_LEAVING)))
        found = snapshot(await version(db), [Record(*row) for row in rows], dict(map(tuple, accounts)))
    closed = frozenset(account_id for account_id, is_closed in moves.items() if is_closed)
    return msgspec.structs.replace(found, leaving=frozenset(moves), closed=closed)


async def stored(db: asyncpg.Connection) -> Stored:
    """Give the rows themselves, all of one moment, to plan a change."""
    async with db.transaction(isolation="repeatable_read", readonly=True):
        rows = await db.fetch("SELECT kind, key, body, change_id FROM directory")
        applied = await db.fetch("SELECT kind, key, body FROM directory_applied")
        return Stored(
            records={(kind, key): body for kind, key, body, _ in rows},
            credited=dict(map(tuple, await db.fetch(_CREDITED))),
            version=await newest(db),
            versions={(kind, key): change_id for kind, key, _, change_id in rows},
            applied={(kind, key): body for kind, key, body in applied},
        )


async def balances(db: asyncpg.Connection) -> dict[str, Balance]:
    """Give every account's money, by name."""
    return {name: Balance(*micros) for name, *micros in await db.fetch(_BALANCES)}
