"""The writes of content. Who keeps some and who sweeps take rows in one order, and wait for each other."""

from __future__ import annotations

import asyncpg
import msgspec

from aldis.store.postgresql.engine.operations import operation, operation_on_each


class Touch(msgspec.Struct, frozen=True):
    """What is wanted again, if it is there."""

    digest: str
    at: int


class Keep(msgspec.Struct, frozen=True):
    """What is to be there."""

    digest: str
    octets: bytes
    at: int


class ForgetContent(msgspec.Struct, frozen=True):
    """What no message needed when it was looked at."""

    digests: tuple[str, ...]
    #: what somebody has kept since stays
    kept_before: int


_TOUCH = """
WITH asked AS (
    SELECT digest, max(at) AS at FROM unnest($1::text[], $2::bigint[]) AS a (digest, at) GROUP BY digest
), found AS (
    SELECT c.digest, a.at FROM content c JOIN asked a ON a.digest = c.digest
    ORDER BY c.digest FOR NO KEY UPDATE OF c
)
UPDATE content c SET kept_at = greatest(c.kept_at, f.at) FROM found f WHERE c.digest = f.digest
RETURNING c.digest
"""
_KEEP = """
INSERT INTO content (digest, octets, kept_at) VALUES ($1, $2, $3)
ON CONFLICT (digest) DO UPDATE SET octets = EXCLUDED.octets, kept_at = EXCLUDED.kept_at
"""
_FORGET = """
WITH old AS (
    SELECT digest FROM content WHERE digest = ANY($1::text[]) AND kept_at < $2 ORDER BY digest FOR UPDATE
)
DELETE FROM content c USING old WHERE c.digest = old.digest
  AND NOT EXISTS (SELECT 1 FROM content_use u WHERE u.digest = c.digest)
RETURNING c.digest
"""


@operation()
async def touch(db: asyncpg.Connection, items: list[Touch]) -> list[bool]:
    """Have content stay that is there; tells whether it was."""
    digests, instants = zip(*((item.digest, item.at) for item in items), strict=True)
    found = {row[0] for row in await db.fetch(_TOUCH, digests, instants)}
    return [digest in found for digest in digests]


@operation_on_each
async def keep(db: asyncpg.Connection, item: Keep) -> None:
    """Write content."""
    await db.execute(_KEEP, item.digest, item.octets, item.at)


@operation_on_each
async def forget(db: asyncpg.Connection, item: ForgetContent) -> int:
    """Delete content that no message needs; returns how many."""
    return len(await db.fetch(_FORGET, item.digests, item.kept_before))
