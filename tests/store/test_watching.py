"""What a store tells those who watch."""

from __future__ import annotations

from aldis.accounts.staff import AuditEntry
from aldis.store.contract import Store
from aldis.store.sqlite.writes.watching import RECENT
from aldis.store.watching import Kind, Place
from aldis.traffic.message import AttemptResult
from aldis.traffic.postback import Notify, PostbackResult
from aldis.traffic.receipt import Receipt, ReceiptState
from aldis.traffic.states import State
from tests.store.building import NOW, a_message, accept, audited, settle_sent


async def test_what_waits_is_counted_by_link_and_priority(kept: Store) -> None:
    assert (await kept.watching.backlog()).queued == {}
    for number, (link, priority) in enumerate([("link", 1), ("link", 1), ("link", 3), ("other", 0)], start=1):
        await accept(kept, a_message(number, link=link, priority=priority))
    assert (await kept.watching.backlog()).queued == {"link": {1: 2, 3: 1}, "other": {0: 1}}


async def test_postbacks_count_until_they_are_done(kept: Store) -> None:
    told = a_message(1, notify=Notify.ENDED, lane="http://a", callback_url="http://a/x")
    await settle_sent(kept, told, ("A1",))
    await kept.record_receipts([Receipt("link", "A1", ReceiptState.DELIVERED, "", told.recipient, NOW + 50)])
    assert (await kept.watching.backlog()).postbacks == 1
    (due,) = await kept.due_postbacks("http://a", 10, NOW + 100)
    await kept.finish_postbacks([PostbackResult(due.postback_id, NOW + 200, 200, "", None, done=True)])
    assert (await kept.watching.backlog()).postbacks == 0
    found = await kept.watching.happened(Place(NOW), NOW + 1000, 10)
    kinds = [(each.kind, each.at - NOW, each.state) for each in found]
    assert kinds == [
        (Kind.ACCEPTED, 0, "queued"),
        (Kind.SENT, 0, "sent"),
        (Kind.ENDED, 50, "delivered"),
        (Kind.POSTBACK, 200, "done"),
    ]
    assert [each.message_id for each in found] == [1, 1, 1, 1]


async def test_what_happened_is_told_once_in_bites_and_in_order(kept: Store) -> None:
    for number in range(1, 8):
        await accept(kept, a_message(number, accepted_at=NOW + number // 2))
    await kept.claim("link", 100, lambda waiting, _: waiting, NOW + 100)
    await kept.record_results("link", [AttemptResult(3, State.REJECTED, reason="ESME_RINVDSTADR")], NOW + 9)
    place, seen = Place(NOW - 1), []
    while found := await kept.watching.happened(place, NOW + 100, 3):
        assert len(found) <= 3
        seen += found
        place = found[-1].place
    assert [(each.number, each.kind) for each in seen] == [
        *((number, Kind.ACCEPTED) for number in range(1, 8)),
        (3, Kind.ENDED),
    ]
    assert seen[-1].reason == "ESME_RINVDSTADR"
    assert await kept.watching.happened(Place(NOW - 1), NOW - 1, 10) == []


async def test_the_end_of_an_old_message_is_heard_by_its_postback(kept: Store) -> None:
    old = a_message(1, notify=Notify.ENDED, lane="http://a", callback_url="http://a/x")
    await settle_sent(kept, old, ("A1",))
    await accept(kept, a_message(RECENT + 10, accepted_at=NOW - 5))
    assert await kept.watching.happened(Place(NOW), NOW + 100, 10) == []
    await kept.record_receipts([Receipt("link", "A1", ReceiptState.DELIVERED, "", old.recipient, NOW + 50)])
    (ended,) = await kept.watching.happened(Place(NOW), NOW + 100, 10)
    assert (ended.kind, ended.message_id, ended.state) == (Kind.ENDED, 1, "delivered")


async def test_minutes_are_kept_for_a_while(kept: Store) -> None:
    for minute in range(4):
        await kept.watching.keep_minute(minute * 60, b"%d" % minute, minute * 60 - 120)
    assert await kept.watching.minutes(0) == [b"1", b"2", b"3"]
    assert await kept.watching.minutes(180) == [b"3"]


async def test_what_was_done_elsewhere_is_remembered(kept: Store) -> None:
    entry = AuditEntry(NOW, "demo", "console", "make chaos", "simulator", "throttle 0.5")
    await kept.watching.note(entry)
    assert await audited(kept) == [entry]


async def test_an_end_is_told_after_the_sending_also_where_its_receipt_has_the_earlier_time(
    kept: Store,
) -> None:
    await settle_sent(kept, a_message(1, accepted_at=NOW - 9), ("A1",))
    early = Receipt("link", "A1", ReceiptState.DELIVERED, "", "447700900001", NOW - 1)
    await kept.record_receipts([early])
    found = await kept.watching.happened(Place(NOW - 10), NOW + 1, 10)
    assert [each.kind for each in found] == [Kind.ACCEPTED, Kind.SENT, Kind.ENDED]
