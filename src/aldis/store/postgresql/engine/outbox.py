"""What a transaction leaves to be delivered after its commit."""

from __future__ import annotations

from typing import Any, Protocol

import asyncpg


class TransactionOutbox(Protocol):
    """Hears of each transaction of each lane. One that is rolled back delivers nothing."""

    def begin(self) -> None:
        """Hear that a transaction begins in this task."""

    async def gather(self, db: asyncpg.Connection) -> Any:  # noqa: ANN401 - between these two methods
        """Read what it leaves, as the last thing before its commit."""

    def deliver(self, gathered: Any) -> None:  # noqa: ANN401 - as above
        """Deliver that: after the commit, and before its callers hear of it."""
