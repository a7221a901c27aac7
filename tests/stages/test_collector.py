"""What the collector does of itself with segments whose others do not come."""

from __future__ import annotations

from aldis.accounts.directory import CurrentDirectory
from aldis.accounts.routing import Router
from aldis.sms.dcs import Alphabet
from aldis.sms.reading import Piece
from aldis.sms.reassembly import OVERLAP_MS
from aldis.sms.udh import Concatenation
from aldis.stages.inbound.addresses import AddressReader
from aldis.stages.inbound.collector import LOOK_MS, PATIENCE_MS, STALE_AT_ONCE, Collector
from aldis.stages.inbound.reply import Replier
from aldis.stages.opt_outs import OptOutBarrier
from aldis.store.contract.store import Store
from aldis.telemetry import Metrics
from aldis.traffic.inbound import InboundPart
from tests.fakes.clock import NOON, FakeClock


class Heard:
    """A collector, with what it has told."""

    def __init__(self, store: Store, clock: FakeClock, current: CurrentDirectory) -> None:
        self._store, self._clock = store, clock
        replier = Replier(current, Router({}, lambda _: True))
        metrics = Metrics()
        addresses = AddressReader(current, {}, metrics)
        self.collector = Collector(
            store.inbound,
            store.admission,
            current,
            clock,
            replier,
            addresses,
            metrics,
            60,
            OptOutBarrier(lambda _people: None),
        )

    async def hear(self, number: int, text: str, sender: str = "4512345678") -> None:
        """Hear one segment of two."""
        piece = Piece(Alphabet.ASCII, text.encode(), place=Concatenation(7, 2, number))
        self.collector.take(InboundPart("link", sender, "74700", piece, self._clock.now()), lambda _: None)
        await self.collector.step()

    async def told(self) -> list[str]:
        """Give what was told, oldest first."""
        found, _ = await self._store.queries.inbound(None, 0, 2**53, (0, 500))
        return [message.text for message in reversed(found)]


async def listening(store: Store, clock: FakeClock) -> Heard:
    return Heard(store, clock, CurrentDirectory(await store.directory.load()))


async def test_two_messages_of_one_reference_arrive_whole(store: Store, clock: FakeClock) -> None:
    heard = await listening(store, clock)
    for number, text in ((1, "Hello "), (2, "world"), (1, "Hello "), (2, "you"), (1, "Hello "), (2, "you")):
        await heard.hear(number, text)
    assert await heard.told() == ["Hello world", "Hello you"]  # the third is the carrier's repetition


async def test_a_message_that_shares_its_last_segment_waits_for_a_minute(
    store: Store, clock: FakeClock
) -> None:
    heard = await listening(store, clock)
    for number, text in ((1, "Hello "), (2, "world"), (2, "world"), (1, "Brave ")):
        await heard.hear(number, text)
    clock.advance(OVERLAP_MS / 1000)
    await heard.collector.step()
    assert await heard.told() == ["Hello world"]
    clock.advance((LOOK_MS + 1) / 1000)
    await heard.collector.step()
    assert await heard.told() == ["Hello world", "Brave world"]


async def test_what_never_became_whole_is_told_and_all_of_it_forgotten(
    store: Store, clock: FakeClock
) -> None:
    """However much of it there is."""
    heard = await listening(store, clock)
    many = STALE_AT_ONCE + 10
    for index in range(many):
        await heard.hear(1, f"{index:03d}", f"45{index:08d}")
    await heard.hear(1, "Hello ")
    await heard.hear(2, "world")
    clock.advance((PATIENCE_MS + 1) / 1000)
    await heard.collector.step()
    await heard.collector.step()
    assert sorted(await heard.told()) == [*(f"{index:03d}" for index in range(many)), "Hello world"]
    assert await store.inbound.stale(NOON * 2, NOON * 2, 1000) == []
