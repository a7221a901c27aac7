"""What operators do to messages. A change and its audit entry share a transaction.

A message may be in a sender's hands, which only the gateway knows that has its slot. So a command from
another process is written down, and that gateway carries it out.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import msgspec

from aldis.accounts.staff import AuditEntry
from aldis.traffic.message import NewMessage, PoisonMessage
from aldis.traffic.refusal import Refusal


class ActionStore(Protocol):
    """Acts on single messages."""

    async def cancel(self, message_id: int, link: str, entry: AuditEntry) -> bool:
        """End a message that is queued, in a slot that no other has, that nobody has claimed and of which
        nothing was taken, and free its money; tells whether it was. Only in a process that sends.
        """

    async def is_anothers(self, message_id: int, link: str) -> bool:
        """Tell whether a message of a link is in a slot that another gateway has."""

    async def try_again(self, message_id: int, link: str, entry: AuditEntry, command_id: int = 0) -> bool:
        """Have a message claimed again that was set aside, alone where processes died of it, and answer the
        command that wanted it, if any; tells whether it was set aside. Only in a process that sends.
        """

    async def poison(self, limit: int) -> list[PoisonMessage]:
        """Give messages that are set aside and have not ended, the newest fault first."""

    async def send_again(
        self, message: NewMessage, *, prepaid: bool, entry: AuditEntry, command_id: int = 0
    ) -> Refusal | None:
        """Store a message as `AdmissionStore.accept` does, and answer the command that wanted it, if any.
        Raises TransitionRefused, and stores nothing, when that is answered already.
        """


class CommandKind(StrEnum):
    """What is to be done with a message."""

    CANCEL = "cancel"
    AGAIN = "again"
    #: of one that is set aside
    TRY_AGAIN = "try_again"


class Command(msgspec.Struct, frozen=True, array_like=True):
    """Something that a process beside the gateway wants done."""

    #: 0 until it is kept
    command_id: int
    kind: CommandKind
    message_id: int
    #: who wants it
    actor: str
    role: int
    asked_at: int


class CommandAnswer(msgspec.Struct, frozen=True, array_like=True):
    """What came of a command."""

    done: bool
    #: for people: the new message's id, or why not
    answer: str


class CommandStore(Protocol):
    """A queue of commands, and their answers."""

    async def give(self, command: Command) -> int:
        """Keep a command; returns its number."""

    async def waiting(self, limit: int) -> list[Command]:
        """Give commands that nobody has carried out, oldest first; none about a message that waits in a slot
        of another's.
        """

    async def answer(self, command_id: int, answer: CommandAnswer) -> None:
        """Write what came of a command, if nobody has."""

    async def answer_to(self, command_id: int) -> CommandAnswer | None:
        """Tell what came of a command; None: nothing yet."""

    async def withdraw(self, command_id: int) -> bool:
        """Forget a command that nobody has carried out; False when it is too late for that."""

    async def forget(self, before: int) -> None:
        """Forget commands from before an instant."""
