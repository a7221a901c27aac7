"""The write of what operators want of links."""

from __future__ import annotations

import asyncpg
from msgspec.structs import astuple

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.link_states import LinkState
from aldis.store.postgresql.engine.operations import operation_on_each
from aldis.store.postgresql.writes import auditing

_WANT = """
INSERT INTO link_order (link, wanted, actor, at) VALUES ($1, $2, $3, $4)
ON CONFLICT (link) DO UPDATE SET wanted = EXCLUDED.wanted, actor = EXCLUDED.actor, at = EXCLUDED.at"""


@operation_on_each
async def want(db: asyncpg.Connection, item: tuple[LinkState, AuditEntry]) -> None:
    """Keep what is wanted, and what is to be remembered of it."""
    state, entry = item
    await db.execute(_WANT, *astuple(state))
    await auditing.note(db, [entry])
