"""What happens to messages that are too far back to be looked through."""

from __future__ import annotations

from aldis.store.contract.events import EventKind, EventPosition
from aldis.store.contract.store import Store
from aldis.traffic.postback import Notify
from aldis.traffic.receipt import Receipt, ReceiptState
from tests.store.building import NOW, a_message, accept, settle_sent

#: ids are counted: so far behind the first message that nobody looks back to that one
LATER_ID = 100_000


async def test_the_end_of_an_old_message_is_heard_by_its_postback(kept: Store) -> None:
    old = a_message(1, notify=Notify.ENDED, lane="http://a", callback_url="http://a/x")
    await settle_sent(kept, old, ("A1",))
    await accept(kept, a_message(LATER_ID, accepted_at=NOW - 5))
    assert await kept.events.after(EventPosition(NOW), NOW + 100, 10) == []
    await kept.receipts.record([Receipt("link", "A1", ReceiptState.DELIVERED, "", old.recipient, NOW + 50)])
    (ended,) = await kept.events.after(EventPosition(NOW), NOW + 100, 10)
    assert (ended.kind, ended.message_id, ended.state) == (EventKind.ENDED, 1, "delivered")
