"""The write of consents: what the operator's file says, as opening a directory needs it."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from aldis.accounts.staff import AuditEntry
from aldis.store.postgresql.engine.operations import operation_on_each
from aldis.traffic.consent import ConsentChange

_OPT_IN = """
INSERT INTO opt_in (sender, topic, msisdn, since_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"""


@operation_on_each
async def change_audited(
    db: asyncpg.Connection, item: tuple[tuple[ConsentChange, ...], AuditEntry | None]
) -> list[bool]:
    """Add opt-ins."""
    changes, _entry = item
    return [
        await db.execute(_OPT_IN, each.sender, each.topic, each.msisdn, each.at) == "INSERT 0 1"
        for each in changes
    ]


async def spread(db: asyncpg.Connection, senders: Sequence[str], sender: str, now: int) -> None:
    """Opt who has opted out of any of some senders out of another."""
