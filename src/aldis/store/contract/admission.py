"""What admission keeps: whole submissions, or nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Protocol

import msgspec

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.consent import OptInStore
from aldis.traffic.message import NewMessage
from aldis.traffic.refusal import Refusal


class Acceptance(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One submission to be stored whole or not at all."""

    account_id: int
    #: refuse what the balance does not cover
    prepaid: bool
    messages: tuple[NewMessage, ...]
    #: what is to be remembered of whoever did it, where that is one of ours
    entry: AuditEntry | None = None


class IdStore(Protocol):
    """Gives out ids."""

    def take_ids(self, count: int) -> Awaitable[Sequence[int]]:
        """Give `count` message ids that nobody else will get, also after a crash; they grow."""


class IdBlockStore(Protocol):
    """Gives out blocks of ids."""

    def take_ids(self, count: int) -> Awaitable[range]:
        """Reserve `count` message ids (`ROW_IDS` at most) that nobody else will get, also after a crash."""


class AdmissionStore(IdBlockStore, OptInStore, Protocol):
    """Accepts submissions."""

    async def available(self, account_id: int) -> int:
        """Give what an account may still hold, in millionths."""

    async def accept(self, acceptance: Acceptance) -> Refusal | None:
        """Store messages `queued`, hold their price, remember their duplicate keys; or refuse and store
        nothing.
        """

    async def would_accept(self, acceptance: Acceptance) -> Refusal | None:
        """Judge as `accept` does and store nothing."""
