"""How one claim is shared between priorities. Pure.

The urgent go first, but every waiting class keeps a tenth of each claim, so that bulk still moves while
interactive traffic could fill the link by itself.
"""

from __future__ import annotations

RESERVED = 0.1


def share(waiting: dict[int, int], limit: int) -> dict[int, int]:
    """Split `limit` over classes of which so many wait; higher numbers are more urgent. The parts add up to
    what can be taken.
    """
    order = sorted(waiting, reverse=True)
    reserve = int(limit * RESERVED)
    parts = {priority: min(waiting[priority], reserve) for priority in order}
    left = limit - sum(parts.values())
    for priority in order:
        more = min(waiting[priority] - parts[priority], left)
        parts[priority] += more
        left -= more
    return parts
