"""Consents that hold in all cells before whoever changed them hears yes."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence

import structlog

from aldis.accounts.staff import AuditEntry
from aldis.errors import CellPending, OptOutPending
from aldis.stages.cells.other_stores import OtherStores
from aldis.stages.cells.spreading import Spreader
from aldis.store.contract.consent import ConsentStore, ImportRecord, OptInKey
from aldis.store.contract.shared import OptedOut, OptOutStore
from aldis.traffic.consent import ConsentChange

log = structlog.get_logger()


class CellConsents:
    """Implements `ConsentStore`."""

    def __init__(self, consent: ConsentStore, spreader: Spreader) -> None:
        self._consent = consent
        self._spreader = spreader

    async def change(self, changes: Sequence[ConsentChange], entry: AuditEntry | None = None) -> list[bool]:
        """Write them here, then in all cells. Raises CellPending: here it is done, and will be in all."""
        changed = await self._consent.change(changes, entry)
        await self._spreader.spread()
        return changed

    def opted_in(self, keys: Sequence[OptInKey]) -> Awaitable[set[OptInKey]]:
        return self._consent.opted_in(keys)

    def history(self, msisdn: str, limit: int) -> Awaitable[list[ConsentChange]]:
        return self._consent.history(msisdn, limit)

    def list_opted_in(self, sender: str, topic: str, after: str, limit: int) -> Awaitable[list[str]]:
        return self._consent.list_opted_in(sender, topic, after, limit)

    def list_opted_out(self, sender: str, after: str, limit: int) -> Awaitable[list[str]]:
        return self._consent.list_opted_out(sender, after, limit)

    async def keep_import(self, imported: ImportRecord, most: int) -> None:
        await self._consent.keep_import(imported, most)

    def imports(self) -> Awaitable[list[ImportRecord]]:
        return self._consent.imports()


class CellOptOuts:
    """Implements `OptOutStore`: waits for the gateways of all cells."""

    def __init__(self, opt_outs: OptOutStore, others: OtherStores, spreader: Spreader) -> None:
        self._opt_outs = opt_outs
        self._others = others
        self._spreader = spreader

    def join(self, holder: str) -> Awaitable[int]:
        return self._opt_outs.join(holder)

    def opted_out(self, after: int, limit: int) -> Awaitable[OptedOut]:
        return self._opt_outs.opted_out(after, limit)

    async def released(self, holder: str, up_to: int) -> None:
        await self._opt_outs.released(holder, up_to)

    async def not_released(self, holder: str, up_to: int | None) -> tuple[int, int]:
        """Count those of all cells. Raises OptOutPending where one cannot be told."""
        if up_to is None:
            try:
                await self._spreader.spread()
            except CellPending as fault:
                log.error("another cell does not know yet who has opted out", fault=str(fault))
                raise OptOutPending from None
        up_to, left = await self._opt_outs.not_released(holder, up_to)
        for cell in self._others.names:
            other = await self._others.of(cell)
            left += (await other.opt_outs.not_released("", None))[1]
        return up_to, left
