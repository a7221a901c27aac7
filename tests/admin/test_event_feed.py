"""Events: what happened, in order, once, and from where a listener left off."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from tests.fakes.clock import FakeClock
from tests.store.building import a_message, accept

from aldis.accounts.directory import CurrentDirectory
from aldis.admin import event_feed
from aldis.admin.event_feed import LAG_MS, EventFeed, EventFilter, FeedEvent, place_of
from aldis.errors import AdminError
from aldis.store.contract.store import Store

EVERYTHING = EventFilter()


class Listener:
    """Hears so many rounds; between two of them time passes, and something is done."""

    def __init__(self, told: EventFeed, clock: FakeClock) -> None:
        self.told = told
        self.clock = clock
        self.binds = {"link": ["bound"]}

    async def hear(
        self,
        rounds: int,
        last_id: str = "",
        wanted: EventFilter = EVERYTHING,
        meanwhile: Callable[[], Awaitable[None]] | None = None,
    ) -> list[FeedEvent]:
        left = rounds

        async def binds() -> dict[str, list[str]]:
            return self.binds

        async def pause() -> bool:
            nonlocal left
            left -= 1
            self.clock.advance(1)
            if meanwhile is not None:
                await meanwhile()
            return left > 0

        return [event async for events in self.told.follow(last_id, wanted, binds, pause) for event in events]


@pytest.fixture
async def listener(demo_store: Store, clock: FakeClock) -> Listener:
    current = CurrentDirectory(await demo_store.directory.load())
    return Listener(EventFeed(demo_store.events, current, clock), clock)


async def test_a_listener_hears_what_happens_and_goes_on_where_it_left_off(
    demo_store: Store, listener: Listener, clock: FakeClock
) -> None:
    await accept(demo_store, a_message(1, reference="before", accepted_at=clock.now() - LAG_MS - 1))
    (number,) = (
        account.account_id
        for account in listener.told._current.directory.accounts.values()
        if account.name == "demo"
    )
    names = iter(range(2, 100))

    async def one_more() -> None:
        await accept(demo_store, a_message(next(names), account_id=number, accepted_at=clock.now()))

    heard = await listener.hear(4, meanwhile=one_more)
    assert [event.message_id for event in heard] == [2, 3]
    assert {event.account for event in heard} == {"demo"}
    assert len({event.id for event in heard}) == len(heard)
    clock.advance(10)
    rest = await listener.hear(1, last_id=heard[0].id)
    everything = await listener.hear(1, last_id=f"{clock.now() - 60_000}-0-0")
    assert [event.id for event in everything][-len(rest) :] == [event.id for event in rest]
    assert heard[0].id not in {event.id for event in rest}
    assert {event.id for event in heard[1:]} <= {event.id for event in rest}


async def test_only_what_is_wanted(demo_store: Store, listener: Listener, clock: FakeClock) -> None:
    await accept(demo_store, a_message(1, recipient="447700900001", link="one", accepted_at=clock.now()))
    await accept(demo_store, a_message(2, recipient="447700900002", link="two", accepted_at=clock.now()))
    clock.advance(5)
    after = f"{clock.now() - 60_000}-0-0"
    for wanted, ids in (
        (EventFilter(), [1, 2]),
        (EventFilter(link="two"), [2]),
        (EventFilter(number="00001"), [1]),
        (EventFilter(state="delivered"), []),
        (EventFilter(account="nobody"), []),
        (EventFilter(state="queued", number="447700900002"), [2]),
    ):
        heard = await listener.hear(1, last_id=after, wanted=wanted)
        assert [event.message_id for event in heard] == ids, wanted


async def test_links_that_come_and_go(listener: Listener) -> None:
    states = [["lost: connection"], ["connecting"], ["bound"], ["bound"]]

    async def meanwhile() -> None:
        listener.binds = {"link": states.pop(0)}

    heard = await listener.hear(4, meanwhile=meanwhile)
    assert [(event.event, event.link, event.id) for event in heard] == [
        ("link.down", "link", ""),
        ("link.up", "link", ""),
    ]


async def test_more_than_a_batch_comes_at_once(
    demo_store: Store, listener: Listener, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_feed, "BATCH", 4)
    for number in range(1, 11):
        await accept(demo_store, a_message(number, accepted_at=clock.now()))
    clock.advance(2)
    heard = await listener.hear(1, last_id=f"{clock.now() - 5000}-0-0")
    assert [event.message_id for event in heard] == list(range(1, 11))


async def test_a_clock_that_is_set_back_silences_nobody(
    demo_store: Store, listener: Listener, clock: FakeClock
) -> None:
    async def back() -> None:
        if clock.now() > 1_795_262_400_000:
            clock._now -= 3_600_000
            await accept(demo_store, a_message(7, accepted_at=clock.now()))

    heard = await listener.hear(4, meanwhile=back)
    assert [event.message_id for event in heard] == [7]


@pytest.mark.parametrize("wrong", ["x", "1-2", "1-2-x", "-1-2-3", "1-2-3-4", "9" * 30 + "-1-1", "١-1-1"])
def test_an_id_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(AdminError, match="no id of an event"):
        place_of(wrong)
