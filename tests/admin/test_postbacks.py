"""What operators see of postbacks: what is posted, without secrets, and what customers are still to be told."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.backends import apply
from tests.fakes.clock import FakeClock
from tests.store.building import NOW, a_message, accept, settle_sent
from tests.store.test_inbound import an_inbound, heard

from aldis.accounts.directory import CurrentDirectory
from aldis.accounts.history import MASK
from aldis.admin.postbacks import Postbacks
from aldis.admin.timeline import expectation
from aldis.dialects.registry import POLICIES
from aldis.errors import AdminError
from aldis.stages.postbacks.writing import Writing
from aldis.store.contract.store import Store
from aldis.traffic.postback import Notify, Webhook, lane_of
from aldis.traffic.receipt import Receipt, ReceiptState

URL = "https://aldis:s3cret@customer.example/hook?key={MASK}"
DIRECTORY = f"""
[[account]]
name = "one"
prepaid = false
[account.postback]
sumotext = "{URL}"
genesys = "{URL}"
aldis = "{URL}"
[account.inbound]
genesys = "{URL}"
[account.postback_secret]
genesys = "whsec_c2VjcmV0"
[account.postback_headers]
genesys = "X-Api-Key: hidden"
"""


async def no_content(_digest: str) -> bytes | None:
    return None


async def looking(store: Store, *, shows_bodies: bool = True) -> Postbacks:
    await apply(store, DIRECTORY, NOW)
    current = CurrentDirectory(await store.directory.load())
    return Postbacks(store.outbox, Writing(POLICIES, current, no_content), shows_bodies=shows_bodies)


async def owed(store: Store, dialect: str) -> int:
    """Owe a postback; gives its id."""
    message = a_message(
        1, dialect=dialect, reference="r1", notify=Notify.ENDED, lane=lane_of(1, URL), price_micros=0
    )
    await settle_sent(store, message, ids=("A1",))
    receipt = Receipt("link", "A1", ReceiptState.DELIVERED, "", message.recipient, NOW)
    await store.receipts.record([receipt])
    (due,) = await store.postbacks.due(message.lane, 10, NOW)
    return due.postback_id


async def test_what_is_posted_is_shown_without_secrets(store: Store) -> None:
    postbacks = await looking(store)
    told = await postbacks.tell(await owed(store, "genesys"), NOW)
    assert told.request is not None
    assert told.request.url == f"https://aldis:{MASK}@customer.example/hook?key={MASK}"
    assert told.request.headers == {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Api-Key": MASK,
        "webhook-id": f"msg_{told.row.postback_id}",
        "webhook-timestamp": str(NOW // 1000),
        "webhook-signature": MASK,
    }
    assert "message_id=r1" in (told.request.body or "")
    assert told.request.octets == len(told.request.body or "")


@pytest.mark.parametrize("dialect", ["genesys", "sumotext"])
async def test_where_bodies_are_not_shown_neither_is_what_a_query_tells(store: Store, dialect: str) -> None:
    postbacks = await looking(store, shows_bodies=False)
    told = await postbacks.tell(await owed(store, dialect), NOW)
    assert told.request is not None
    assert (told.request.body, "?" in told.request.url) == (None, False)


async def test_a_message_from_a_handset_is_shown_as_well(store: Store) -> None:
    postbacks = await looking(store)
    await store.inbound.record(heard(an_inbound(3)))
    (due,) = await store.postbacks.due_inbound("http://x:80", 10, NOW)
    told = await postbacks.tell(due.postback_id, NOW)
    assert told.request is not None
    assert told.row.event == "inbound"


@pytest.mark.parametrize(
    ("dialect", "fault"),
    [
        ("mavorion", "the account has no postback address any more"),
        ("gone", "it cannot be written: KeyError"),
    ],
)
async def test_what_cannot_be_posted_says_why(store: Store, dialect: str, fault: str) -> None:
    postbacks = await looking(store)
    told = await postbacks.tell(await owed(store, dialect), NOW)
    assert (told.request, told.fault) == (None, fault)


async def test_there_is_no_such_postback(store: Store) -> None:
    with pytest.raises(AdminError):
        await (await looking(store)).tell(99, NOW)


async def test_webhooks_that_have_ended_are_listed_without_passwords(store: Store, clock: FakeClock) -> None:
    postbacks = await looking(store)
    await store.postbacks.end_webhook(Webhook(1, URL), NOW)
    await store.postbacks.end_webhook(Webhook(1, URL), NOW + 5)
    (ended,) = await postbacks.ended_webhooks()
    assert (ended.account_id, ended.url, ended.ended_at) == (
        1,
        f"https://aldis:{MASK}@customer.example/hook?key={MASK}",
        NOW,
    )


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (
            {"notify": Notify.NOTHING},
            "the account had no postback address for genesys, or did not ask for a receipt",
        ),
        ({"notify": Notify.ENDED}, "none is due yet; https://x.example:443 is told when it has ended"),
        (
            {"notify": Notify.SENT | Notify.ENDED},
            "none is due yet; https://x.example:443 is told when it is sent",
        ),
        (
            {"notify": Notify.FAILED},
            "none is due yet; https://x.example:443 is told when it has ended and was not delivered",
        ),
        (
            {"notify": Notify.FAILED, "ended_at": NOW},
            "https://x.example:443 is told only of messages that were not delivered",
        ),
    ],
)
async def test_a_message_without_postbacks_says_what_is_still_to_be_told(
    store: Store, facts: dict[str, Any], words: str
) -> None:
    ended_at = facts.pop("ended_at", 0)
    await apply(store, DIRECTORY, NOW)
    await accept(
        store, a_message(1, account_id=1, lane=lane_of(1, "https://x.example/dlr"), price_micros=0, **facts)
    )
    view = await store.search.message(1)
    assert view is not None
    message = msgspec.structs.replace(view.message, ended_at=ended_at)
    assert expectation(msgspec.structs.replace(view, message=message)) == words
