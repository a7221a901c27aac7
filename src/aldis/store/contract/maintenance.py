"""What maintenance does to what is kept: deadlines, failover, retention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from aldis.store.contract.ownership import Lease


class Purged(msgspec.Struct, frozen=True):
    """What became of one look at old messages."""

    forgotten: int
    #: where to look on; 0: from the start
    after: int


class MaintenanceStore(Protocol):
    """Small batches of what has to be done some time. A lease is maintenance's, or of a link's slot: whoever
    has it looks after what waits in its own slots and in nobody's, and lets be what is in another's.
    """

    async def expire(self, lease: Lease, limit: int, now: int, patience_ms: int) -> int:
        """End what has waited too long: `queued` past its validity; under maintenance's lease also `sent` for
        longer than the patience for a receipt. Looks at `limit` messages whose review is due; returns how
        many ended.
        """

    async def cancel_opted_out(self, lease: Lease, limit: int, now: int) -> int:
        """End up to `limit` queued messages to people who have opted out, and free their money. Returns how
        many.
        """

    async def fail_over(self, lease: Lease, link: str, up: Sequence[str], limit: int, now: int) -> int:
        """Move up to `limit` messages that are due and wait for a link to the first of their backups that is
        among `up`. Returns how many.
        """

    async def purge(self, limit: int, before: int, after: int) -> Purged:
        """Forget messages that ended before an instant, with all that hangs on them; looks at
        `limit` messages with ids above `after`. What is kept by ranges (`make_room`) goes when all of its
        range may.
        """

    async def make_room(self, now: int, retention_ms: int) -> None:
        """Have room for the messages that come next, where an engine keeps them by ranges of time; their
        length follows how long messages are kept.
        """

    async def purge_inbound(self, limit: int, before: int) -> int:
        """Forget up to `limit` messages from handsets that came before an instant and owe nothing. Returns
        how many.
        """

    async def forget_counts(self, now: int) -> None:
        """Forget what was counted for all gateways together, as far as it counts no more."""

    async def unused_content(self, digests: Sequence[str]) -> set[str]:
        """Tell which of these contents no message needs, neither to a handset nor from one."""

    async def index_recipients(self, limit: int, open_ids: int) -> int:
        """Write down to whom the next messages went, to find numbers sooner: go on by `limit` ids at most, or
        messages where ids lie far apart, and leave the newest `open_ids`. Returns by how many ids it came on.
        """
