"""What a store keeps of the people who operate the gateway: operators, their sessions, keys of the admin API,
and the audit log. What changes something writes its own entry, in the transaction of the change.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from aldis.accounts.staff import ApiToken, AuditEntry, Operator, Role, Session

# Whoever is changed loses all sessions, whoever is no admin any more also the keys that they made. What would
# leave no admin where there is one changes nothing, so that two cannot remove each other.


class PutOperator(msgspec.Struct, frozen=True, tag=True):
    """Add somebody, or change all of them."""

    operator: Operator


class ChangeRole(msgspec.Struct, frozen=True, tag=True):
    """Give somebody another role."""

    name: str
    role: Role


class ChangePassword(msgspec.Struct, frozen=True, tag=True):
    """Give somebody another password."""

    name: str
    password_hash: str


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


OperatorChange = (
    PutOperator
    | ChangeRole
    | ChangePassword
    | RemoveOperator
    | StartSession
    | EndSession
    | PutToken
    | RemoveToken
)


class OperatorStore(Protocol):
    """Who may operate the gateway."""

    async def all(self) -> list[Operator]:
        """Give all operators, by name."""

    async def signed_in(self, digest: str, now: int) -> Operator | None:
        """Tell whose session that is; None for none that is valid."""

    async def sessions(self, now: int) -> list[Session]:
        """Give the sessions that are valid, by operator, newest first."""

    async def tokens(self) -> list[ApiToken]:
        """Give all keys, by name."""

    async def token(self, digest: str, now: int) -> ApiToken | None:
        """Find a key that is valid."""

    async def change(self, change: OperatorChange, entry: AuditEntry | None) -> bool:
        """Carry out a change; whether there was anything to change. Only then the entry is kept."""


class AuditStore(Protocol):
    """Who did what."""

    async def note(self, entry: AuditEntry) -> None:
        """Remember something that was done outside of the store."""

    async def log(self, before: int, limit: int, subject: str = "") -> list[tuple[int, AuditEntry]]:
        """Give entries with their numbers, newest first: those below a number (0: from the newest), all or
        about one subject.
        """
