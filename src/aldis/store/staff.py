"""What a store keeps of the people who operate the house: operators, their sessions, keys of the admin API,
and what was done. Changes and their audit entries share a transaction.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from aldis.accounts.staff import ApiToken, AuditEntry, Operator, Session


class PutOperator(msgspec.Struct, frozen=True, tag=True):
    """Add or change somebody; whoever changes loses all sessions."""

    operator: Operator


class RemoveOperator(msgspec.Struct, frozen=True, tag=True):
    """Let somebody in no more."""

    name: str


class StartSession(msgspec.Struct, frozen=True, tag=True):
    """Sign somebody in, and forget sessions that are over."""

    session: Session


class EndSession(msgspec.Struct, frozen=True, tag=True):
    """Sign a browser out."""

    digest: str


class PutToken(msgspec.Struct, frozen=True, tag=True):
    """Add a key."""

    token: ApiToken


class RemoveToken(msgspec.Struct, frozen=True, tag=True):
    """Take a key back."""

    name: str


class Note(msgspec.Struct, frozen=True, tag=True):
    """Change nothing here: something is to be remembered that was done elsewhere."""


StaffChange = Note | PutOperator | RemoveOperator | StartSession | EndSession | PutToken | RemoveToken


class StaffStore(Protocol):
    """One method, one transaction, as in `contract.py`."""

    async def operators(self) -> list[Operator]:
        """Give all, by name."""
        ...

    async def signed_in(self, digest: str, now: int) -> Operator | None:
        """Tell whose session that is; None for none that is valid."""
        ...

    async def tokens(self) -> list[ApiToken]:
        """Give all keys, by name."""
        ...

    async def token(self, digest: str, now: int) -> ApiToken | None:
        """Find a key that is valid."""
        ...

    async def change_staff(self, change: StaffChange, entry: AuditEntry | None) -> bool:
        """Carry out a change; whether there was anything to change. Only then the entry is kept."""
        ...

    async def note(self, entry: AuditEntry) -> None:
        """Keep an entry about something that is kept elsewhere."""
        ...

    async def audit_log(self, before: int, limit: int, subject: str = "") -> list[tuple[int, AuditEntry]]:
        """Give entries with their numbers, newest first: those below a number (0: from the newest), all or
        about one subject.
        """
        ...
