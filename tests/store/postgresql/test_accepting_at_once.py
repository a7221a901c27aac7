"""What two gateways accept at the same moment, and beside what else is written."""

from __future__ import annotations

import asyncio

import pytest

from aldis.store.contract.admission import Acceptance
from aldis.store.contract.store import Store
from aldis.store.postgresql.engine.operations import locks_of
from aldis.store.postgresql.writes import admission, locks
from aldis.traffic.refusal import Refusal, RefusalReason
from tests.backends import apply
from tests.store.building import NOW, RICH, a_message
from tests.store.conftest import DIRECTORY
from tests.store.postgresql.at_once import at_once, behind, holding, open_call


@pytest.fixture
async def gateways(both: list[Store]) -> list[Store]:
    await apply(both[0], DIRECTORY, NOW)
    return both


def an_acceptance(first_id: int, references: str = "", segments: int = 1) -> Acceptance:
    """Ask for a message for each reference, or for one without."""
    messages = [
        a_message(number, reference=reference.strip(), duplicate_scope=reference.strip(), segments=segments)
        for number, reference in enumerate(references or " ", start=first_id)
    ]
    return Acceptance(RICH, prepaid=True, messages=tuple(messages))


def reasons(answers: list[Refusal | None]) -> set[RefusalReason | None]:
    return {None if answer is None else answer.reason for answer in answers}


async def test_references_in_opposite_order_are_taken_once(gateways: list[Store], database: str) -> None:
    asked = (an_acceptance(1, "ab"), an_acceptance(3, "ba"))
    calls = [store.admission.accept(each) for store, each in zip(gateways, asked, strict=True)]
    answers = await at_once(database, "LOCK TABLE duplicate_key IN EXCLUSIVE MODE", calls)
    assert reasons(answers) == {None, RefusalReason.DUPLICATE}
    assert await gateways[0].admission.available(RICH) == 900_000


async def test_a_balance_is_not_overdrawn_by_two(gateways: list[Store], database: str) -> None:
    calls = [
        store.admission.accept(an_acceptance(number, segments=12))
        for number, store in enumerate(gateways, start=1)
    ]
    answers = await at_once(database, "LOCK TABLE purse IN EXCLUSIVE MODE", calls)
    assert reasons(answers) == {None, RefusalReason.CREDIT_INSUFFICIENT}
    assert await gateways[0].admission.available(RICH) == 400_000


async def test_what_is_settled_is_not_waited_for(gateways: list[Store], database: str) -> None:
    settled = f"INSERT INTO purse (account_id, slot, held, spent) VALUES ({RICH}, 1, -100000, 50000)"
    async with holding(database, settled):
        assert await gateways[0].admission.accept(an_acceptance(1)) is None
        assert await gateways[0].admission.available(RICH) == 950_000
    assert await gateways[0].admission.available(RICH) == 1_000_000


async def test_who_opts_out_meanwhile_is_sent_nothing(gateways: list[Store], database: str) -> None:
    stop = f"{locking()}; INSERT INTO opt_out VALUES ('74700', '447700900001', {NOW})"
    answers = await at_once(database, stop, [store.admission.accept(an_acceptance(1)) for store in gateways])
    assert reasons(answers) == {RefusalReason.OPTED_OUT}


def locking() -> str:
    kind, key, _ = locks.consenting()
    return f"SELECT pg_advisory_xact_lock({kind}, {key})"


async def test_who_opts_out_waits_for_what_is_accepted(gateways: list[Store], database: str) -> None:
    kind, key, _ = locks.consenting()
    async with holding(database, "LOCK TABLE queue IN EXCLUSIVE MODE") as other:
        calls = [
            asyncio.ensure_future(store.admission.accept(an_acceptance(number)))
            for number, store in enumerate(gateways, start=1)
        ]
        await other.until(2)  # beside each other
        assert not await other.is_free(kind, key)
    assert await asyncio.gather(*calls) == [None, None]
    async with holding(database, "SELECT 1") as other:
        assert await other.is_free(kind, key)


async def test_a_reference_of_what_was_refused_is_anybodys(gateways: list[Store], database: str) -> None:
    """Whoever asks for it in between waits, and gets it."""
    dear = an_acceptance(1, "a", segments=30)
    answer = await behind(
        database, admission.accept, dear, lambda: gateways[0].admission.accept(an_acceptance(2, "a"))
    )
    assert answer is None
    again = await gateways[1].admission.accept(an_acceptance(3, "a"))
    assert reasons([again]) == {RefusalReason.DUPLICATE}
    assert await gateways[0].admission.available(RICH) == 950_000


async def test_a_reference_passes_from_what_was_refused_to_its_neighbour(
    gateways: list[Store], database: str
) -> None:
    """Both in one transaction; whoever asks for it in between waits, and does not get it."""
    async with open_call(
        database, admission.accept, an_acceptance(1, "a", segments=30), an_acceptance(2, "a")
    ) as other:
        asked = asyncio.ensure_future(gateways[0].admission.accept(an_acceptance(3, "a")))
        await other.until_waiting_or(asked)
    assert reasons([await asked]) == {RefusalReason.DUPLICATE}
    async with holding(database, "SELECT 1") as other:
        assert await other.value("SELECT message_id FROM duplicate_key") == 2
    assert await gateways[0].admission.available(RICH) == 950_000


def test_a_transaction_takes_each_lock_once_in_one_order() -> None:
    assert locks_of([]) == ""
    shared, alone = locks.recording("a"), locks.reporting("a")
    calls = [(admission.accept, an_acceptance(1))] * 2
    assert locks_of(calls) == "SELECT pg_advisory_xact_lock_shared(1, 0); "
    assert shared[:2] == alone[:2] != locks.recording("b")[:2]


async def test_ids_grow_and_are_given_once(gateways: list[Store]) -> None:
    blocks = [
        await asyncio.gather(*(store.admission.take_ids(10_000) for store in gateways)) for _ in range(3)
    ]
    rounds = [sorted(each for block in some for each in block) for some in blocks]
    ids = [each for some in rounds for each in some]
    assert ids == sorted(set(ids))
    assert len(ids) == 60_000
    assert ids[-1] < 2**53
