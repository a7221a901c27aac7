"""A submission of thousands is accepted as a small one is: whole or not at all, with others' between its pieces."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from aldis.accounts.staff import AuditEntry
from aldis.stages.sending.shares import share
from aldis.store.contract.admission import Acceptance
from aldis.store.contract.search import MessageFilter
from aldis.store.contract.store import Store
from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource
from aldis.traffic.message import NewMessage
from aldis.traffic.refusal import Refusal, RefusalReason
from tests.backends import own
from tests.store.building import NOW, POSTPAID, RICH, a_message, accept, audited, money

MANY = 2_500
ENTRY = AuditEntry(NOW, "boss", "console", "send message", "1000", "2500 for rich")


def many(first_id: int = 1000, **changes: Any) -> tuple[NewMessage, ...]:
    first = a_message(first_id, price_micros=100, reference="r", **changes)
    return tuple(
        msgspec.structs.replace(first, message_id=first_id + number, recipient=f"4477{number:08d}")
        for number in range(MANY)
    )


async def keep(kept: Store, messages: tuple[NewMessage, ...], account_id: int = RICH) -> Refusal | None:
    return await kept.admission.accept(Acceptance(account_id, account_id != POSTPAID, messages, ENTRY))


async def count(kept: Store) -> int:
    return sum((await kept.metrics.count_by_state()).values())


async def test_all_of_it_is_kept_as_it_is(kept: Store) -> None:
    exotic: dict[str, Any] = {
        "label": "spring",
        "exempt": True,
        "octets": b"\0\xff",
        "callback_url": "http://x/",
        "notify": 3,
    }
    messages = many(lane="2 x", backups='["other"]', **exotic)
    assert await keep(kept, messages) is None
    assert await count(kept) == MANY
    assert await money(kept) == (1_000_000 - MANY * 100, MANY * 100, 0)
    assert (await audited(kept))[0] == ENTRY
    for message in (messages[0], messages[777], messages[-1]):
        (found,) = await kept.queries.submission(RICH, "genesys", "r", message.message_id - 1, 1)
        facts = found.message
        assert (facts.message_id, facts.submission_id) == (message.message_id, 1000)
        assert (facts.recipient, facts.callback_url, facts.link) == (message.recipient, "http://x/", "link")
        assert (found.label, found.octets, found.due_at) == ("spring", b"\0\xff", NOW)
    claimed = await kept.sending.claim(await own(kept), MANY + 1, share, NOW)
    assert len(claimed) == MANY


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"segments": 5}, RefusalReason.CREDIT_INSUFFICIENT),
        ({"duplicate_scope": "s"}, RefusalReason.DUPLICATE),
        ({"sender": "84700"}, RefusalReason.OPTED_OUT),
    ],
)
async def test_what_is_refused_leaves_nothing_and_may_come_again(
    kept: Store, changes: dict[str, Any], reason: RefusalReason
) -> None:
    await accept(kept, a_message(1, price_micros=0, reference="r", duplicate_scope="s"))
    stop = ConsentChange("84700", "", f"4477{2_000:08d}", ConsentKind.OPT_OUT, ConsentSource.HANDSET, "", NOW)
    assert await kept.consent.change([stop]) == [True]
    messages = many()
    wrong = (*messages[:2_000], msgspec.structs.replace(messages[2_000], **changes), *messages[2_001:])
    if reason is RefusalReason.CREDIT_INSUFFICIENT:
        wrong = many(**changes)
    refusal = await keep(kept, wrong)
    assert refusal is not None
    assert refusal.reason is reason
    value = {RefusalReason.DUPLICATE: "r", RefusalReason.OPTED_OUT: stop.msisdn}.get(reason, "")
    assert refusal.value == value
    assert (await count(kept), await money(kept)) == (1, (1_000_000, 0, 0))
    assert await keep(kept, messages) is None  # under the same ids
    assert await count(kept) == MANY + 1


async def test_several_come_side_by_side(kept: Store) -> None:
    large = [asyncio.ensure_future(keep(kept, many(first), POSTPAID)) for first in (10_000, 20_000, 30_000)]
    for number in range(1, 6):
        await accept(kept, a_message(number, account_id=POSTPAID))
    assert await asyncio.gather(*large) == [None] * 3
    assert await count(kept) == 3 * MANY + 5


async def test_their_numbers_are_found_where_maintenance_is_past_their_ids(kept: Store) -> None:
    await accept(kept, a_message(50_000))
    while await kept.maintenance.index_recipients(100_000, 0):
        pass
    assert await keep(kept, many()) is None
    page = await kept.search.messages(MessageFilter(number="447700000001"), 0, 10)
    assert [found.message.message_id for found in page.found] == [1001]
