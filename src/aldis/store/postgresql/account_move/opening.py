"""Moves an account between the databases at two addresses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from aldis.errors import SettingsError
from aldis.store.moving.account import AccountFacts, MovedAway, Switch
from aldis.store.moving.mover import Tell
from aldis.store.postgresql.account_move.mover import AccountMover
from aldis.store.postgresql.account_move.side import CellDatabase, opened
from aldis.store.postgresql.account_move.tables import MovedAccount
from aldis.store.postgresql.engine.address import read_address

_FACTS = """
SELECT coalesce((SELECT state FROM account_move WHERE account_id = $1), ''),
    (SELECT count(*) FROM queue JOIN message USING (message_id) WHERE account_id = $1),
    (SELECT count(*) FROM pending_postback WHERE lane >= $1::text || ' ' AND lane < $1::text || '!'),
    (SELECT count(*) FROM bulk_job WHERE account = $2 AND ended_at = 0)"""
_MONEY = """
SELECT coalesce(sum(credited), 0)::bigint, coalesce(sum(held), 0)::bigint, coalesce(sum(spent), 0)::bigint
FROM purse WHERE account_id = $1"""


async def move_account(
    source: str, target: str, name: str, move: str, switch: Switch, tell: Tell, now: Callable[[], float]
) -> MovedAway:
    """Move an account from one database to another. `move`: names it, if it begins; `now`: a monotonic clock,
    in seconds. Raises SettingsError, MoveFault, StoreUnavailable.
    """
    async with _both(source, target, name) as (one, two, account):
        return await AccountMover(one, two, account, switch, tell, now).run(move)


async def abandon_account(source: str, target: str, name: str, now: Callable[[], float]) -> None:
    """Have an account stay that has not left yet. Raises SettingsError, StoreUnavailable."""

    async def stay() -> None:
        """Change nothing."""

    async with _both(source, target, name) as (one, two, account):
        await AccountMover(one, two, account, stay, lambda _said: None, now).abandon()


async def came_from(target: str, name: str, others: Sequence[str]) -> str | None:
    """Tell from which of some databases an account comes that has not all arrived yet; None: from none."""
    async with opened(target) as side:
        sql = "SELECT other FROM account_move WHERE name = $1 AND role = 'target'"
        shown = await side.db.fetchval(sql, name)
    return next((each for each in others if read_address(each).shown == shown), None)


async def look_at(source: str, target: str, name: str) -> AccountFacts:
    """Tell what there is to move. Raises SettingsError, StoreUnavailable."""
    async with _both(source, target, name) as (one, _, account):
        sql = _FACTS.replace("$1::text", f"'{account.account_id}'")
        ((state, queued, pending, jobs),) = await one.db.fetch(sql, *account)
        money = (await one.db.fetch(_MONEY, account.account_id))[0]
        return AccountFacts(state, queued, pending, jobs, tuple(money))


@asynccontextmanager
async def _both(
    source: str, target: str, name: str
) -> AsyncIterator[tuple[CellDatabase, CellDatabase, MovedAccount]]:
    async with opened(source) as one, opened(target) as two:
        account_id, _ = [await _id_of(side, name) for side in (one, two)]
        yield one, two, MovedAccount(account_id, name)


async def _id_of(side: CellDatabase, name: str) -> int:
    found = await side.db.fetchval("SELECT account_id FROM account WHERE name = $1", name)
    if found is None:
        raise SettingsError([f"{side.shown} does not know {name}: apply the directory there first"])
    return int(found)
