"""Which messages are in a sender's hands, and which were accepted just now and wait for one. In memory only.

A claim dies with its owner, which gives the messages back as they were. What was just accepted is remembered
for as long as nothing else of our slots of its link waits: then it can be claimed without being read again.
The file is always right, and asked four times a second for what other gateways have put there; what is
remembered here only saves asking it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

from aldis.store.contract.ownership import Lease
from aldis.store.contract.sending import Share
from aldis.store.memory.claim_journal import ClaimJournal
from aldis.traffic.content import from_column
from aldis.traffic.message import ClaimedMessage, NewMessage
from aldis.traffic.slots import slot_of_id

#: messages of one link that are remembered; more are a backlog, and the file is asked
MAX_FRESH = 1_000
#: the file is asked this often all the same: for what was due later and is due now
REREAD_MS = 250
#: for so long after a link asked for it, nothing is claimed, so that the message to be tried alone is alone
HUSH_MS = 1_000


class LinkClaims:
    """One link's."""

    def __init__(self, journal: ClaimJournal | None, slots: int) -> None:
        self._journal = journal
        #: into how many the link is divided
        self._slots = slots
        #: in a sender's hands
        self.claimed: set[int] = set()
        #: set aside: nobody may claim them
        self.poison: set[int] = set()
        #: by priority; all that waits in our slots of the link while `_is_complete`, but what other gateways
        #: have accepted since the last read
        self._fresh: tuple[deque[NewMessage], ...] = tuple(deque() for _ in range(4))
        self._is_complete = False
        self._read_at = 0
        #: under which was claimed last
        self._leases: Sequence[Lease] = ()
        #: the slots that these are of; None: all
        self._ours: frozenset[int] | None = frozenset()
        #: what was in our own hands since the engine was last asked for messages; None: it is not asked now
        self._kept_back: set[int] | None = None
        #: what waits is about to go to another link: nobody claims it meanwhile
        self.is_leaving = False
        #: how often the next claim was to ask the file for all that waits
        self.drops = 0

    @property
    def unavailable(self) -> set[int]:
        """Give what is not to be claimed."""
        return self.claimed | self.poison if self.poison else self.claimed

    def take(self, messages: Sequence[ClaimedMessage]) -> None:
        """Put messages into the sender's hands."""
        if messages:
            message_ids = [message.message_id for message in messages]
            self.claimed.update(message_ids)
            if self._journal is not None:
                self._journal.note_claimed(message_ids)

    def give_back(self, message_ids: Collection[int]) -> None:
        """Take messages out of the sender's hands."""
        self.claimed.difference_update(message_ids)
        if self._journal is not None:
            self._journal.note_released(message_ids)

    def end(self, message_ids: Collection[int]) -> None:
        """Take messages out of the sender's hands that will not be claimed again."""
        self.claimed.difference_update(message_ids)
        if self._journal is not None:
            self._journal.note_ended(message_ids)

    def begin(self, leases: Sequence[Lease], poison: Collection[int]) -> None:
        """Hear that slots have a new owner: what the last one had claimed of them is nobody's. `poison`: what
        is set aside of the link.
        """
        self.give_back(self.within(leases, self.claimed))
        self.poison.difference_update(self.within(leases, self.poison))
        self.poison.update(poison)
        self.drop_fresh()

    def within(self, leases: Iterable[Lease], message_ids: Iterable[int]) -> list[int]:
        """Pick the messages of the slots that leases are of."""
        slots = {lease.slot for lease in leases}
        return [each for each in message_ids if slot_of_id(each, self._slots) in slots]

    def not_over(self, leases: Sequence[Lease], message_ids: Sequence[int]) -> list[int]:
        """Pick the messages of slots in which no later lease has claimed."""
        newest = {lease.slot: lease.epoch for lease in self._leases}
        return self.within(
            (lease for lease in leases if lease.epoch >= newest.get(lease.slot, 0)), message_ids
        )

    def keep_back(self, message_id: int) -> None:
        """Take a message that nobody has claimed, so that no sender does while we write to it."""
        self.claimed.add(message_id)
        if self._kept_back is not None:
            self._kept_back.add(message_id)
        self.drop_fresh()

    def begin_read(self) -> None:
        """Hear that the engine is asked for messages."""
        self._kept_back = set()

    def note_read(
        self, messages: list[ClaimedMessage], now: int, leases: Sequence[Lease], *, is_all: bool
    ) -> list[ClaimedMessage]:
        """Hear what a claim found in the file, and whether that was all there was; gives what is claimed: all
        but what was kept back meanwhile; nothing while what waits is leaving.
        """
        if self._kept_back:
            messages = [message for message in messages if message.message_id not in self._kept_back]
            is_all = False
        if self.is_leaving:
            messages, is_all = [], False
        self._kept_back = None
        self.take(messages)
        self._forget()
        self._is_complete = is_all
        self._read_at = now
        if leases is not self._leases:
            self._leases = leases
            self._ours = None if len(leases) == self._slots else frozenset(lease.slot for lease in leases)
        return messages

    def note_accepted(self, message: NewMessage) -> None:
        """Hear of a new message. A claim may have found it in the file before this was told."""
        if (
            not self._is_complete
            or message.message_id in self.claimed
            or message.due_at > message.accepted_at
            or (self._ours is not None and slot_of_id(message.message_id, self._slots) not in self._ours)
        ):
            return
        self._fresh[message.priority].append(message)
        if len(self._fresh[message.priority]) > MAX_FRESH:
            self._forget()

    @contextmanager
    def leaving(self) -> Iterator[None]:
        """Have nothing claimed while it is chosen what goes to another link, and until that is there."""
        self.is_leaving = True
        self.drop_fresh()
        try:
            yield
        finally:
            self.is_leaving = False
            self.drop_fresh()

    def drop_fresh(self) -> None:
        """Have the next claim ask the file, and for all that waits."""
        self.drops += 1
        self._forget()

    def _forget(self) -> None:
        self._is_complete = False
        for queue in self._fresh:
            queue.clear()

    def must_read(self, now: int, leases: Sequence[Lease]) -> bool:
        """Tell whether the file must be asked, which knows whether leases are the newest."""
        return not self._is_complete or leases != self._leases or not 0 <= now - self._read_at < REREAD_MS

    def claim_fresh(self, limit: int, share: Share, now: int) -> list[ClaimedMessage]:
        """Claim from what is remembered."""
        parts = share({priority: len(queue) for priority, queue in enumerate(self._fresh)}, limit)
        messages = [
            _claimed(self._fresh[priority].popleft())
            for priority in (3, 2, 1, 0)
            for _ in range(parts[priority])
        ]
        alive = [message for message in messages if message.expires_at > now]
        self.take(alive)
        return alive


class Claims:
    """All links'."""

    def __init__(self, journal: ClaimJournal | None = None, slots: int = 1) -> None:
        """`journal`: for whoever sends; `slots`: into how many each link is divided."""
        self.journal = journal
        self.slots = slots
        #: under which name this process takes leases; "" before it has taken any
        self.holder = ""
        #: each was in hand when processes died, and is to be tried with nothing else in hand
        self.suspects: frozenset[int] = frozenset()
        #: until when nothing is claimed but a suspect
        self._hush_until = 0
        self._by_link: dict[str, LinkClaims] = {}
        #: how often all that was remembered was dropped
        self.drops = 0

    def close(self) -> None:
        """Hear that the process ends in order."""
        if self.journal is not None:
            self.journal.close()

    def of(self, link: str) -> LinkClaims:
        """Give one link's."""
        found = self._by_link.get(link)
        if found is None:
            found = self._by_link[link] = LinkClaims(self.journal, self.slots)
        return found

    def note_accepted(self, messages: Sequence[NewMessage], drops: int | None = None) -> None:
        """Hear what was accepted, after its commit. `drops`: of when that was asked for, where an answer may
        come late: what was dropped meanwhile may be what one may not send any more.
        """
        if len(messages) > MAX_FRESH or drops not in {None, self.drops}:  # a backlog, or late
            for link in {message.link for message in messages}:
                self.of(link).drop_fresh()
            return
        known = self._by_link
        for message in messages:
            (known.get(message.link) or self.of(message.link)).note_accepted(message)

    def drop_fresh(self) -> None:
        """Have the next claim of every link ask the file."""
        self.drops += 1
        for link in self._by_link.values():
            link.drop_fresh()

    @contextmanager
    def in_our_hands(self, hands: Sequence[tuple[LinkClaims, int]]) -> Iterator[None]:
        """Take messages that nobody has claimed, so that no sender does while we write to them."""
        for link, message_id in hands:
            link.keep_back(message_id)
        try:
            yield
        finally:
            for link, message_id in hands:
                link.claimed.discard(message_id)
                link.drop_fresh()

    def only(self, next_suspect: int | None, now: int) -> tuple[int, ...] | None:
        """Tell which message alone a link may claim now, perhaps none; None: any. `next_suspect`: the one
        that waits for it.
        """
        in_hand = self.everybodys()
        if in_hand & self.suspects:
            return ()
        if next_suspect is None:
            return () if now < self._hush_until <= now + HUSH_MS else None
        if in_hand:
            self._hush_until = now + HUSH_MS
            return ()
        return (next_suspect,)

    def everybodys(self) -> frozenset[int]:
        """Give all that is claimed, as of now. What is claimed later is not over its validity: a claim looks
        at that.
        """
        return frozenset().union(*(link.claimed for link in self._by_link.values()))


def _claimed(message: NewMessage) -> ClaimedMessage:
    return ClaimedMessage(
        message.message_id,
        message.sender,
        message.recipient,
        message.coding,
        message.octets,
        message.segments,
        message.priority,
        1,
        message.expires_at,
        (),
        from_column(message.parts) if message.parts else (),
    )
