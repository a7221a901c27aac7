"""What cells tell each other: databases, each with its gateways and accounts, that share the directory and
consents. Whoever tells something tells it again until it was taken; what was taken before changes nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import NamedTuple, Protocol

import msgspec

from aldis.accounts.records import Record
from aldis.traffic.consent import ConsentChange
from aldis.traffic.receipt import Receipt


class SaidConsents(NamedTuple):
    """What was said of consents in a cell, behind some entry, in order."""

    #: the number of the last entry that was looked at
    up_to: int
    #: by number; each under one spelling of its number
    changes: tuple[tuple[int, ConsentChange], ...]


class DirectoryCopy(msgspec.Struct, frozen=True):
    """The directory of the cell in which it is changed."""

    version: int
    #: with the number of the change that made each what it is
    records: tuple[tuple[Record, int], ...]
    #: ids by name
    accounts: dict[str, int]
    #: what was ever paid in, by account, millionths
    credited: dict[str, int]
    #: that cell
    cell: str = ""


class ExchangeStore(Protocol):
    """One cell's side of it."""

    def consents_after(self, after: int, limit: int) -> Awaitable[SaidConsents]:
        """Give what was said here of consents, of the next `limit` entries behind one."""

    def consents_taken(self, cell: str) -> Awaitable[int]:
        """Tell which entry of another cell is the last that is here; 0: none."""

    def consents_newest(self) -> Awaitable[int]:
        """Tell which entry is the newest here."""

    async def take_consents(self, cell: str, said: SaidConsents) -> None:
        """Keep what was said in another cell. Of a person and a sender what was said last counts."""

    def directory_copy(self) -> Awaitable[DirectoryCopy]:
        """Give the directory, to be taken by others."""

    def directory_taken(self, cell: str) -> Awaitable[int]:
        """Tell which version of a cell's directory was taken last; 0: none."""

    async def take_directory(self, copy: DirectoryCopy) -> None:
        """Have the directory as another cell has it, unless a later one of its is here. Raises AdminError
        where an account of that name or id is another one here.
        """

    def early_receipts(
        self, after: int, since: int, before: int, limit: int
    ) -> Awaitable[Sequence[tuple[int, Receipt]]]:
        """Give early receipts behind a key that came between two instants, with their keys."""

    async def offer(self, receipts: Sequence[Receipt]) -> list[bool]:
        """Take those receipts whose segments were sent from here; tells of each."""

    async def forget_early(self, keys: Sequence[int]) -> None:
        """Forget early receipts that another cell has taken."""
