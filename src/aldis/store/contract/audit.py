"""The audit log. What changes something writes its own entry, in the transaction of the change."""

from __future__ import annotations

from typing import Protocol

from aldis.accounts.staff import AuditEntry


class AuditStore(Protocol):
    """Who did what."""

    async def note(self, entry: AuditEntry) -> None:
        """Remember something that was done outside of the store."""

    async def log(self, before: int, limit: int, subject: str = "") -> list[tuple[int, AuditEntry]]:
        """Give entries with their numbers, newest first: those below a number (0: from the newest), all or
        about one subject.
        """
