"""The write of what signed requests have used."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from aldis.store.postgresql.engine.operations import operation

_TAKE = """
INSERT INTO nonce (key, signed_at) SELECT * FROM unnest($1::uuid[], $2::bigint[]) AS n (key, signed_at)
ORDER BY key ON CONFLICT DO NOTHING RETURNING key"""
FORGET_OLD = "DELETE FROM nonce WHERE signed_at < $1"


#: first: one that another transaction takes at the same moment is waited for with nothing else in hand
@operation(rank=-4)
async def take(db: asyncpg.Connection, items: list[tuple[UUID, int]]) -> list[bool]:
    """Take nonces (digest, timestamp); whether each was free."""
    free = {row[0] for row in await db.fetch(_TAKE, *zip(*items, strict=True))}
    answers = []
    for key, _ in items:
        answers.append(key in free)
        free.discard(key)
    return answers
