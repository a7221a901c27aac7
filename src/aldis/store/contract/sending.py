"""What a link's sender takes from the store, and what it writes of its attempts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from aldis.store.contract.ownership import Lease
from aldis.traffic.message import AttemptResult, ClaimedMessage, HandlingFault, LateAnswer

#: (how many wait, by priority; how many may be taken) → how many to take of each priority
Share = Callable[[dict[int, int], int], dict[int, int]]


class SendingStore(Protocol):
    """Hands out the messages of a link, and writes what became of them. Leases are of slots of one link, one
    of each slot, where nothing else is said; what is done with a message of another slot, or under no lease,
    raises LeaseLost.
    """

    async def recover(self, leases: Sequence[Lease], *, hold: bool, now: int) -> int:
        """Begin the work under new leases: record what a lost owner of these slots had journalled here, if
        nobody has had them since; then end as `unconfirmed` what must not be repeated: what it had marked
        `sending`, and, where the link has come to `hold` what is in doubt since the slot was last recovered,
        what waits after an attempt in doubt or was in hand when the process died. Returns how many. What was
        claimed of these slots under earlier leases is nobody's any more.
        """

    async def recover_orphans(self, lease: Lease, links: Sequence[str], now: int) -> int:
        """Do the same, under maintenance's lease, in slots of links that are none of these where they have no
        owner: what is `sending` there must not be repeated and becomes `unconfirmed`.
        """

    async def claim(
        self, leases: Sequence[Lease], limit: int, share: Share, now: int
    ) -> list[ClaimedMessage]:
        """Hand out up to `limit` due messages of a link's slots, the most urgent first. Raises LeaseLost.

        Nobody else gets them, and maintenance lets them be, until their results are recorded. Nothing is
        written: a crash gives them back, and so does the next lease of their slot.
        """

    async def mark(self, leases: Sequence[Lease], message_ids: Sequence[int]) -> None:
        """Write `sending` for claimed messages that are about to be submitted and must not be repeated after
        a crash. Raises TransitionRefused, and marks none, when one of them is not `queued`.
        """

    def release(self, leases: Sequence[Lease], message_ids: Sequence[int]) -> None:
        """Give claimed messages back; what was journalled of them counts no more. Under a lease that was lost
        what the next one has claimed stays claimed.
        """

    def journal(self, leases: Sequence[Lease], results: Sequence[AttemptResult], now: int) -> bool:
        """Remember outcomes across a crash of this process, at once and before they are recorded; returns
        whether that worked.

        The next `recover` records what was journalled and not recorded. Less than `record` promises: a crash
        of the machine may forget it.
        """

    async def record(self, leases: Sequence[Lease], results: Sequence[AttemptResult], now: int) -> None:
        """Write what attempts led to: states, segments, money, postbacks; match receipts that came early.

        The messages were claimed before. Raises TransitionRefused, and keeps nothing, when one of them is
        where the table of states does not allow what is said of it.
        """

    async def note_faults(
        self, leases: Sequence[Lease], faults: Sequence[HandlingFault], now: int
    ) -> list[int]:
        """Count what could not be handled. Returns which messages are set aside by that: with `MAX_FAULTS`
        faults they are not handed out any more, until an operator has them tried again
        (`ActionStore.try_again`) or their validity ends.
        """

    async def record_late(self, link: str, answers: Sequence[LateAnswer], now: int) -> None:
        """Keep what a carrier called segments of which nothing had been heard in time: receipts for these ids
        count, and a message that waits to be repeated is not submitted again but found whole by its next
        claim, which is due at once. That is true whoever has the link by now: it needs no lease.
        """
