"""What came of tries, until it is stored: in batches, so that posting goes on meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import structlog

from aldis.errors import LeaseLost, TemporaryError
from aldis.stages.postbacks.held import Held
from aldis.store.batches import store_apart
from aldis.store.contract.ownership import Lease
from aldis.store.contract.postbacks import PostbackStore
from aldis.traffic.postback import PostbackResult, Webhook

log = structlog.get_logger()

#: how long a postback rests whose result the store refuses: its endpoint must not be flooded with it
REFUSED_S = 60.0


class Result(NamedTuple):
    """What came of a postback."""

    lane: str
    result: PostbackResult
    #: of its slot, when it was heard; None where all slots are ours
    lease: Lease | None


class Results:
    """Stores them, and the ends of webhooks."""

    def __init__(
        self,
        store: PostbackStore,
        held: Held,
        count: Callable[[str, bool, int], None],
        on_stored: Callable[[], None],
        on_settled: Callable[[], None],
        lose: Callable[[], None],
    ) -> None:
        """`held`: what is stored is released from it; `count`: is told of tries by dialect, whether they were
        the last, and how many; `on_stored`: is called when some are stored, `on_settled`: when all are,
        `lose`: when their slots are another's.
        """
        self._store = store
        self._held = held
        self._count = count
        self._on_stored, self._on_settled = on_stored, on_settled
        self._lose = lose
        #: not yet stored
        self._results: list[Result] = []
        self._settling: asyncio.Task[None] | None = None
        #: webhooks whose end is being stored
        self._ending: set[asyncio.Task[None]] = set()
        #: tries that were not counted yet
        self._tried: Counter[tuple[str, bool]] = Counter()

    def add(self, dialect: str, result: Result) -> None:
        """Hear what came of a postback."""
        self._results.append(result)
        self._tried[dialect, result.result.done] += 1

    @property
    def is_settled(self) -> bool:
        """Whether all is stored."""
        return not self._results and self._settling is None

    def is_settled_of(self, lease: Lease) -> bool:
        """Tell whether all of a slot is stored."""
        if self._settling is not None or self._ending:
            return False
        return all(each.lease is None or each.lease.resource != lease.resource for each in self._results)

    def give_up(self) -> None:
        """Store nothing of it: slots are another's."""
        self._release(self._results)
        self._results = []

    def settle_soon(self) -> None:
        """Begin to store what there is, unless that is under way."""
        if self._results and self._settling is None:
            self._settling = asyncio.create_task(self.settle())
            self._settling.add_done_callback(self._note_settled)

    def _note_settled(self, _task: asyncio.Task[None]) -> None:
        self._settling = None
        self._on_settled()

    async def settle(self) -> None:
        """Store results until there are none."""
        while self._results:
            batch, self._results = self._results, []
            self._count_tries()
            try:
                unstored = await store_apart(self._finish, batch, "results of postbacks", self._release)
            except LeaseLost as lost:
                log.error("results of postbacks have another owner now", count=len(batch), fault=str(lost))
                self._release(batch)
                self._lose()
                return
            left = []
            for each, fault in unstored:
                if isinstance(fault, TemporaryError):
                    left.append(each)
                else:
                    self._let_rest(each, fault)
            self._on_stored()
            if left:
                self._results = left + self._results
                return  # the next step tries again

    async def _finish(self, batch: Sequence[Result]) -> None:
        leases = {each.lease for each in batch if each.lease is not None}
        await self._store.finish([each.result for each in batch], leases)

    def _release(self, batch: Sequence[Result]) -> None:
        for each in batch:
            self._held.release(each.lane, each.result.postback_id)

    def _let_rest(self, each: Result, fault: Exception) -> None:
        """Have a postback whose result the store refuses posted again, since it is still due; not at once."""
        postback_id = each.result.postback_id
        log.error("the result of a postback cannot be stored", postback_id=postback_id, exc_info=fault)
        asyncio.get_running_loop().call_later(REFUSED_S, self._held.release, each.lane, postback_id)

    def _count_tries(self) -> None:
        for (dialect, done), count in self._tried.items():
            self._count(dialect, done, count)
        self._tried.clear()

    def end_webhook(self, webhook: Webhook, lane: str, now: int, lease: Lease | None) -> None:
        """Have nothing more posted to where an endpoint wants no more."""
        if webhook not in self._store.ended_webhooks:
            log.warning("an endpoint has ended a webhook", account_id=webhook.account_id, lane=lane)
            leases = () if lease is None else (lease,)
            self._ending.add(task := asyncio.create_task(self._store.end_webhook(webhook, now, leases)))
            task.add_done_callback(self._note_ended)

    def _note_ended(self, task: asyncio.Task[None]) -> None:
        self._ending.discard(task)
        if not task.cancelled() and (fault := task.exception()):  # the next postback is refused as well
            log.error("the end of a webhook cannot be stored now", fault=str(fault))
