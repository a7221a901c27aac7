"""The directory as stages read it."""

from __future__ import annotations

from typing import Protocol

from aldis.accounts.directory import Directory


class DirectoryStore(Protocol):
    """Tells of the directory and of its changes."""

    async def version(self) -> int:
        """Tell whether the directory has changed: a number that grows."""

    async def load(self) -> Directory:
        """Load the directory."""
