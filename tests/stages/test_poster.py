"""The postbacks agent: what is under way at once, what waits, what is stored, and how it stops."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from aldis.accounts.directory import CurrentDirectory
from aldis.app.posting import counter
from aldis.dialects.registry import POLICIES
from aldis.stages.postbacks import poster as postbacks
from aldis.stages.postbacks.lanes import PER_LANE
from aldis.stages.postbacks.poster import Poster
from aldis.store.contract.store import Store
from aldis.telemetry import Metrics
from aldis.traffic.postback import Notify
from aldis.traffic.receipt import Receipt, ReceiptState
from tests.fakes.channel import FakeChannel
from tests.fakes.clock import NOON, FakeClock
from tests.store.building import a_message, settle_sent

LANE = "http://127.0.0.1:8091"


async def no_content(_digest: str) -> bytes | None:
    return None


async def a_poster(store: Store, channel: FakeChannel, clock: FakeClock) -> Poster:
    current = CurrentDirectory(await store.directory.load())
    return Poster(store.postbacks, channel, POLICIES, current, clock, counter(Metrics()), no_content)


async def owe(store: Store, *numbers: int, dialect: str = "genesys", lane: str = LANE) -> None:
    """Owe a postback about the end of each of these messages."""
    for number in numbers:
        message = a_message(
            number, dialect=dialect, reference=f"r{number}", notify=Notify.ENDED, lane=lane, price_micros=0
        )
        await settle_sent(store, message, ids=(f"A{number}",))
    receipts = [
        Receipt("link", f"A{number}", ReceiptState.DELIVERED, "", "447700900001", NOON) for number in numbers
    ]
    await store.receipts.record(receipts)


async def settled(poster: Poster) -> None:
    """Wait until what came of tries is stored."""
    if poster._settling is not None:
        await poster._settling
    await poster.settle()


async def pending(store: Store) -> int:
    return sum(lane.pending for lane in await store.outbox.lanes(10))


async def test_what_is_taken_is_done(demo_store: Store, clock: FakeClock) -> None:
    channel = FakeChannel()
    poster = await a_poster(demo_store, channel, clock)
    await owe(demo_store, 1)
    assert await poster.step() == 1
    assert await poster.step() == 0  # it is in our hands
    assert b"message_id=r1&message_state=2" in (await channel.answer()).body
    await settled(poster)
    assert await pending(demo_store) == 0
    clock.advance(1)
    assert await poster.step() == 0


async def test_an_endpoint_that_answers_gets_many_at_once(demo_store: Store, clock: FakeClock) -> None:
    channel = FakeChannel()
    poster = await a_poster(demo_store, channel, clock)
    await owe(demo_store, *range(1, PER_LANE + 10))
    await poster.step()
    assert len(channel.out) == 1  # nobody has tried it yet
    await channel.answer()
    await poster.step()
    assert len(channel.out) == PER_LANE
    await channel.answer()
    assert len(channel.out) == PER_LANE  # the next takes its place without a step
    while channel.out:
        await channel.answer()
    await settled(poster)
    assert await pending(demo_store) == 0


async def test_what_waits_behind_a_dead_endpoint_is_not_held(demo_store: Store, clock: FakeClock) -> None:
    channel = FakeChannel()
    poster = await a_poster(demo_store, channel, clock)
    await owe(demo_store, *range(1, PER_LANE + 10))
    await poster.step()
    await channel.answer()
    await poster.step()
    while channel.out:
        await channel.answer(None)
    await settled(poster)
    assert poster._held == {}
    clock.advance(1)
    assert await poster.step() == 1  # one of those that have not been tried, to see whether it is back
    assert len(channel.out) == 1


async def test_first_tries_of_one_customer_share_a_request_where_the_dialect_bundles(
    demo_store: Store, clock: FakeClock
) -> None:
    channel = FakeChannel()
    poster = await a_poster(demo_store, channel, clock)
    schedule = msgspec.structs.replace(POLICIES["skycore"].schedule, bundles={"": 128})
    skycore = msgspec.structs.replace(POLICIES["skycore"], schedule=schedule)
    poster._writing._policies = {**POLICIES, "skycore": skycore}
    await owe(demo_store, 1, 2, 3, 4, dialect="skycore")
    await poster.step()
    await channel.answer()
    await poster.step()
    assert len(channel.out) == 1
    assert (await channel.answer()).body.count(b"<NOTIFICATION") == 3
    await settled(poster)
    assert await pending(demo_store) == 0


async def test_a_postback_that_cannot_be_written_is_tried_again(demo_store: Store, clock: FakeClock) -> None:
    def broken(*_arguments: object) -> None:
        raise ZeroDivisionError

    channel = FakeChannel()
    poster = await a_poster(demo_store, channel, clock)
    genesys = msgspec.structs.replace(POLICIES["genesys"], postback=broken)
    poster._writing._policies = {**POLICIES, "genesys": genesys}
    await owe(demo_store, 1)
    await poster.step()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await settled(poster)
    (facts,) = await demo_store.outbox.lanes(10)
    assert (facts.pending, facts.last_fault) == (1, "ZeroDivisionError")


async def test_stopping_breaks_off_what_takes_long(
    demo_store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postbacks, "STOP_S", 0.0)
    channel = FakeChannel()
    poster = await a_poster(demo_store, channel, clock)
    await owe(demo_store, 1, 2)
    await poster.step()
    running = asyncio.ensure_future(poster.run())
    poster.stop()
    await asyncio.wait_for(running, 5)
    await channel.answer()  # too late: nobody listens
    await settled(poster)
    assert await pending(demo_store) == 2
