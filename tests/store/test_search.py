"""What the store promises of operators' looks: searches, one message whole, what is pending, sums."""

from __future__ import annotations

from typing import Any

import pytest

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.outbox import PostbackFilter
from aldis.store.contract.search import Grouping, InboundFilter, MessageFilter, Sum
from aldis.store.contract.store import Store
from aldis.traffic.inbound import DueInbound
from aldis.traffic.postback import DuePostback, Notify, PostbackResult, lane_of
from aldis.traffic.query import OTHER
from aldis.traffic.states import State
from tests.backends import own_maintenance
from tests.store.building import NOW, POSTPAID, a_message, accept, settle_sent
from tests.store.test_inbound import an_inbound, heard

LANE = "http://x:80"
HOUR = 3_600_000


async def ids(store: Store, before: int = 0, limit: int = 50, **wanted: Any) -> list[int]:
    page = await store.search.messages(MessageFilter(**wanted), before, limit)
    return [each.message.message_id for each in page.found]


async def some(store: Store) -> None:
    """Six messages that differ in everything that is asked for."""
    await accept(store, a_message(1, reference="one"))
    await accept(store, a_message(2, sender="12025550100", label="autumn", accepted_at=NOW + HOUR))
    await accept(store, a_message(3, account_id=POSTPAID, link="other", accepted_at=NOW + 2 * HOUR))
    await accept(store, a_message(4, dialect="skycore", country="DK", accepted_at=NOW + 3 * HOUR))
    await accept(store, a_message(5, recipient="14805550100", reference="one", accepted_at=NOW + 4 * HOUR))
    await settle_sent(store, a_message(6, recipient="14805550100", accepted_at=NOW + 5 * HOUR))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, [6, 5, 4, 3, 2, 1]),
        ({"message_id": 3}, [3]),
        ({"message_id": 3, "sender": "nobody"}, []),
        ({"message_id": 9}, []),
        ({"reference": "one"}, [5, 1]),
        ({"reference": "one", "number": "14805550100"}, [5]),
        ({"number": "14805550100"}, [6, 5]),
        ({"number": "14805550100", "states": (State.QUEUED,)}, [5]),
        ({"sender": "12025550100"}, [2]),
        ({"label": "autumn"}, [2]),
        ({"account_id": POSTPAID}, [3]),
        ({"link": "other"}, [3]),
        ({"dialect": "skycore"}, [4]),
        ({"country": "DK"}, [4]),
        ({"states": (State.SENT,)}, [6]),
        ({"states": (State.QUEUED,), "sender": "12025550100"}, [2]),
        ({"states": (State.DELIVERED, State.SENT)}, [6]),
        ({"since": NOW + HOUR, "until": NOW + 3 * HOUR}, [3, 2]),
        ({"since": NOW + 9 * HOUR}, []),
    ],
)
async def test_messages_are_found_by_anything(
    kept: Store, wanted: dict[str, Any], expected: list[int]
) -> None:
    await some(kept)
    assert await ids(kept, **wanted) == expected


async def test_pages_follow_each_other(kept: Store) -> None:
    await some(kept)
    for wanted, expected in (
        (MessageFilter(), [6, 5, 4, 3, 2, 1]),
        (MessageFilter(reference="one"), [5, 1]),
        (MessageFilter(states=(State.QUEUED,)), [5, 4, 3, 2, 1]),
        (MessageFilter(number="14805550100"), [6, 5]),
    ):
        seen, before, pages = [], 0, 0
        while pages == 0 or before:
            page = await kept.search.messages(wanted, before, 1)
            seen += [each.message.message_id for each in page.found]
            before, pages = page.next_before, pages + 1
            assert pages < 10
        assert seen == expected


async def test_numbers_are_found_before_and_after_they_are_written_down(kept: Store) -> None:
    for number in (10_003, 10_006, 20_000, 20_001, 40_000):  # of three blocks
        await accept(kept, a_message(number, recipient="14805550100"))
    await accept(kept, a_message(40_002, recipient="14805550101"))
    found = [40_000, 20_001, 20_000, 10_006, 10_003]
    assert await ids(kept, number="14805550100") == found
    filed = [await kept.maintenance.index_recipients(25_000, 1) for _ in range(3)]
    assert filed[0] > 0
    assert filed[-1] == 0
    assert await ids(kept, number="14805550100") == found
    assert await ids(kept, number="14805550100", before=20_001, limit=1) == [20_000]
    assert await ids(kept, number="14805550100", before=10_006) == [10_003]
    assert await ids(kept, number="14805550102") == []
    pages = [
        await kept.search.messages(MessageFilter(number="14805550100"), before, 2)
        for before in (0, 20_001, 10_006)
    ]
    assert [page.next_before for page in pages] == [20_001, 10_006, 0]


async def test_a_number_whose_id_comes_late_is_found(kept: Store) -> None:
    await accept(kept, a_message(1))
    await accept(kept, a_message(100))
    assert await kept.maintenance.index_recipients(1000, 2) > 0
    await accept(kept, a_message(50, recipient="14805550109"))  # from a block that was reserved before
    assert await ids(kept, number="14805550109") == [50]


async def test_a_forgotten_message_is_found_no_more(kept: Store) -> None:
    await accept(kept, a_message(1, expires_at=NOW))
    assert await kept.maintenance.index_recipients(10, 0) == 1
    assert await kept.maintenance.expire(await own_maintenance(kept), 10, NOW, 0) == 1
    assert (await kept.maintenance.purge(10, NOW + 1, 0)).forgotten == 1
    assert await ids(kept, number="447700900001") == []


async def test_one_message_whole(kept: Store) -> None:
    message = a_message(7, label="autumn", notify=Notify.SENT, lane=LANE, segments=2)
    await settle_sent(kept, message)
    (due,) = await kept.postbacks.due(LANE, 10, NOW)
    failed = PostbackResult(due.postback_id, NOW + 5, 503, "HTTP 503", NOW + 60_000, done=False)
    gone = PostbackResult(due.postback_id, NOW + 9, None, "no answer", None, done=False)
    await kept.postbacks.finish([failed])
    await kept.postbacks.finish([gone])
    view = await kept.search.message(7)
    assert view is not None
    assert view.accepted == message
    assert [segment.smsc_message_id for segment in view.segments] == ["A1", "A2"]
    (postback,) = view.postbacks
    assert (postback.attempts, postback.due_at, postback.number) == (2, None, message.recipient)
    tried = [(each.tried_at, each.http_status, each.fault) for each in view.tries[postback.postback_id]]
    assert tried == [(NOW + 5, 503, "HTTP 503"), (NOW + 9, None, "no answer")]
    assert await kept.search.message(8) is None


async def test_what_is_owed_by_lane(kept: Store) -> None:
    for number in (1, 2, 3):
        lane = "http://b:80" if number == 3 else "http://a:80"
        await settle_sent(kept, a_message(number, notify=Notify.SENT, lane=lane))
    (due, _) = await kept.postbacks.due("http://a:80", 10, NOW)
    await kept.postbacks.finish(
        [PostbackResult(due.postback_id, NOW + 1, 500, "HTTP 500", NOW + 9, done=False)]
    )
    first, second = await kept.outbox.lanes(10)
    assert (first.lane, first.pending, first.oldest_at, first.last_fault) == (
        "http://a:80",
        2,
        NOW,
        "HTTP 500",
    )
    assert (second.lane, second.pending, second.last_fault) == ("http://b:80", 1, "")
    assert [each.lane for each in await kept.outbox.lanes(1)] == ["http://a:80"]


OWED = [(1, "http://a/x"), (1, "http://a/y"), (1, "http://b/"), (POSTPAID, "http://a/x")]


async def test_what_is_owed_by_account_and_endpoint(kept: Store) -> None:
    for number, (account_id, url) in enumerate(OWED, 1):
        lane = lane_of(account_id, url)
        await settle_sent(kept, a_message(number, notify=Notify.SENT, lane=lane, account_id=account_id))
    found = [(each.account_id, each.lane, each.pending) for each in await kept.outbox.lanes(10)]
    assert found == [(1, "http://a:80", 2), (1, "http://b:80", 1), (POSTPAID, "http://a:80", 1)]
    view = await kept.search.message(1)
    assert view is not None
    assert view.postbacks[0].lane == "http://a:80"


@pytest.mark.parametrize(
    ("wanted", "due"),
    [
        (PostbackFilter(), {1, 2, 3, 4}),
        (PostbackFilter(lane="http://a:80"), {1, 2, 4}),
        (PostbackFilter(account_id=1), {1, 2, 3}),
        (PostbackFilter(lane="http://a:80", account_id=1), {1, 2}),
        (PostbackFilter(event="sent"), {1, 2, 3, 4}),
        (PostbackFilter(event="inbound"), set[int]()),
        (PostbackFilter(lane="http://nowhere:80"), set[int]()),
    ],
)
async def test_what_is_due_later_is_tried_now(kept: Store, wanted: PostbackFilter, due: set[int]) -> None:
    lanes = set()
    for number, (account_id, url) in enumerate(OWED, 1):
        lane = lane_of(account_id, url)
        lanes.add(lane)
        await settle_sent(kept, a_message(number, notify=Notify.SENT, lane=lane, account_id=account_id))
        found = await kept.postbacks.due(lane, 10, NOW)
        later = [PostbackResult(each.postback_id, NOW, 500, "", NOW + 9_999, done=False) for each in found]
        await kept.postbacks.finish(later)
    entry = AuditEntry(NOW, "somebody", "cli", "try postbacks now", "all endpoints", "")
    assert await kept.outbox.try_now(wanted, 1, NOW + 1, entry) == min(1, len(due))
    assert await kept.outbox.try_now(wanted, 10, NOW + 1, entry) == max(0, len(due) - 1)
    assert await kept.outbox.try_now(wanted, 10, NOW + 1, entry) == 0
    told = [each for lane in lanes for each in await kept.postbacks.due(lane, 10, NOW + 1)]
    assert {each.message.message_id for each in told} == due
    assert all(each.attempts == 0 for each in told)


async def test_what_was_given_up(kept: Store) -> None:
    await settle_sent(kept, a_message(1, notify=Notify.SENT, lane=LANE, reference="one"))
    await settle_sent(kept, a_message(2, notify=Notify.SENT, lane="http://y:80", account_id=POSTPAID))
    await kept.inbound.record(heard(an_inbound(3)))
    dues: list[DuePostback | DueInbound] = [
        *await kept.postbacks.due(LANE, 10, NOW),
        *await kept.postbacks.due("http://y:80", 10, NOW),
        *await kept.postbacks.due_inbound(LANE, 10, NOW),
    ]
    await kept.postbacks.finish(
        [PostbackResult(due.postback_id, NOW, 410, "gone", None, done=False) for due in dues]
    )

    async def found(**wanted: Any) -> list[int]:
        page = await kept.outbox.dead_letters(PostbackFilter(**wanted), 0, 10)
        return [each.message_id for each in page.found]

    assert await found() == [3, 2, 1]
    assert await found(lane=LANE) == [3, 1]
    assert await found(event="inbound") == [3]
    assert await found(account_id=POSTPAID) == [2]
    assert await found(account_id=1) == [3, 1]
    page = await kept.outbox.dead_letters(PostbackFilter(), 0, 2)
    assert page.next_before == page.found[-1].postback_id
    assert (await kept.outbox.dead_letters(PostbackFilter(), page.next_before, 2)).found[0].reference == "one"
    one = await kept.outbox.postback(dues[2].postback_id)
    assert one is not None
    assert (one.event, one.account_id, one.number) == ("inbound", 1, "14805550100")


async def test_messages_from_handsets(kept: Store) -> None:
    await kept.inbound.record(
        heard(
            an_inbound(1),
            an_inbound(2, sender="447700900009", keyword="demo", received_at=NOW + HOUR),
            an_inbound(3, account_id=None, lane="", recipient="99999"),
            an_inbound(4, account_id=POSTPAID, link="other"),
        )
    )

    async def found(before: int = 0, limit: int = 10, **wanted: Any) -> list[int]:
        page = await kept.search.inbound(InboundFilter(**wanted), before, limit)
        return [each.inbound_id for each in page.found]

    assert await found() == [2, 4, 3, 1]  # the second was heard last
    assert await found(limit=2) == [4, 3]
    assert await found(before=3) == [2, 1]
    assert await found(number="447700900009") == [2]
    assert await found(recipient="99999") == [3]
    assert await found(nobodys=True) == [3]
    assert await found(account_id=POSTPAID) == [4]
    assert await found(keyword="demo") == [2]
    assert await found(link="other") == [4]
    assert await found(since=NOW + 1) == [2]


async def test_recipients_are_given_with_their_countries(kept: Store) -> None:
    for message_id, (recipient, country) in enumerate(
        [("447700900001", "GB"), ("447700900001", "GB"), ("447700900001", "JE"), ("4512345678", "DK")],
        start=1,
    ):
        await accept(kept, a_message(message_id, recipient=recipient, country=country))
    parts = [part async for part in kept.search.recipients(0)]
    assert [sorted(part) for part in parts] == [
        [("447700900001", "GB"), ("447700900001", "JE"), ("4512345678", "DK")]
    ]


async def test_sums(kept: Store) -> None:
    await some(kept)
    sums = await kept.search.sums(MessageFilter(), Grouping.SENDER, 1_000)
    assert sums == [
        Sum("12025550100", 1, 1, 0, 0, 1, 50_000),
        Sum("74700", 1, 4, 0, 0, 4, 200_000),
        Sum("74700", POSTPAID, 1, 0, 0, 1, 50_000),
    ]
    of_a_time = MessageFilter(since=NOW + HOUR, until=NOW + 3 * HOUR)
    assert [each.key for each in await kept.search.sums(of_a_time, Grouping.LINK, 1_000)] == ["link", "other"]
    (day,) = await kept.search.sums(MessageFilter(account_id=1), Grouping.DAY, 1_000)
    assert (day.key, day.accepted) == (NOW // 86_400_000, 5)


@pytest.mark.parametrize("field", ["label", "sender"])
async def test_of_what_customers_name_as_they_like_so_many_are_told(kept: Store, field: str) -> None:
    for message_id in range(1, 8):
        await accept(kept, a_message(message_id, **{field: f"{(message_id - 1) % 4}"}))
    await accept(kept, a_message(8, account_id=POSTPAID, **{field: "mine"}))
    by = Grouping(field)
    told = await kept.search.sums(MessageFilter(), by, 2)
    assert [(each.key, each.account_id, each.accepted) for each in told] == [
        (OTHER, 1, 3),
        ("0", 1, 2),
        ("1", 1, 2),
        ("mine", POSTPAID, 1),
    ]
    assert len(await kept.search.sums(MessageFilter(account_id=1), by, 4)) == 4
    assert len(await kept.search.sums(MessageFilter(account_id=1), Grouping.COUNTRY, 0)) == 1


async def test_a_page_is_in_the_order_of_time_whatever_the_ids(kept: Store) -> None:
    """A store of an older version, whose ids were handed out in blocks."""
    instants = {1: 5, 2: 1, 3: 2, 10_001: 3, 10_002: 4}
    for message_id, hour in instants.items():
        await accept(kept, a_message(message_id, accepted_at=NOW + hour * HOUR))
    assert await ids(kept) == [1, 10_002, 10_001, 3, 2]
    page = await kept.search.messages(MessageFilter(), 0, 3)
    assert [each.message.message_id for each in page.found] == [10_002, 10_001, 3]
    assert await ids(kept, page.next_before) == [1, 2]
