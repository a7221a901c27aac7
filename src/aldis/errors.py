"""The tree of errors that Aldis raises; every layer may import it, it imports nothing.

    GatewayError
    ├─ TemporaryError            trying again may help
    │  ├─ StoreUnavailable       the store could not commit (disk full, locked)
    │  │  └─ StoreGone           what it commits is lost
    │  ├─ OutcomeUnknown         the store was lost while it committed
    │  ├─ OptOutPending          another gateway may still send to who opted out
    │  └─ CellPending            another cell does not know yet what is kept here
    └─ PermanentError            trying again cannot help
       ├─ LeaseLost               what the write depends on has another owner now
       ├─ TransitionRefused      nothing of the kind can happen to a message where it stands
       ├─ AccountLeaves           a write is about an account that moves to another cell
       ├─ AdminError             an operator asked for what cannot be done; says why
       ├─ SettingsError          a file of the operator's is wrong; carries every problem found
       └─ ProtocolError          octets that break a protocol
          ├─ LocalProtocolError  we were about to break it
          └─ RemoteProtocolError the peer broke it

A business "no" is never an exception: see `traffic/refusal.py`. Messages name ids and settings,
never texts, numbers or secrets.
"""

from __future__ import annotations

from collections.abc import Mapping


class GatewayError(Exception):
    """Base of all errors that Aldis raises on purpose."""


class TemporaryError(GatewayError):
    """Nothing is wrong with the request; trying again may help."""


class PermanentError(GatewayError):
    """Trying again cannot help."""


class StoreUnavailable(TemporaryError):
    """The store could not commit; nothing of the batch was kept."""


class StoreGone(StoreUnavailable):
    """The store commits to a file that nobody will find: it was moved, removed or replaced."""


class OutcomeUnknown(TemporaryError):
    """The store was lost under way: the call was kept whole or not at all, and nobody knows yet which."""


class OptOutPending(TemporaryError):
    """It is written that they opted out, but a gateway has not released messages to them yet: ask again."""

    def __init__(self) -> None:
        super().__init__("it is written down, but a gateway may still be sending to them; try again")


class CellPending(TemporaryError):
    """It is written in our cell, and not in others yet, which will have it once they can be reached."""

    def __init__(self, cells: Mapping[str, str]) -> None:
        """`cells`: what is wrong with each."""
        said = "; ".join(f"{name} ({fault})" for name, fault in sorted(cells.items()))
        super().__init__(f"it is saved in this cell and will be in all others; not yet in {said}")


class TransitionRefused(PermanentError):
    """`traffic/states.py` allows no such event where a message stands; nothing of the call was kept."""


class LeaseLost(PermanentError):
    """What a write depends on has another owner now; nothing of the call was kept."""


class AccountLeaves(PermanentError):
    """A write is about an account that moves to another cell, and what was kept of it is as it was. Whoever
    wrote hears StoreUnavailable; this is for what runs in the same transaction, which is run again without.
    """

    def __init__(self) -> None:
        super().__init__("an account moves to another cell: try again in a moment")


class AdminError(PermanentError):
    """What an operator asked for cannot be done; the message is for that person. `status` is HTTP's."""

    def __init__(self, message: str, status: int = 422) -> None:
        super().__init__(message)
        self.status = status


class SettingsError(PermanentError):
    """A file of the operator's cannot be used; `problems` has one line for each fault found."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class ProtocolError(PermanentError):
    """Octets that break a protocol; `command_status` is what SMPP calls the fault."""

    def __init__(self, message: str, command_status: int = 0x00000008) -> None:
        super().__init__(message)
        self.command_status = command_status


class LocalProtocolError(ProtocolError):
    """Our own code asked for something that the protocol forbids in this state."""


class RemoteProtocolError(ProtocolError):
    """The peer sent something that the protocol forbids."""
