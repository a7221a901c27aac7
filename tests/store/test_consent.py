"""What the store promises of consents: one subscriber is known under all spellings of one number."""

from __future__ import annotations

import pytest

from aldis.store.contract.admission import Acceptance
from aldis.store.contract.consent import OptInKey
from aldis.store.contract.store import Store
from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource
from aldis.traffic.refusal import RefusalReason
from tests.store.building import NOW, a_message

#: what the same handset is called
SPELLINGS = [
    ("525512345678", "5215512345678"),
    ("5215512345678", "525512345678"),
    ("551187654321", "5511987654321"),
    ("2290197123456", "22997123456"),
]


def said(number: str, kind: ConsentKind, topic: str = "") -> ConsentChange:
    return ConsentChange("74700", topic, number, kind, ConsentSource.HANDSET, "so", NOW)


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
async def test_a_stop_binds_under_every_spelling(kept: Store, one: str, other: str) -> None:
    message = a_message(1, recipient=other)
    assert await kept.consent.change([said(one, ConsentKind.OPT_OUT)]) == [True]
    refusal = await kept.admission.accept(Acceptance(1, False, (message,)))
    assert refusal is not None
    assert refusal.reason is RefusalReason.OPTED_OUT
    history = await kept.consent.history(other, 10)
    assert [(each.kind, each.words) for each in history] == [(ConsentKind.OPT_OUT, "so")]
    assert await kept.consent.change([said(other, ConsentKind.OPT_IN)]) == [True]  # and so does START
    assert await kept.admission.accept(Acceptance(1, False, (message,))) is None
    assert await kept.consent.list_opted_out("74700", "", 10) == []


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
async def test_an_opt_in_counts_under_every_spelling(kept: Store, one: str, other: str) -> None:
    key = OptInKey("74700", "t", other)
    await kept.consent.change([said(one, ConsentKind.OPT_IN, "t")])
    assert await kept.consent.opted_in([key]) == {key}
    assert await kept.consent.change([said(other, ConsentKind.OPT_IN, "t")]) == [False]
    await kept.consent.change([said(other, ConsentKind.OPT_OUT, "t")])
    assert await kept.consent.opted_in([key, OptInKey("74700", "t", one)]) == set()
