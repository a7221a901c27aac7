"""What a move asks of the database that it goes from, and of the one that it goes to: one of each engine.

All calls are of one task, and raise what the driver raises.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Literal, NamedTuple, Protocol

from aldis.store.moved import Moving
from aldis.store.moving.tables import Key, MovedTable, Row

Phase = Literal["copying", "copied", "comparing", "compared"]


class NotedChange(NamedTuple):
    """That rows of a table are not as they were."""

    #: names the note
    seq: int
    table: str
    #: of the columns by which the table's changes are noted
    key: Key


class CopyProgress(NamedTuple):
    """How far a table has come."""

    phase: Phase
    #: up to which primary key, in the source's order
    after: Key | None = None


class MoveSide(Protocol):
    """What both can do."""

    @property
    def shown(self) -> str:
        """Where it is, for people."""

    async def close(self) -> None:
        """End the connection."""

    def faults(self) -> AbstractContextManager[None]:
        """Have faults of the driver told as a store tells them."""

    async def mark(self) -> Moving | None:
        """Tell what is known of a move here."""

    async def having(self, table: MovedTable, columns: tuple[str, ...], keys: Sequence[Key]) -> list[Row]:
        """Read the rows that have one of these keys in these columns."""

    async def every(self, table: MovedTable) -> list[Row]:
        """Read a small table."""

    async def count(self, table: MovedTable) -> int:
        """Count the rows."""


class MoveSource(MoveSide, Protocol):
    """Where the store is."""

    async def is_served(self) -> bool:
        """Tell whether a gateway works on it."""

    def closed(self) -> AbstractAsyncContextManager[None]:
        """Begin a transaction beside which nobody writes: commits at its end, undoes what a fault ends."""

    async def begin(self, other: str, move: str) -> None:
        """Note changes from now on, and those of no earlier move."""

    async def rows(self, table: MovedTable, after: Key | None, limit: int) -> list[Row]:
        """Read what follows a primary key, in its order."""

    async def changes(self, limit: int) -> list[NotedChange]:
        """Give the oldest changes that are noted; what they were is read after that."""

    async def forget(self, changes: Sequence[NotedChange]) -> None:
        """Forget notes."""

    async def drop_unfinished(self) -> None:
        """Remove what is of no submission, inside `closed`."""

    async def content(self, digest: str) -> bytes | None:
        """Read an attachment; None where it is not in the database, or is gone."""

    async def end(self) -> None:
        """Be no store any more, inside `closed`, and note nothing."""

    async def abandon(self) -> None:
        """Be as it was before `begin`."""


class MoveTarget(MoveSide, Protocol):
    """Where the store is to be."""

    async def is_empty(self) -> bool:
        """Tell whether nothing is there that a move would write over."""

    async def begin(self, other: str, move: str) -> None:
        """Be no store from now on."""

    async def progress(self) -> Mapping[str, CopyProgress]:
        """Tell how far tables have come, by name."""

    def writing(self) -> AbstractAsyncContextManager[None]:
        """Begin a transaction."""

    async def note(self, table: MovedTable, progress: CopyProgress | None) -> None:
        """Write down how far a table has come."""

    async def put(
        self, table: MovedTable, columns: tuple[str, ...], keys: Collection[Key], rows: Sequence[Row]
    ) -> None:
        """Have exactly these rows of those that have one of these keys in these columns."""

    async def put_all(self, table: MovedTable, rows: Sequence[Row]) -> None:
        """Have exactly these rows."""

    async def lacking(self, after: str, limit: int) -> list[str]:
        """Name attachments, behind one of them, that messages need and that are not here yet."""

    async def keep(self, octets: bytes) -> None:
        """Keep an attachment."""

    async def tidy(self) -> None:
        """Learn what the tables have become, once they are full."""

    async def end(self) -> None:
        """Give the next ids, and be a store."""
