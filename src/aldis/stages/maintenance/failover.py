"""Decides which links have been down for so long that their messages should take another. Pure but for its
memory.
"""

from __future__ import annotations

from collections.abc import Mapping


class Failover:
    """Remembers since when each link is down."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._down_since: dict[str, float] = {}

    def down_too_long(self, are_up: Mapping[str, bool], now: float) -> list[str]:
        """Tell which links have been down too long, given which are up; none where no link is up."""
        for name, is_up in are_up.items():
            if is_up:
                self._down_since.pop(name, None)
            else:
                self._down_since.setdefault(name, now)
        if not any(are_up.values()):
            return []
        return [name for name, since in self._down_since.items() if now - since >= self._patience_s]
