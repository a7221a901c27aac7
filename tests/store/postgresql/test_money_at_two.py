"""Money is exact when two gateways accept and settle for one account at the same moment."""

from __future__ import annotations

import asyncio
import random

from aldis.stages.sending.shares import share
from aldis.store.contract.admission import Acceptance
from aldis.store.contract.ownership import Lease
from aldis.store.contract.store import Store
from aldis.traffic.message import AttemptResult, ClaimedMessage, SubmittedSegment
from aldis.traffic.states import Event
from tests.backends import apply, own
from tests.store.building import NOW, RICH, a_message, money
from tests.store.conftest import DIRECTORY

PRICE = 50_000
CREDIT = 1_000_000
ROUNDS = 25
ENDS = (Event.SUBMIT_ACCEPTED, Event.SUBMIT_REJECTED, Event.SUBMIT_DEFERRED, Event.RELEASED)


class Node:
    """A gateway that has a link of its own."""

    def __init__(self, store: Store, leases: tuple[Lease, ...], chance: random.Random) -> None:
        self._store, self._leases, self._chance = store, leases, chance
        #: what is accepted and has not ended, by id: segments; and how many of these the carrier has
        self.waiting: dict[int, int] = {}
        self.taken = 0

    async def accept(self, message_id: int) -> None:
        segments = self._chance.randint(1, 6)
        message = a_message(message_id, segments=segments, link=self._leases[0].link)
        if await self._store.admission.accept(Acceptance(RICH, prepaid=True, messages=(message,))) is None:
            self.waiting[message_id] = segments

    async def send(self) -> None:
        claimed = await self._store.sending.claim(self._leases, 3, share, NOW)
        if claimed:
            await self._store.sending.record(self._leases, [self._tried(each) for each in claimed], NOW)

    def _tried(self, claimed: ClaimedMessage) -> AttemptResult:
        event = self._chance.choice(ENDS)
        if event in {Event.SUBMIT_ACCEPTED, Event.SUBMIT_REJECTED}:
            segments = self.waiting.pop(claimed.message_id)
            taken = segments if event is Event.SUBMIT_ACCEPTED else self._chance.randint(0, segments - 1)
            self.taken += taken
            submitted = tuple(
                SubmittedSegment(number, f"{claimed.message_id}-{number}") for number in range(1, taken + 1)
            )
            return AttemptResult(claimed.message_id, event, submitted, reason="")
        return AttemptResult(claimed.message_id, event, (), NOW, "")


async def test_nothing_is_lost_gained_or_overdrawn(both: list[Store], chance: random.Random) -> None:
    await apply(both[0], DIRECTORY, NOW)
    nodes = [Node(store, await own(store, link), chance) for store, link in zip(both, "ab", strict=True)]
    ids = iter(range(1, 10_000))
    for round_ in range(ROUNDS):
        if round_ == ROUNDS // 2:  # more is paid in while both go on
            more = DIRECTORY.replace('credit = "1.00"', 'credit = "2.00"')
            await asyncio.gather(apply(both[1], more, NOW), *(node.send() for node in nodes))
        calls = [node.accept(next(ids)) for node in nodes for _ in range(3)]
        await asyncio.gather(*calls, *(node.send() for node in nodes))
        held = PRICE * sum(sum(node.waiting.values()) for node in nodes)
        spent = PRICE * sum(node.taken for node in nodes)
        credited = CREDIT * (1 if round_ < ROUNDS // 2 else 2)
        for store in both:
            assert await money(store) == (credited - held - spent, held, spent)
        assert credited >= held + spent
    assert credited - held - spent < 6 * PRICE  # it was all used, and nothing refused without need
