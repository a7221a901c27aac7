"""Has nothing more go out for accounts that move to another cell, and says when nothing is in hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence

import structlog

from aldis.accounts.directory import CurrentDirectory
from aldis.stages.agent import Agent
from aldis.store.contract.cells import CellStore
from aldis.store.contract.ownership import Lease

log = structlog.get_logger()

#: how often it is looked whether an account leaves, in memory; and while one does, in the store too
POLL_S, AGAIN_S = 0.5, 0.05
#: messages that are withheld in a transaction
AT_ONCE = 2_000


class AccountReleaser(Agent):
    """Withholds what waits in our slots, and has nothing posted."""

    def __init__(
        self,
        store: CellStore,
        holder: str,
        current: CurrentDirectory,
        follow: Callable[[], Awaitable[None]],
        leases: Callable[[], Sequence[Lease]],
        withhold: Callable[[Collection[int]], Collection[int]],
    ) -> None:
        """`holder`: whom our leases name; `follow`: looks for a change of the directory; `leases`: of the
        slots of links that are ours; `withhold`: has nothing of some accounts posted, and gives those of
        which something is under way.
        """
        super().__init__("account releaser", POLL_S)
        self._store = store
        self._holder = holder
        self._current = current
        self._follow = follow
        self._leases = leases
        self._withhold = withhold
        #: what the store knows: accounts, and which of them are closed
        self._said: tuple[frozenset[int], frozenset[int]] = (frozenset(), frozenset())

    async def step(self) -> int:
        """Do one round; returns how many messages were withheld."""
        directory = self._current.directory
        if not directory.leaving and not self._said[0]:
            return 0
        await self._follow()
        directory = self._current.directory
        busy = self._withhold(directory.leaving)
        released = directory.leaving.difference(busy)
        said = released, released & directory.closed
        if released and said != self._said:
            await self._store.release(self._holder, *said)
        self._said = said
        lease = next(iter(self._leases()), None)
        return (
            await self._store.withhold(lease, directory.leaving, AT_ONCE)
            if lease and directory.leaving
            else 0
        )

    def pause_s(self) -> float:
        """Look again soon while an account leaves."""
        return AGAIN_S if self._current.directory.leaving else POLL_S
