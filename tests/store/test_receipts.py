"""Receipts find their segments: by the very id first, by other spellings when nothing else can be meant."""

from __future__ import annotations

import random
import string
from collections.abc import Callable

import pytest

from aldis.stages.receipts.reviewer import Reviewer
from aldis.stages.sending.shares import share
from aldis.store.contract.inbound import ReviewedRange, ReviewedReceipts
from aldis.store.contract.store import Store
from aldis.telemetry import Metrics, Noted
from aldis.traffic.message import AttemptResult, LateAnswer, SubmittedSegment
from aldis.traffic.receipt import Receipt, ReceiptState, normalise_id
from aldis.traffic.states import Event, State
from tests.backends import own
from tests.fakes.clock import FakeClock
from tests.store.building import NOW, POSTPAID, a_message, accept, settle_sent, state_of

US = "447700900001"
MANY = 120
DELIVERED, UNDELIVERED = ReceiptState.DELIVERED, ReceiptState.UNDELIVERED


def receipt(
    smsc_message_id: str, state: ReceiptState = DELIVERED, recipient: str = US, destination: str = "74700"
) -> Receipt:
    return Receipt("link", smsc_message_id, state, "", recipient, NOW + 1000, destination)


def taken(message_id: int, *ids: str) -> AttemptResult:
    segments = tuple(SubmittedSegment(number, name) for number, name in enumerate(ids, start=1))
    return AttemptResult(message_id, Event.SUBMIT_ACCEPTED, segments)


async def review(kept: Store) -> ReviewedReceipts:
    newest = await kept.receipts.unreviewed(["link", "other"])
    return await kept.receipts.review(ReviewedRange("link", newest.get("link", 0), NOW + 2000))


@pytest.mark.parametrize(
    ("recipient", "destination"),
    [
        (US, "74700"),
        ("74700", US),  # not exchanged
        ("", ""),
        ("4512345678", "74700"),  # the SMSC's own
        ("Carrier", "74700"),
        ("07700900001", "74700"),
    ],
)
@pytest.mark.parametrize("early", [False, True])
async def test_the_very_id_counts_whatever_numbers_stand_beside_it(
    kept: Store, recipient: str, destination: str, *, early: bool
) -> None:
    told = receipt("A1", DELIVERED, recipient, destination)
    if early:
        await accept(kept, a_message(1))
        assert (await kept.receipts.record([told])).early == 1
        await kept.sending.record(await own(kept), [taken(1, "A1")], NOW)
    else:
        await settle_sent(kept, a_message(1), ids=("A1",))
        assert (await kept.receipts.record([told])).early == 0
    assert await state_of(kept, 1) is State.DELIVERED


async def test_of_two_receipts_for_one_segment_in_a_batch_the_last_is_kept(kept: Store) -> None:
    await settle_sent(kept, a_message(1))
    await kept.receipts.record([receipt("A1", ReceiptState.ENROUTE), receipt("A1")])
    timeline = await kept.search.message(1)
    assert timeline is not None
    assert [segment.state for segment in timeline.segments] == [DELIVERED]


async def test_an_id_beside_another_number_is_told_of(kept: Store) -> None:
    await settle_sent(kept, a_message(1), ids=("A1",))
    recorded = await kept.receipts.record([receipt("A1", DELIVERED, "74700", US)])
    assert recorded.anomalies == {("link", "misnamed_receipt"): 1}


async def test_ids_of_two_links_do_not_meet(kept: Store) -> None:
    await settle_sent(kept, a_message(1), ids=("A1",))
    elsewhere = Receipt("other", "A1", DELIVERED, "", US, NOW)
    assert (await kept.receipts.record([elsewhere])).early == 1
    assert await state_of(kept, 1) is State.SENT


async def test_of_two_messages_with_one_id_the_number_names_one_and_otherwise_the_receipt_is_kept(
    kept: Store,
) -> None:
    await settle_sent(kept, a_message(1), ids=("A1",))
    await settle_sent(kept, a_message(2, recipient="4512345678"), ids=("A1",))
    unclear = receipt("A1", DELIVERED, "33698765432")
    recorded = await kept.receipts.record([unclear])
    assert (recorded.early, recorded.anomalies) == (1, {("link", "ambiguous_receipt"): 1})
    assert [await state_of(kept, number) for number in (1, 2)] == [State.SENT, State.SENT]
    assert (await kept.receipts.record([receipt("A1")])).anomalies == {}
    assert [await state_of(kept, number) for number in (1, 2)] == [State.DELIVERED, State.SENT]


@pytest.mark.parametrize("segments", [2, 3, 40])
@pytest.mark.parametrize("ending", [DELIVERED, UNDELIVERED])
@pytest.mark.parametrize("early", [False, True])
async def test_one_id_for_all_segments_needs_one_receipt(
    kept: Store, segments: int, ending: ReceiptState, *, early: bool
) -> None:
    names = ["A1"] * segments
    for number in (1, 2):
        await accept(kept, a_message(number, segments=segments, account_id=POSTPAID))
    await kept.sending.claim(await own(kept), 2, share, NOW)
    if early:
        await kept.receipts.record([receipt("A1", ending)])
    await kept.sending.record(await own(kept), [taken(1, *names), taken(2, *["B1"] * segments)], NOW)
    if not early:
        assert (await kept.receipts.record([receipt("A1", ending)])).early == 0
    told = State(ending.value)
    assert [await state_of(kept, number) for number in (1, 2)] == [told, State.SENT]
    await kept.receipts.record([receipt("A1", UNDELIVERED), receipt("A1", DELIVERED)])  # one each, after all
    assert [await state_of(kept, number) for number in (1, 2)] == [told, State.SENT]


@pytest.mark.parametrize(("first", "second"), [(DELIVERED, UNDELIVERED), (UNDELIVERED, DELIVERED)])
async def test_one_id_of_late_answers_and_one_of_the_repetition_each_need_one_receipt(
    kept: Store, first: ReceiptState, second: ReceiptState
) -> None:
    """Taken twice: one that was delivered counts, however the other ends."""
    await accept(kept, a_message(1, segments=3))
    lease = await own(kept)
    await kept.sending.claim(lease, 1, share, NOW)
    in_doubt = AttemptResult(1, Event.SUBMIT_DEFERRED, due_at=NOW, in_doubt=True)
    await kept.sending.record(lease, [in_doubt], NOW)
    await kept.sending.claim(lease, 1, share, NOW)
    await kept.sending.record(lease, [taken(1, "B1", "B1", "B1")], NOW)
    await kept.sending.record_late("link", [LateAnswer(1, number, "A1") for number in (1, 2, 3)], NOW)
    await kept.receipts.record([receipt("A1", first)])
    await kept.receipts.record([receipt("B1", second)])
    assert await state_of(kept, 1) is State.DELIVERED


@pytest.mark.parametrize("segments", [1, 3])
@pytest.mark.parametrize("is_reported_first", [False, True])
async def test_what_another_gateway_had_taken_ends_a_message_that_is_in_hand(
    kept: Store, segments: int, *, is_reported_first: bool
) -> None:
    """Its attempt was not known to be in doubt when the message was claimed again."""
    await accept(kept, a_message(1, segments=segments))
    await kept.sending.claim(await own(kept), 1, share, NOW)
    names = [f"A{number}" for number in range(1, segments + 1)]
    late = [LateAnswer(1, number, name) for number, name in enumerate(names, 1)]
    heard = [receipt(name) for name in names]
    if is_reported_first:
        assert (await kept.receipts.record(heard)).early == segments
    await kept.sending.record_late("link", late, NOW)
    if not is_reported_first:
        assert (await kept.receipts.record(heard)).early == 0
    assert await state_of(kept, 1) is State.QUEUED
    await kept.sending.record(await own(kept), [taken(1, *(f"B{name}" for name in names))], NOW)
    assert await state_of(kept, 1) is State.DELIVERED


async def test_what_another_gateway_had_taken_is_not_submitted_again(kept: Store) -> None:
    await accept(kept, a_message(1, segments=3))
    await kept.sending.record_late("link", [LateAnswer(1, number, f"A{number}") for number in (1, 3)], NOW)
    (claimed,) = await kept.sending.claim(await own(kept), 1, share, NOW)
    assert claimed.accepted_segments == (1, 3)


async def test_a_late_answer_to_a_message_that_is_forgotten_is_nothing(kept: Store) -> None:
    await kept.sending.record_late("link", [LateAnswer(99, 1, "A1")], NOW)
    assert (await kept.receipts.record([receipt("A1")])).early == 1


async def test_a_receipt_settles_the_segments_with_its_id_and_no_others(kept: Store) -> None:
    await settle_sent(kept, a_message(1, segments=3), ids=("A1", "A1", "A2"))
    await kept.receipts.record([receipt("A1")])
    assert await state_of(kept, 1) is State.SENT
    await kept.receipts.record([receipt("A2")])
    assert await state_of(kept, 1) is State.DELIVERED


@pytest.mark.parametrize(
    ("first", "second"),
    [("12a", "12A"), ("00012a", "00012A"), ("xk3pA", "xk3pa"), ("10", "16"), ("1F", "1f")],
)
async def test_ids_that_are_only_alike_each_need_their_receipt(kept: Store, first: str, second: str) -> None:
    """Of two segments of one message, and of two messages to one phone."""
    one, other = normalise_id(first), normalise_id(second)
    await settle_sent(kept, a_message(1, segments=2), ids=(one, other))
    await kept.receipts.record([receipt(one)])
    await review(kept)
    assert await state_of(kept, 1) is State.SENT
    await kept.receipts.record([receipt(other, UNDELIVERED)])
    assert await state_of(kept, 1) is State.UNDELIVERED


async def test_one_id_in_another_spelling_needs_one_receipt(kept: Store) -> None:
    await settle_sent(kept, a_message(1, segments=3), ids=("1F4A", "1F4A", "1F4A"))
    await kept.receipts.record([receipt("8010")])
    assert await review(kept) == ReviewedReceipts(1, 1)
    assert await state_of(kept, 1) is State.DELIVERED


@pytest.mark.parametrize(
    ("in_response", "in_receipt"),
    [
        ("aB3xK9Qz", "AB3XK9QZ"),
        ("aB3xK9Qz", "ab3xk9qz"),
        ("aB3x", "AB3X"),
        ("aB3x", "ab3x"),
        ("AB3X", "aB3x"),  # whoever forwards the response writes it in capitals
        ("ab3x", "AB3X"),
        ("d7F0-4e2b-Ab", "D7F0-4E2B-AB"),
    ],
)
@pytest.mark.parametrize("early", [False, True])
async def test_an_id_in_another_case_counts_once_no_response_is_missing(
    kept: Store, in_response: str, in_receipt: str, *, early: bool
) -> None:
    answered, reported = normalise_id(in_response), normalise_id(in_receipt)
    await accept(kept, a_message(1))
    await kept.sending.claim(await own(kept), 1, share, NOW)
    if early:
        await kept.receipts.record([receipt(reported)])
        await kept.sending.record(await own(kept), [taken(1, answered)], NOW)
    else:
        await kept.sending.record(await own(kept), [taken(1, answered)], NOW)
        await kept.receipts.record([receipt(reported)])
    assert await state_of(kept, 1) is State.SENT
    assert await kept.receipts.knows(receipt(reported))
    assert await review(kept) == ReviewedReceipts(1, 1)
    assert await state_of(kept, 1) is State.DELIVERED


async def test_an_early_receipt_in_another_case_meets_a_response_that_comes_after_its_review(
    kept: Store,
) -> None:
    await accept(kept, a_message(1))
    await kept.sending.claim(await own(kept), 1, share, NOW)
    await kept.receipts.record([receipt("AB3XK9QZ")])
    assert await review(kept) == ReviewedReceipts(1, 0)
    await kept.sending.record(await own(kept), [taken(1, "aB3xK9Qz")], NOW)
    assert await state_of(kept, 1) is State.DELIVERED


async def test_a_carrier_that_tells_cases_apart_means_what_it_writes(kept: Store) -> None:
    """A response was lost, and another message to that phone has its id in another case."""
    await settle_sent(kept, a_message(1), ids=("aB3x",))
    await kept.receipts.record([receipt("aB3x")])
    await settle_sent(kept, a_message(2), ids=("aB3z",))
    await kept.receipts.record([receipt("AB3Z", UNDELIVERED)])
    assert await review(kept) == ReviewedReceipts(1, 0)
    assert await state_of(kept, 2) is State.SENT


async def test_two_ids_that_are_one_in_capitals_need_the_number(kept: Store) -> None:
    await settle_sent(kept, a_message(1), ids=("aB3x",))
    await settle_sent(kept, a_message(2, recipient="4512345678"), ids=("Ab3x",))
    await kept.receipts.record([receipt("AB3X")])
    assert await review(kept) == ReviewedReceipts(1, 1)
    assert [await state_of(kept, number) for number in (1, 2)] == [State.DELIVERED, State.SENT]


@pytest.mark.parametrize(("in_response", "in_receipt"), [("1F4A", "8010"), ("8010", "1F4A")])
@pytest.mark.parametrize("early", [False, True])
async def test_another_spelling_counts_once_no_response_is_missing(
    kept: Store, in_response: str, in_receipt: str, *, early: bool
) -> None:
    await accept(kept, a_message(1))
    await kept.sending.claim(await own(kept), 1, share, NOW)
    if early:
        await kept.receipts.record([receipt(in_receipt)])
        assert await review(kept) == ReviewedReceipts(
            1, 0
        )  # nothing is known of it: it waits for its response
        await kept.sending.record(await own(kept), [taken(1, in_response)], NOW)
    else:
        await kept.sending.record(await own(kept), [taken(1, in_response)], NOW)
        await kept.receipts.record([receipt(in_receipt)])
        assert await state_of(kept, 1) is State.SENT
        assert await review(kept) == ReviewedReceipts(1, 1)
    assert await state_of(kept, 1) is State.DELIVERED
    assert await review(kept) == ReviewedReceipts(0, 0)


async def test_another_spelling_needs_the_number(kept: Store) -> None:
    await settle_sent(kept, a_message(1), ids=("1F4A",))
    await kept.receipts.record([receipt("8010", DELIVERED, "4512345678")])
    assert await review(kept) == ReviewedReceipts(1, 0)
    assert await state_of(kept, 1) is State.SENT


@pytest.mark.parametrize("orphan", ["10", "16", "1A", "26"])
async def test_a_receipt_whose_response_was_lost_ends_no_other_message(kept: Store, orphan: str) -> None:
    """One phone, small ids, and a carrier that is known to write them alike at both ends."""
    await settle_sent(kept, a_message(1), ids=("5",))
    await kept.receipts.record([receipt("5")])
    others = {"10", "16", "1A", "26"} - {orphan}
    for number, name in enumerate(others, start=2):
        await settle_sent(kept, a_message(number), ids=(name,))
    await kept.receipts.record([receipt(orphan, UNDELIVERED)])
    assert await review(kept) == ReviewedReceipts(1, 0)
    assert {await state_of(kept, number) for number in (2, 3, 4)} == {State.SENT}


async def test_small_numbers_count_where_ids_are_known_to_be_spelled_otherwise(kept: Store) -> None:
    await settle_sent(kept, a_message(1), ids=("10",))
    await kept.receipts.record([receipt("16")])
    assert await review(kept) == ReviewedReceipts(1, 0)  # nothing is known of the link yet
    await settle_sent(kept, a_message(2), ids=("1A",))
    await kept.receipts.record([receipt("26")])
    assert await review(kept) == ReviewedReceipts(1, 1)  # a letter tells
    await settle_sent(kept, a_message(3), ids=("20",))
    await kept.receipts.record([receipt("32")])
    assert await review(kept) == ReviewedReceipts(1, 1)
    assert [await state_of(kept, number) for number in (1, 2, 3)] == [
        State.SENT,
        State.DELIVERED,
        State.DELIVERED,
    ]


async def test_two_early_receipts_whose_ids_are_spellings_of_each_other(kept: Store) -> None:
    for number in (1, 2):
        await accept(kept, a_message(number))
    await kept.sending.claim(await own(kept), 2, share, NOW)
    await kept.receipts.record([receipt("10", DELIVERED), receipt("16", UNDELIVERED)])
    await kept.sending.record(await own(kept), [taken(1, "10"), taken(2, "16")], NOW)
    assert [await state_of(kept, number) for number in (1, 2)] == [State.DELIVERED, State.UNDELIVERED]


def in_base_62(number: int) -> str:
    digits = string.digits + string.ascii_uppercase + string.ascii_lowercase
    return normalise_id(digits[number // 62 % 62] + digits[number % 62])


def in_long_base_62(number: int) -> str:
    return f"xK{in_base_62(number):0>2}"


@pytest.mark.parametrize("spelled", ["{}".format, "{:X}".format, in_base_62, in_long_base_62])
async def test_whatever_the_order_each_receipt_ends_the_message_with_its_id(
    kept: Store, chance: random.Random, spelled: Callable[[int], str]
) -> None:
    """Ids 1, 2, 3 …, one phone: responses and receipts in any order, reviews whenever they come."""
    for number in range(1, MANY + 1):
        await accept(kept, a_message(number, account_id=POSTPAID))
    await kept.sending.claim(await own(kept), MANY, share, NOW)
    lease, unsettled = await own(kept), set(range(1, MANY + 1))
    reviewer = Reviewer(kept.receipts, lambda: {"link": set(unsettled)}, FakeClock(), Metrics())
    ends = {number: chance.choice([DELIVERED, UNDELIVERED]) for number in unsettled}
    responses, receipts = list(unsettled), list(unsettled)
    chance.shuffle(responses)
    chance.shuffle(receipts)
    while responses or receipts:
        size = chance.randint(1, 9)
        match chance.choice(["respond", "report", "review"]):
            case "respond":
                batch, responses = responses[:size], responses[size:]
                await kept.sending.record(lease, [taken(each, spelled(each)) for each in batch], NOW)
                unsettled.difference_update(batch)
            case "report":
                batch, receipts = receipts[:size], receipts[size:]
                await kept.receipts.record([receipt(spelled(each), ends[each]) for each in batch])
            case _:
                await reviewer.step()
    ended = {number: await state_of(kept, number) for number in ends}
    assert ended == {number: State(end.value) for number, end in ends.items()}
    assert await kept.receipts.unreviewed(["link"]) == {}


async def test_a_link_that_spells_ids_in_two_ways_is_told_of(kept: Store) -> None:
    metrics, unsettled = Metrics(), {1}
    reviewer = Reviewer(kept.receipts, lambda: {"link": set(unsettled)}, FakeClock(), metrics)
    await settle_sent(kept, a_message(1), ids=("1F4A",))
    await kept.receipts.record([receipt("8010")])
    assert await reviewer.step() == 0  # a response is missing that could name it
    unsettled.clear()
    assert await reviewer.step() == 1
    assert await state_of(kept, 1) is State.DELIVERED
    assert metrics.anomalies.of("link") == (Noted("respelled_receipt", "", 1),)
    assert await reviewer.step() == 0
