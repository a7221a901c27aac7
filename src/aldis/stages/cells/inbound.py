"""Messages from handsets go to the cell of the account whose number they were sent to, before the carrier
hears yes.
"""

from __future__ import annotations

from collections.abc import Awaitable

import msgspec

from aldis.stages.cells.directory import CellDirectory
from aldis.stages.cells.other_stores import OtherStores
from aldis.stages.cells.spreading import Spreader
from aldis.store.contract.inbound import InboundBatch, InboundStore
from aldis.traffic.consent import ConsentKind
from aldis.traffic.inbound import InboundPart, NewInbound, Segments


class CellInbound:
    """Implements `InboundStore`."""

    def __init__(
        self,
        inbound: InboundStore,
        own: str,
        others: OtherStores,
        directory: CellDirectory,
        spreader: Spreader,
    ) -> None:
        """`own`: our cell's name; `directory`: tells in which accounts live."""
        self._inbound = inbound
        self._own = own
        self._others = others
        self._directory = directory
        self._spreader = spreader

    def segments(self, part: InboundPart) -> Awaitable[Segments]:
        return self._inbound.segments(part)

    def stale(self, before: int, repeated_before: int, limit: int) -> Awaitable[list[Segments]]:
        return self._inbound.stale(before, repeated_before, limit)

    async def record(self, batch: InboundBatch) -> int:
        """Keep first what is another cell's: where that fails, the carrier sends all of it again. Then who
        has come back is back in all cells; for who has left the collector waits, once it has released what
        is claimed for them. Raises CellPending.
        """
        all_said = [said for message in batch.messages for said in message.consents]
        by_cell: dict[str, list[NewInbound]] = {}
        for message in batch.messages:
            cell = self._directory.cells.get(message.account_id or 0, self._own)
            by_cell.setdefault(cell, []).append(message)
        ours = by_cell.pop(self._own, [])
        repeated = 0
        for cell, messages in by_cell.items():
            theirs = msgspec.structs.replace(batch, segments=(), messages=tuple(messages))
            other = await self._others.of(cell)
            try:
                repeated += await other.inbound.record(theirs)
            finally:  # it may be kept although its answer was lost
                self._spreader.note_said_in(cell)
        if by_cell:
            batch = msgspec.structs.replace(batch, messages=tuple(ours))
        repeated += await self._inbound.record(batch)
        if any(said.kind is ConsentKind.OPT_IN for said in all_said):
            await self._spreader.spread()
        return repeated
