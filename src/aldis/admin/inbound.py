"""Messages from handsets as operators find them, those that belong to nobody too."""

from __future__ import annotations

from aldis.store.contract import Store
from aldis.store.views import InboundFilter, InboundPage


class Inbound:
    """What can be looked at of messages from handsets."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def search(self, wanted: InboundFilter, before: int, limit: int) -> InboundPage:
        """Find messages, newest first, with ids below a cursor (0: from the newest)."""
        return await self._store.views.inbound(wanted, before, limit)
