"""The write of wrong passwords, which gateways count together."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from uuid import UUID

import asyncpg

from aldis.accounts.lock_out import FORGET_S
from aldis.store.contract.shared import CountChange, Failures, Tries
from aldis.store.postgresql.engine.operations import operation

#: so many keys are remembered, of those that failed last
MOST = 100_000
FORGET_MS = int(FORGET_S * 1000)
NONE = Failures(0, 0)

#: also of those that are not known: two gateways that fail for the first time count both
_LOCK = """
INSERT INTO failure AS f (key, count, allowed_at)
SELECT key, 0, 0 FROM unnest($1::uuid[]) AS k (key) ORDER BY key
ON CONFLICT (key) DO UPDATE SET count = f.count RETURNING key, count, allowed_at"""
_KEEP = """
UPDATE failure f SET count = k.count, allowed_at = k.allowed_at
FROM unnest($1::uuid[], $2::integer[], $3::bigint[]) AS k (key, count, allowed_at) WHERE f.key = k.key"""
_FORGET = "DELETE FROM failure WHERE key = ANY($1::uuid[])"
FORGET_OLD = """
DELETE FROM failure WHERE allowed_at <= greatest($1,
    coalesce((SELECT allowed_at FROM failure ORDER BY allowed_at DESC LIMIT 1 OFFSET $2), 0))"""


#: before what others lock, and after nonces
@operation(rank=-3)
async def tell(db: asyncpg.Connection, items: list[Tries]) -> list[tuple[bool, Sequence[Failures]]]:
    """Count failures, or forget them."""
    ids = {key: _id_of(key) for item in items for key in item.keys}
    rows = await db.fetch(_LOCK, sorted(set(ids.values())))
    standing = {key: Failures(count, allowed_at) for key, count, allowed_at in rows}
    answers: list[tuple[bool, Sequence[Failures]]] = []
    for item in items:
        keys = [ids[key] for key in item.keys]
        may = item.change is not CountChange.BEGIN or all(
            standing[key].allowed_at <= item.now for key in keys
        )
        if may:
            standing.update({key: _told(item, standing[key]) for key in keys})
        answers.append((may, [standing[key] for key in keys]))
    kept = [(key, *each) for key, each in standing.items() if each.failed]
    if kept:
        await db.execute(_KEEP, *zip(*kept, strict=True))
    if len(kept) < len(standing):
        await db.execute(_FORGET, [key for key, each in standing.items() if not each.failed])
    return answers


def _told(item: Tries, before: Failures) -> Failures:
    """Tell how a key stands after a change."""
    count = before.failed if item.now < before.allowed_at + FORGET_MS else 0
    match item.change:
        case CountChange.FORGET:
            return NONE
        case CountChange.TAKE_BACK:
            return Failures(max(0, count - 1), item.now)
        case CountChange.BEGIN | CountChange.COUNT:
            wait_s = item.rules.wait_s(count + 1)
            return Failures(count + 1, item.now + int(wait_s * 1000))


def _id_of(key: str) -> UUID:
    return UUID(bytes=blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest())
