"""What is counted of the store for metrics, the minutes of the last day, and how it is, for `aldis doctor`.
Nothing here is asked for while nobody looks, save the one count of what waits.
"""

from __future__ import annotations

from typing import Protocol

import msgspec


class Backlog(msgspec.Struct, frozen=True):
    """What waits."""

    #: queued messages by link, then by priority
    queued: dict[str, dict[int, int]]
    #: postbacks that are neither done nor a dead letter
    postbacks: int

    def of_link(self, link: str) -> int:
        """Count what is queued for a link."""
        return sum(self.queued.get(link, {}).values())


class MetricsStore(Protocol):
    """Counts, and keeps counts."""

    @property
    def commits(self) -> int:
        """How many commits there were since the start; divided by messages, how well they share them."""

    async def backlog(self) -> Backlog:
        """Count what waits, from indexes: tens of milliseconds of a thread for a million."""

    async def count_by_state(self) -> dict[str, int]:
        """Count all messages by state; a scan, for people."""

    async def keep_minute(self, at: int, sample: bytes, purge_before: int) -> None:
        """Keep what a minute was like here, and forget those that are old. Instants in Unix seconds."""

    async def minutes(self, since: int) -> list[bytes]:
        """Give the minutes that every gateway has kept since an instant (Unix seconds), oldest first."""


class StoreRemark(msgspec.Struct, frozen=True):
    """One thing worth a word."""

    says: str
    #: what to do about it; "": nothing
    advice: str = ""
    #: it keeps the store from working, or from keeping what it has said yes to
    is_fault: bool = False


class StoreHealth(msgspec.Struct, frozen=True):
    """What `aldis doctor` saw of a store."""

    #: what works on it, with its version
    engine: str
    #: "ok", or what the engine found wrong; "" where there is nothing yet
    found: str
    octets: int
    newest_message_at: int
    #: of the log beside it, which a long read keeps from beginning anew
    log_octets: int = 0
    #: in the file, for what is written later; `aldis compact` gives them back
    free_octets: int = 0
    #: tables that were not looked at whole
    in_part: tuple[str, ...] = ()
    #: what else the engine tells of itself
    remarks: tuple[StoreRemark, ...] = ()
    #: what to do about what is wrong, where the engine knows
    advice: str = ""
