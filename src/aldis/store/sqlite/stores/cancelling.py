"""Cancels messages while nobody can claim them."""

from __future__ import annotations

from collections.abc import Sequence

from aldis.store.contract.ownership import Lease
from aldis.store.memory.claims import Claims, LinkClaims
from aldis.store.sqlite.engine.writer import Writer
from aldis.store.sqlite.writes import cancelling


async def cancel(
    writer: Writer,
    claims: Claims,
    hands: Sequence[tuple[LinkClaims, int]],
    reason: str,
    now: int,
    lease: Lease | None = None,
) -> int:
    """End messages that nobody has claimed; returns how many still waited."""
    with claims.in_our_hands(hands):
        ids = tuple(message_id for _, message_id in hands)
        return await writer.call(
            cancelling.cancel, cancelling.Cancel(ids, reason, now, lease), messages=len(ids)
        )
