"""What was read and is not settled, whose rows still look due: bounded in all and for each account. Pure.

As with connections (`lanes.py`), nobody may hold more than is free, and the last quarter is for lanes of
which nothing is held: however many accounts' endpoints are slow, whoever comes is read.
"""

from __future__ import annotations

from collections import Counter

from aldis.traffic.postback import place_of

#: for each connection
HELD = 8


class Held:
    """Counts them."""

    def __init__(self, connections: int, account_share: float) -> None:
        self._most = HELD * connections
        self._shared = self._most - self._most // 4
        self._per_account = max(1, int(self._most * account_share))
        self._lanes: dict[str, set[int]] = {}
        self._accounts: Counter[int] = Counter()
        self._count = 0

    def room(self, lane: str) -> int:
        """How many more may be read of a lane."""
        of_account = self._accounts[place_of(lane).account_id]
        room = min(self._per_account, self._shared - self._count) - of_account
        if room > 0:
            return room
        return int(lane not in self._lanes and of_account < min(self._per_account, self._most - self._count))

    def of(self, lane: str) -> frozenset[int] | set[int]:
        """Give those of a lane."""
        return self._lanes.get(lane, _NONE)

    def has_any(self, account_id: int) -> bool:
        """Tell whether any of an account's are."""
        return self._accounts[account_id] > 0

    def add(self, lane: str, postback_ids: list[int]) -> None:
        """Count what was read."""
        self._lanes.setdefault(lane, set()).update(postback_ids)
        self._accounts[place_of(lane).account_id] += len(postback_ids)
        self._count += len(postback_ids)

    def release(self, lane: str, postback_id: int) -> None:
        """Count one out, if it is still held."""
        held, account_id = self._lanes.get(lane), place_of(lane).account_id
        if held is None or postback_id not in held:
            return
        held.remove(postback_id)
        self._count -= 1
        self._accounts[account_id] -= 1
        if not held:
            del self._lanes[lane]
        if not self._accounts[account_id]:
            del self._accounts[account_id]


_NONE: frozenset[int] = frozenset()
