"""Messages from handsets as operators find them, those that belong to nobody too."""

from __future__ import annotations

from aldis.store.contract.search import InboundFilter, InboundPage, SearchStore


class Inbound:
    """What can be looked at of messages from handsets."""

    def __init__(self, store: SearchStore) -> None:
        self._store = store

    async def search(self, wanted: InboundFilter, before: int, limit: int) -> InboundPage:
        """Find messages, newest first, with ids below a cursor (0: from the newest)."""
        return await self._store.inbound(wanted, before, limit)
