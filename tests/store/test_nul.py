"""A NUL in any text that comes from outside is kept like any other character, and harms no other text of its batch."""

from __future__ import annotations

import asyncio

import pytest

from aldis.store.contract.admission import Acceptance
from aldis.store.contract.consent import OptInKey
from aldis.store.contract.inbound import InboundBatch
from aldis.store.contract.search import InboundFilter, MessageFilter
from aldis.store.contract.store import Store
from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource
from aldis.traffic.inbound import NewInbound
from aldis.traffic.receipt import Receipt, ReceiptState
from aldis.traffic.refusal import RefusalReason
from aldis.traffic.states import State
from tests.store.building import NOW, RICH, a_message, accept, settle_sent, state_of

TEXTS = ["\0", "a\0b", "a\0", "\0b"]


def a_receipt(name: str) -> Receipt:
    return Receipt("link", name, ReceiptState.DELIVERED, "0\0", "447700900001", NOW)


@pytest.mark.parametrize("text", TEXTS)
async def test_in_what_a_customer_gives(kept: Store, text: str) -> None:
    given = a_message(1, reference=text, duplicate_scope="s", label=text, echo=b'{"reference":"\\u0000"}')
    beside = a_message(2, reference="a", duplicate_scope="s")
    await asyncio.gather(accept(kept, given), accept(kept, beside))
    again = a_message(3, reference=text, duplicate_scope="s")
    (refusal, other) = await asyncio.gather(
        kept.admission.accept(Acceptance(RICH, prepaid=True, messages=(again,))),
        kept.admission.accept(
            Acceptance(RICH, prepaid=True, messages=(a_message(4, reference="b", duplicate_scope="s"),))
        ),
    )
    assert refusal is not None
    assert (refusal.reason, refusal.value, other) == (RefusalReason.DUPLICATE, text, None)
    for wanted in (MessageFilter(reference=text), MessageFilter(label=text)):
        found = await kept.search.messages(wanted, 0, 10)
        assert [each.message.message_id for each in found.found] == [1]
    view = await kept.search.message(1)
    assert view is not None
    assert (view.message.reference, view.accepted.label) == (text, text)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("is_early", [False, True])
async def test_in_the_ids_of_a_carrier(kept: Store, text: str, *, is_early: bool) -> None:
    receipts = [a_receipt(text), a_receipt("other"), a_receipt("nobody\0's")]
    if is_early:
        assert (await kept.receipts.record(receipts)).early == 3
    await settle_sent(kept, a_message(1), ids=(text,))
    await settle_sent(kept, a_message(2), ids=("other",))
    if not is_early:
        assert (await kept.receipts.record(receipts)).early == 1
    assert [await state_of(kept, number) for number in (1, 2)] == [State.DELIVERED] * 2


@pytest.mark.parametrize("text", TEXTS)
async def test_in_what_a_handset_writes(kept: Store, text: str) -> None:
    stop = ConsentChange("74700", text, "14805550100", ConsentKind.OPT_IN, ConsentSource.HANDSET, text, NOW)
    facts = NewInbound(
        1,
        "link",
        text,
        "74700",
        text,
        text,
        text,
        1,
        RICH,
        "genesys",
        NOW,
        lane=text,
        fingerprint=b"",
        consents=(stop,),
    )
    await kept.inbound.record(InboundBatch((), (facts,), 1000, frozenset()))
    (found,) = (await kept.search.inbound(InboundFilter(), 0, 10)).found
    assert (found.sender, found.text, found.keyword) == (text, text, text)
    (due,) = await kept.postbacks.due_inbound(text, 10, NOW)
    assert due.inbound.text == text
    assert await kept.consent.opted_in([OptInKey("74700", text, "14805550100")])
    entry, *_ = await kept.consent.history("14805550100", 10)
    assert (entry.topic, entry.words) == (text, text)
