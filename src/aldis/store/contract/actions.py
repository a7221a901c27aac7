"""What operators do to messages. A change and its audit entry share a transaction."""

from __future__ import annotations

from typing import Protocol

from aldis.accounts.staff import AuditEntry
from aldis.traffic.message import NewMessage
from aldis.traffic.refusal import Refusal


class ActionStore(Protocol):
    """Acts on single messages."""

    async def cancel(self, message_id: int, link: str, entry: AuditEntry) -> bool:
        """End a message that is queued, that nobody has claimed and of which nothing was taken, and free its
        money. Only in the process that sends.
        """

    async def send_again(
        self, message: NewMessage, *, prepaid: bool, entry: AuditEntry, command_id: int = 0
    ) -> Refusal | None:
        """Store a message as `AdmissionStore.accept` does, and answer the command that wanted it, if any."""
