"""The octets of multimedia messages: each kept once, named by its hash.

They are on disk, under the name that leads to them, before `keep` returns: the row that needs them is
committed after that. What no row needs is swept, also what a crash has left behind. Whoever keeps something
holds it until its row is committed, so that the sweep lets it be.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol


class ContentReader(Protocol):
    """For who only reads."""

    async def read(self, digest: str) -> bytes | None:
        """Give the octets; None when they are gone or damaged. Raises StoreUnavailable."""


class ContentStore(ContentReader, Protocol):
    """Keeps them."""

    async def keep(self, octets: bytes) -> str:
        """Put octets on disk and hold them; returns their digest. Raises StoreUnavailable."""

    def release(self, digests: Iterable[str]) -> None:
        """Hold no longer: the rows that need them are committed, or never will be."""

    async def sweep(self, unused: Callable[[list[str]], Awaitable[set[str]]]) -> int:
        """Delete what nobody needs in a part of all that is kept, the next one each time. Returns how many.

        `unused`: tells which digests no row needs.
        """


def digest_of(octets: bytes) -> str:
    """Give the name of some octets: their SHA-256 in hexadecimal."""
    return hashlib.sha256(octets).hexdigest()
