"""What a store must do for whoever posts, who may live in another process than the gateway.

Where several gateways share a store, postbacks are divided into slots, by the id of the message to a handset
or from one that each is about (`traffic/slots.py`). A slot is a resource with one owner, who alone posts what
is of it and writes what became of that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from aldis.store.contract.ownership import Lease
from aldis.traffic.inbound import DueInbound
from aldis.traffic.postback import DuePostback, PostbackResult, Webhook


class PostbackStore(Protocol):
    """Postbacks that are pending, and what became of attempts at them."""

    @property
    def is_shared(self) -> bool:
        """Tell whether other gateways may post as well: each then needs the leases of its slots."""

    def serve(self, slots: frozenset[int]) -> None:
        """Name and give from now on only what is about messages of these slots; all, before that is said."""
        ...

    def subscribe(self, on_due: Callable[[], None]) -> None:
        """Have whoever posts told when something may have become due; a hint."""
        ...

    async def lanes(self, after: str, limit: int, now: int) -> list[str]:
        """Name up to `limit` lanes that have a postback due, in order, those behind `after`."""

    async def due(self, lane: str, limit: int, now: int, besides: Collection[int] = ()) -> list[DuePostback]:
        """Give a lane's due postbacks, oldest first, besides those that are known; of one message only the
        earliest that is pending.

        What was given and is neither known nor finished is given again, though perhaps a fraction of a second
        later; so is what became due by other ways than by a new event.
        """

    async def due_inbound(
        self, lane: str, limit: int, now: int, besides: Collection[int] = ()
    ) -> list[DueInbound]:
        """Give a lane's due postbacks about messages from handsets, oldest first, besides those that are
        known.
        """

    @property
    def ended_webhooks(self) -> Collection[Webhook]:
        """Tell where nothing is to be posted any more, as it was known a fraction of a second ago."""
        ...

    async def end_webhook(self, webhook: Webhook, now: int, leases: Collection[Lease] = (), /) -> None:
        """Note that an endpoint has ended a webhook; replaying any postback of its account takes it back.

        `leases`: as of `finish`.
        """

    async def finish(self, results: Sequence[PostbackResult], leases: Collection[Lease] = (), /) -> None:
        """Write what became of tries. Raises StoreUnavailable when nothing of it was kept.

        `leases`: of the slots that they are of, where other gateways may post as well.
        """
