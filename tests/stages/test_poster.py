"""The postbacks agent: what is under way at once, what waits, what is stored, and how it stops."""

from __future__ import annotations

import asyncio
from pathlib import Path

import apsw
import msgspec
import pytest

from aldis.accounts.directory import CurrentDirectory
from aldis.accounts.staff import AuditEntry
from aldis.app.posting import counter
from aldis.dialects.registry import POLICIES
from aldis.stages.postbacks.lanes import PER_ENDPOINT
from aldis.stages.postbacks.poster import Poster, PosterSettings
from aldis.stages.postbacks.status import LocalFault, PostingStatus
from aldis.stages.postbacks.writing import Writing
from aldis.store.contract.outbox import PostbackFilter
from aldis.store.contract.store import Store
from aldis.telemetry import Metrics
from aldis.traffic.postback import Notify, lane_of
from aldis.traffic.receipt import Receipt, ReceiptState
from tests.fakes.channel import FakeChannel
from tests.fakes.clock import NOON, FakeClock
from tests.store.building import a_message, settle_sent

LANE = "http://127.0.0.1:8091"


async def no_content(_digest: str) -> bytes | None:
    return None


async def a_poster(
    store: Store, channel: FakeChannel, clock: FakeClock, told: list[PostingStatus] | None = None
) -> Poster:
    current = CurrentDirectory(await store.directory.load())
    writing = Writing(POLICIES, current, no_content)
    told = [] if told is None else told
    return Poster(store.postbacks, channel, writing, clock, counter(Metrics()), told.append, PosterSettings())


async def owe(
    store: Store, *numbers: int, dialect: str = "genesys", url: str = LANE, account_id: int = 1
) -> None:
    """Owe a postback about the end of each of these messages."""
    for number in numbers:
        message = a_message(
            number,
            account_id=account_id,
            dialect=dialect,
            reference=f"r{number}",
            notify=Notify.ENDED,
            lane=lane_of(account_id, url),
            callback_url="" if url == LANE else url,
            price_micros=0,
        )
        await settle_sent(store, message, ids=(f"A{number}",))
    receipts = [
        Receipt("link", f"A{number}", ReceiptState.DELIVERED, "", "447700900001", NOON) for number in numbers
    ]
    await store.receipts.record(receipts)


async def settled(poster: Poster) -> None:
    """Wait until what came of tries is stored."""
    if poster.results._settling is not None:
        await poster.results._settling
    await poster.results.settle()


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
    await owe(demo_store, *range(1, PER_ENDPOINT + 10))
    await poster.step()
    assert len(channel.out) == 1  # nobody has tried it yet
    await channel.answer()
    await poster.step()
    assert len(channel.out) == PER_ENDPOINT
    await channel.answer()
    assert len(channel.out) == PER_ENDPOINT  # the next takes its place without a step
    while channel.out:
        await channel.answer()
    await settled(poster)
    assert await pending(demo_store) == 0


async def test_what_waits_behind_a_dead_endpoint_is_not_held(demo_store: Store, clock: FakeClock) -> None:
    channel = FakeChannel()
    poster = await a_poster(demo_store, channel, clock)
    await owe(demo_store, *range(1, PER_ENDPOINT + 10))
    await poster.step()
    await channel.answer()
    await poster.step()
    while channel.out:
        await channel.answer(None)
    await settled(poster)
    assert poster._held._count == 0
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


@pytest.mark.parametrize(("rest_s", "times"), [(60.0, 1), (0.0, 4)])
async def test_a_result_that_the_store_refuses_costs_no_other_and_is_not_posted_again_at_once(
    demo_store: Store,
    clock: FakeClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rest_s: float,
    times: int,
) -> None:
    monkeypatch.setattr("aldis.stages.postbacks.results.REFUSED_S", rest_s)
    channel = FakeChannel()
    poster = await a_poster(demo_store, channel, clock)
    await owe(demo_store, 1, 2, 3)
    spoiling = apsw.Connection(str(tmp_path / "demo" / "aldis.db"))
    spoiling.set_busy_timeout(5_000)
    spoiling.execute("""CREATE TRIGGER no BEFORE UPDATE ON postback WHEN old.message_id = 2
                     BEGIN SELECT RAISE(ABORT, 'no'); END""")
    spoiling.close()
    posted: list[bytes] = []
    for _ in range(5):
        await poster.step()
        while channel.out:
            posted.append((await channel.answer()).body)
        await settled(poster)
        await asyncio.sleep(0)  # what rests for no time may go
        clock.advance(1)
    assert await pending(demo_store) == 1
    counts = [sum(f"message_id=r{number}&".encode() in body for body in posted) for number in (1, 2, 3)]
    assert counts == [1, times, 1]


async def test_stopping_breaks_off_what_takes_long(demo_store: Store, clock: FakeClock) -> None:
    channel = FakeChannel()
    poster = await a_poster(demo_store, channel, clock)
    poster.grace_s = 0.0
    await owe(demo_store, 1, 2)
    await poster.step()
    running = asyncio.ensure_future(poster.run())
    poster.stop()
    await asyncio.wait_for(running, 5)
    await channel.answer()  # too late: nobody listens
    await settled(poster)
    assert await pending(demo_store) == 2


HANGS = "http://callbacks.example/hangs"
WORKS = "http://callbacks.example/works"


async def test_four_callbacks_that_hang_keep_no_other_account_of_their_host_waiting(
    demo_store: Store, clock: FakeClock
) -> None:
    channel = FakeChannel()
    poster = await a_poster(demo_store, channel, clock)
    await owe(demo_store, 1, 2, 3, 4, url=HANGS)
    await owe(demo_store, 5, account_id=2, url=HANGS)
    await poster.step()
    told = [b"message_id=r5" in request.body for request, _ in channel.out]
    assert sorted(told) == [False, True]  # one of the first account's is tried, and the second's


async def test_a_path_that_hangs_holds_no_other_up(demo_store: Store, clock: FakeClock) -> None:
    channel = FakeChannel()
    poster = await a_poster(demo_store, channel, clock)
    await owe(demo_store, *range(1, 60), url=HANGS)
    await owe(demo_store, *range(60, 70), url=WORKS)
    await poster.step()
    assert [request.url for request, _ in channel.out].count(WORKS) == 1
    while any(request.url == WORKS for request, _ in channel.out):
        await channel.answer(to=WORKS)
        await poster.step()
    await settled(poster)
    assert {request.url for request, _ in channel.out} == {HANGS}
    assert await pending(demo_store) == 59


async def test_more_paths_that_hang_than_there_is_room_for_cost_the_others_one_time_out(
    demo_store: Store, clock: FakeClock
) -> None:
    channel = FakeChannel()
    poster = await a_poster(demo_store, channel, clock)
    for number in range(1, 41):
        await owe(demo_store, number, number + 100, url=f"{HANGS}/{number}")
    await poster.step()
    await owe(demo_store, 1_000, url=WORKS)  # while all that may be tried hangs
    clock.advance(1)
    for _ in range(len(channel.out)):  # one time-out later
        await channel.answer(None)
    await settled(poster)
    await poster.step()
    assert WORKS in [request.url for request, _ in channel.out]


async def test_an_endpoint_that_wants_peace_has_it(demo_store: Store, clock: FakeClock) -> None:
    channel = FakeChannel()
    poster = await a_poster(demo_store, channel, clock)
    await owe(demo_store, 1, 2, 3)
    await poster.step()
    await channel.answer(429, retry_after="20")
    await settled(poster)
    clock.advance(19)
    assert await poster.step() == 0
    clock.advance(1)
    assert await poster.step() == 2  # those that it has not heard of
    while channel.out:
        await channel.answer()
    await settled(poster)
    assert await pending(demo_store) == 1


async def test_a_fault_of_our_own_is_nobodys_try(demo_store: Store, clock: FakeClock) -> None:
    channel, told = FakeChannel(), list[PostingStatus]()
    poster = await a_poster(demo_store, channel, clock, told)
    await owe(demo_store, *range(1, 4))
    waits = list[float]()
    for _ in range(30):  # more than any schedule has tries
        while not await poster.step():
            clock.advance(0.5)
            waits[-1:] = [each + 0.5 for each in waits[-1:]]
        await channel.answer(None, local="EMFILE")
        await settled(poster)
        waits.append(0.0)
    assert waits[:7] == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert told[-1].local_fault == LocalFault("EMFILE", "no answer in time")
    assert 28 <= told[-1].put_back["EMFILE"] <= 30
    clock.advance(30)
    await poster.step()
    await channel.answer()  # each of them is tried for the first time
    await poster.step()
    while channel.out:
        await channel.answer()
    await settled(poster)
    assert await pending(demo_store) == 0
    for number in range(1, 4):
        view = await demo_store.search.message(number)
        assert view is not None
        assert [(each.done, each.attempts) for each in view.postbacks] == [(True, 1)]
    clock.advance(61)
    await poster.step()
    assert told[-1].local_fault == LocalFault()  # it is over


async def test_a_fault_of_our_own_does_not_make_an_endpoint_doubtful(
    demo_store: Store, clock: FakeClock
) -> None:
    channel = FakeChannel()
    poster = await a_poster(demo_store, channel, clock)
    await owe(demo_store, *range(1, 5))
    await poster.step()
    await channel.answer()
    await poster.step()
    while channel.out:
        await channel.answer(None, local="resolver")
    clock.advance(30)
    await poster.step()
    assert len(channel.out) == 3


GONE = "https://gone.example/hook"


async def test_410_ends_a_native_webhook_until_somebody_replays(demo_store: Store, clock: FakeClock) -> None:
    channel = FakeChannel()
    poster = await a_poster(demo_store, channel, clock)
    await owe(demo_store, 1, 2, dialect="aldis", url=GONE)
    await owe(demo_store, 3, dialect="aldis", url=WORKS)
    await poster.step()
    await channel.answer(410, to=GONE)
    await channel.answer(to=WORKS)
    while poster.results._ending:
        await asyncio.sleep(0.001)
    await settled(poster)
    await poster.step()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await settled(poster)
    assert channel.out == []  # the second one is not posted
    assert await pending(demo_store) == 0
    dead = (await demo_store.outbox.dead_letters(PostbackFilter(), 0, 10)).found
    assert [(each.last_http_status, each.last_fault, each.attempts) for each in dead] == [
        (410, "not posted: the endpoint has ended this webhook", 1),
        (410, "HTTP 410", 1),
    ]
    entry = AuditEntry(clock.now(), "somebody", "cli", "replay", "", "")
    await demo_store.outbox.replay([dead[0].postback_id], clock.now(), entry)
    clock.advance(1)
    assert await poster.step() == 1
    assert [request.url for request, _ in channel.out] == [GONE]


async def test_410_is_an_answer_like_others_in_other_dialects(demo_store: Store, clock: FakeClock) -> None:
    channel = FakeChannel()
    poster = await a_poster(demo_store, channel, clock)
    await owe(demo_store, 1, 2)
    await poster.step()
    await channel.answer(410)
    await settled(poster)
    await poster.step()
    assert len(channel.out) == 1
    assert await pending(demo_store) == 2


@pytest.mark.parametrize("keeps", [True, False])
async def test_what_an_endpoint_said_is_kept_where_that_is_wanted(
    demo_store: Store, clock: FakeClock, *, keeps: bool
) -> None:
    channel = FakeChannel()
    poster = await a_poster(demo_store, channel, clock)
    poster._keeps_answers = keeps
    await owe(demo_store, 1)
    await poster.step()
    await channel.answer(503, body="we are busy")
    await settled(poster)
    clock.advance(600)
    await poster.step()
    await channel.answer(200, body="thanks")  # asked for, because it was tried before
    await settled(poster)
    view = await demo_store.search.message(1)
    assert view is not None
    (postback,) = view.postbacks
    told = [(each.http_status, each.fault, each.answer) for each in view.tries[postback.postback_id]]
    assert told == (
        [(503, "HTTP 503", "we are busy"), (200, "", "thanks")] if keeps else [(503, "HTTP 503", "")]
    )
    assert postback.done
