"""Up to where a link's queue was claimed. A claim reads on from there, not over all that was sent meanwhile,
whose entries of the index stay while an old transaction is open.

What comes to lie behind it is found when the queue is read from its beginning: once a second; when there is
less than was asked for; and after whatever has the claims of a link forget what they know of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import msgspec

from aldis.store.contract.ownership import Lease

#: by priority: when the last was due and which it was; behind it all were claimed
Watermark = tuple[tuple[int, int], ...]
START: Watermark = ((-1, -1),) * 4
#: how long what is accepted now may take to be seen, here or by other gateways, to be claimed at once
MARGIN_MS = 250
#: the queue is read from its beginning this often
REWIND_MS = 1_000


class Reached(msgspec.Struct, frozen=True):
    """How far one link was read, and for how long that counts."""

    watermark: Watermark
    #: when it was read from its beginning last
    since: int
    #: under which leases, and how much had been dropped by then (`LinkClaims.drops`)
    leases: Sequence[Lease]
    drops: int

    def counts(self, leases: Sequence[Lease], drops: int, now: int) -> bool:
        """Tell whether a claim may read on from there."""
        is_recent = 0 <= now - self.since < REWIND_MS
        return is_recent and drops == self.drops and leases == self.leases


def moved_on(
    after: Watermark, rows: Iterable[tuple[int, int, int]], in_hand: Collection[int], now: int
) -> Watermark:
    """Move a watermark over what was read behind it (message, priority, instant due; in order) as far as all
    of it is in hand. Not to what was due just now.
    """
    reached, open_priorities = list(after), set(range(len(after)))
    for message_id, priority, due_at in rows:
        if priority in open_priorities:
            if message_id in in_hand and due_at <= now - MARGIN_MS:
                reached[priority] = (due_at, message_id)
            else:
                open_priorities.discard(priority)
    return tuple(reached)
