"""What a store tells those who watch."""

from __future__ import annotations

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.events import EventKind, EventPosition
from aldis.store.contract.store import Store
from aldis.traffic.message import AttemptResult
from aldis.traffic.postback import Notify, PostbackResult
from aldis.traffic.receipt import Receipt, ReceiptState
from aldis.traffic.states import Event
from tests.backends import own
from tests.store.building import NOW, a_message, accept, audited, settle_sent


async def test_what_waits_is_counted_by_link_and_priority(kept: Store) -> None:
    assert (await kept.metrics.backlog()).queued == {}
    for number, (link, priority) in enumerate([("link", 1), ("link", 1), ("link", 3), ("other", 0)], start=1):
        await accept(kept, a_message(number, link=link, priority=priority))
    assert (await kept.metrics.backlog()).queued == {"link": {1: 2, 3: 1}, "other": {0: 1}}


async def test_postbacks_count_until_they_are_done(kept: Store) -> None:
    told = a_message(1, notify=Notify.ENDED, lane="http://a", callback_url="http://a/x")
    await settle_sent(kept, told, ("A1",))
    await kept.receipts.record([Receipt("link", "A1", ReceiptState.DELIVERED, "", told.recipient, NOW + 50)])
    assert (await kept.metrics.backlog()).postbacks == 1
    (due,) = await kept.postbacks.due("http://a", 10, NOW + 100)
    await kept.postbacks.finish([PostbackResult(due.postback_id, NOW + 200, 200, "", None, done=True)])
    assert (await kept.metrics.backlog()).postbacks == 0
    found = await kept.events.after(EventPosition(NOW), NOW + 1000, 10)
    kinds = [(each.kind, each.at - NOW, each.state) for each in found]
    assert kinds == [
        (EventKind.ACCEPTED, 0, "queued"),
        (EventKind.SENT, 0, "sent"),
        (EventKind.ENDED, 50, "delivered"),
        (EventKind.POSTBACK, 200, "done"),
    ]
    assert [each.message_id for each in found] == [1, 1, 1, 1]


async def test_what_happened_is_told_once_in_batches_and_in_order(kept: Store) -> None:
    for number in range(1, 8):
        await accept(kept, a_message(number, accepted_at=NOW + number // 2))
    await kept.sending.claim(await own(kept), 100, lambda waiting, _: waiting, NOW + 100)
    await kept.sending.record(
        await own(kept), [AttemptResult(3, Event.SUBMIT_REJECTED, reason="ESME_RINVDSTADR")], NOW + 9
    )
    place, seen = EventPosition(NOW - 1), []
    while found := await kept.events.after(place, NOW + 100, 3):
        assert len(found) <= 3
        seen += found
        place = found[-1].position
    assert [(each.number, each.kind) for each in seen] == [
        *((number, EventKind.ACCEPTED) for number in range(1, 8)),
        (3, EventKind.ENDED),
    ]
    assert seen[-1].reason == "ESME_RINVDSTADR"
    assert await kept.events.after(EventPosition(NOW - 1), NOW - 1, 10) == []


async def test_minutes_are_kept_for_a_while(kept: Store) -> None:
    for minute in range(4):
        await kept.metrics.keep_minute(minute * 60, b"%d" % minute, minute * 60 - 120)
    assert await kept.metrics.minutes(0) == [b"1", b"2", b"3"]
    assert await kept.metrics.minutes(180) == [b"3"]


async def test_what_was_done_elsewhere_is_remembered(kept: Store) -> None:
    entry = AuditEntry(NOW, "demo", "console", "make chaos", "simulator", "throttle 0.5")
    await kept.audit.note(entry)
    assert await audited(kept) == [entry]


async def test_an_end_is_told_after_the_sending_also_where_its_receipt_has_the_earlier_time(
    kept: Store,
) -> None:
    await settle_sent(kept, a_message(1, accepted_at=NOW - 9), ("A1",))
    early = Receipt("link", "A1", ReceiptState.DELIVERED, "", "447700900001", NOW - 1)
    await kept.receipts.record([early])
    found = await kept.events.after(EventPosition(NOW - 10), NOW + 1, 10)
    assert [each.kind for each in found] == [EventKind.ACCEPTED, EventKind.SENT, EventKind.ENDED]
