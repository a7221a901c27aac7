"""Who has agreed to what from which sender, and who has opted out."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Protocol

import msgspec

from aldis.accounts.staff import AuditEntry
from aldis.traffic.consent import ConsentChange


class OptInKey(msgspec.Struct, frozen=True):
    """One person's consent to one topic (keyword or campaign) of one sender."""

    sender: str
    topic: str
    msisdn: str


class OptInStore(Protocol):
    """Looks opt-ins up."""

    def opted_in(self, keys: Sequence[OptInKey]) -> Awaitable[set[OptInKey]]:
        """Tell which of these have opted in."""


class ImportRecord(msgspec.Struct, frozen=True):
    """How far a file with consents was taken in."""

    import_id: str
    #: JSON
    record: str
    #: when that was written (Unix milliseconds)
    at: int


class ConsentStore(OptInStore, Protocol):
    """Changes consents, and lists them."""

    async def change(self, changes: Sequence[ConsentChange], entry: AuditEntry | None = None) -> list[bool]:
        """Write consents and their history; tells of each whether it changed anything. `entry` is kept where
        anything did.

        Who has opted out of a sender opts in again by their handset only.
        """

    async def history(self, msisdn: str, limit: int) -> list[ConsentChange]:
        """Give a number's history, newest first."""

    async def list_opted_in(self, sender: str, topic: str, after: str, limit: int) -> list[str]:
        """Give numbers that have opted in to a topic of a sender, in order, those behind `after`."""

    async def keep_import(self, imported: ImportRecord, most: int) -> None:
        """Keep how far an import is, and forget all but the `most` that began last."""

    async def imports(self) -> list[ImportRecord]:
        """Give what is kept of imports, those first that began last."""

    async def list_opted_out(self, sender: str, after: str, limit: int) -> list[str]:
        """Give numbers that have opted out of a sender, in order, those behind `after`."""
