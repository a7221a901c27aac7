"""Follows the directory: whoever changes it need not be in this process."""

from __future__ import annotations

from aldis.accounts.directory import CurrentDirectory
from aldis.store.contract.directory import DirectoryStore


class DirectoryFollower:
    """Keeps the newest snapshot current."""

    def __init__(self, store: DirectoryStore, current: CurrentDirectory) -> None:
        self._store = store
        self.current = current

    async def step(self) -> bool:
        """Load the directory if it has changed; tells whether it has."""
        if await self._store.version() == self.current.directory.version:
            return False
        self.current.directory = await self._store.load()
        return True
