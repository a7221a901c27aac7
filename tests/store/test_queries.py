"""What customers ask of the store, and the little that they may change."""

from __future__ import annotations

import asyncio

from aldis.stages.sending.shares import share
from aldis.store.contract.admission import Acceptance
from aldis.store.contract.consent import OptInKey
from aldis.store.contract.maintenance import Purged
from aldis.store.contract.store import Store
from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource
from aldis.traffic.message import AttemptResult, NewMessage, SubmittedSegment
from aldis.traffic.query import OTHER, Usage
from aldis.traffic.receipt import Receipt, ReceiptState
from aldis.traffic.states import Event, State
from tests.backends import own, own_maintenance
from tests.store.building import NOW, a_message, accept, settle_sent

DAY = 86_400_000


def scheduled(message_id: int, **changes: object) -> NewMessage:
    return a_message(
        message_id, **{"reference": "7", "due_at": NOW + 1000, "expires_at": NOW + DAY, **changes}
    )


async def states(kept: Store, *message_ids: int) -> list[State]:
    timelines = [await kept.search.message(message_id) for message_id in message_ids]
    return [timeline.message.state for timeline in timelines if timeline is not None]


async def test_a_submission_is_its_accounts_alone(kept: Store) -> None:
    await kept.admission.accept(Acceptance(1, prepaid=True, messages=(scheduled(1), scheduled(2, label="L"))))
    found = await kept.queries.submission(1, "genesys", "7")
    assert [(each.message.message_id, each.label, each.due_at) for each in found] == [
        (1, "", NOW + 1000),
        (2, "L", NOW + 1000),
    ]
    assert await kept.queries.submission(2, "genesys", "7") == []
    assert await kept.queries.submission(1, "mavorion", "7") == []


async def test_what_is_not_due_can_be_called_back_and_costs_nothing(kept: Store) -> None:
    await kept.admission.accept(
        Acceptance(1, prepaid=True, messages=(scheduled(1, notify=2, lane="l"), scheduled(2, link="other")))
    )
    assert await kept.queries.cancel(1, "genesys", "no", NOW) is None
    assert await kept.queries.cancel(2, "genesys", "7", NOW) is None
    assert await kept.queries.cancel(1, "genesys", "7", NOW) == 2
    assert await states(kept, 1, 2) == [State.DELETED, State.DELETED]
    balance = await kept.queries.balance(1)
    assert (balance.available, balance.held, balance.spent) == (1_000_000, 0, 0)
    (told,) = await kept.postbacks.due("l", 10, NOW)
    assert (told.state, told.error_code) == (State.DELETED, "cancelled")
    assert await kept.queries.cancel(1, "genesys", "7", NOW) == 0
    assert await kept.sending.claim(await own(kept), 10, share, NOW + 2000) == []


async def test_what_is_due_or_in_a_senders_hands_cannot_be_called_back(kept: Store) -> None:
    await accept(kept, scheduled(1))
    assert await kept.queries.cancel(1, "genesys", "7", NOW + 1000) == 0
    (claimed,) = await kept.sending.claim(await own(kept), 10, share, NOW + 1000)
    # its clock is behind ours: for the file it is not due yet
    assert await kept.queries.cancel(1, "genesys", "7", NOW) == 0
    await kept.sending.record(
        await own(kept), [AttemptResult(claimed.message_id, Event.SUBMIT_REJECTED)], NOW
    )
    assert await states(kept, 1) == [State.REJECTED]


async def test_what_is_claimed_is_not_called_back_nor_the_other_way_round(kept: Store) -> None:
    await accept(kept, scheduled(1))
    lease = await own(kept)
    cancelling = asyncio.ensure_future(kept.queries.cancel(1, "genesys", "7", NOW + 999))
    await asyncio.sleep(0)  # it is on its way, in some backends to the writer already
    claimed = await kept.sending.claim(lease, 10, share, NOW + 1000)
    assert (len(claimed), await cancelling) in {(0, 1), (1, 0)}


async def test_what_was_on_the_wire_cannot_be_called_back(kept: Store) -> None:
    """A retry is due later, but was not asked for later."""
    for message_id, result in (
        (1, AttemptResult(1, Event.SUBMIT_DEFERRED, due_at=NOW + 60_000, reason="in doubt")),
        (
            2,
            AttemptResult(2, Event.RELEASED, (SubmittedSegment(1, "A"),), NOW + 60_000, "link down"),
        ),
    ):
        await accept(kept, a_message(message_id, reference=str(message_id), segments=2))
        await kept.sending.claim(await own(kept), 10, share, NOW)
        await kept.sending.record(await own(kept), [result], NOW)
        assert await kept.queries.cancel(1, "genesys", str(message_id), NOW) == 0
    assert await states(kept, 1, 2) == [State.QUEUED, State.QUEUED]


async def test_use_counts_what_was_sent_whole_and_cut_by_the_carrier(kept: Store) -> None:
    await accept(kept, a_message(1, segments=3))
    await kept.sending.claim(await own(kept), 10, share, NOW)
    await kept.sending.record(
        await own(kept), [AttemptResult(1, Event.SUBMIT_ACCEPTED, (SubmittedSegment(0, "A1"),))], NOW
    )
    await kept.receipts.record([Receipt("link", "A1", ReceiptState.UNDELIVERED, "", "447700900001", NOW)])
    assert await kept.queries.usage(1, NOW, NOW + 1, None, 1_000) == [Usage("", "GB", 3, 150_000)]


async def test_a_file_brings_nobody_back(kept: Store) -> None:
    def wish(kind: ConsentKind, source: ConsentSource, topic: str = "77676") -> ConsentChange:
        return ConsentChange("60856", topic, "15551234888", kind, source, "", NOW)

    key = OptInKey("60856", "77676", "15551234888")
    by_file = wish(ConsentKind.OPT_IN, ConsentSource.FILE)
    by_api = wish(ConsentKind.OPT_IN, ConsentSource.API)
    assert await kept.consent.change([by_file]) == [True]
    assert await kept.consent.change([wish(ConsentKind.OPT_OUT, ConsentSource.API), by_file]) == [
        True,
        False,
    ]
    assert await kept.consent.opted_in([key]) == set()
    assert await kept.consent.change([by_api]) == [True]
    stop = wish(ConsentKind.OPT_OUT, ConsentSource.HANDSET, "")
    assert await kept.consent.change([stop, by_api, by_file]) == [True, False, False]
    start = wish(ConsentKind.OPT_IN, ConsentSource.HANDSET)
    assert await kept.consent.change([start]) == [True]
    assert await kept.consent.opted_in([key]) == {key}
    assert [entry.kind for entry in await kept.consent.history("15551234888", 2)] == ["opt_in", "opt_out"]


async def test_use_is_summed_by_label_and_country(kept: Store) -> None:
    await settle_sent(kept, a_message(1, label="a", segments=2, accepted_at=NOW - DAY), ids=("A", "B"))
    await accept(kept, a_message(2, label="a", country="DK", accepted_at=NOW))
    await accept(kept, a_message(3, label="b", accepted_at=NOW))
    await accept(kept, a_message(4, label="b", accepted_at=NOW))
    await kept.sending.claim(await own(kept), 10, share, NOW)
    await kept.sending.record(await own(kept), [AttemptResult(4, Event.SUBMIT_REJECTED)], NOW)
    assert await kept.queries.usage(1, NOW - DAY, NOW + 1, None, 1_000) == [
        Usage("a", "DK", 1, 50_000),
        Usage("a", "GB", 2, 100_000),
        Usage("b", "GB", 1, 50_000),
    ]
    assert await kept.queries.usage(1, NOW, NOW + 1, "b", 1_000) == [Usage("b", "GB", 1, 50_000)]
    assert await kept.queries.usage(1, NOW - DAY, NOW, None, 1_000) == [Usage("a", "GB", 2, 100_000)]
    assert await kept.queries.usage(2, NOW - DAY, NOW + 1, None, 1_000) == []


async def test_use_tells_the_labels_with_most_segments_and_the_rest_as_one(kept: Store) -> None:
    labels = ["a", "b", "b", "b", "c", "c", "(other)", ""]
    for message_id, label in enumerate(labels, start=1):
        country = "DK" if message_id == 1 else "GB"
        await accept(kept, a_message(message_id, label=label, country=country, accepted_at=NOW))
    told = await kept.queries.usage(1, NOW, NOW + 1, None, 2)
    assert told == [
        Usage("b", "GB", 3, 150_000),
        Usage("c", "GB", 2, 100_000),
        Usage(OTHER, "DK", 1, 50_000),
        Usage(OTHER, "GB", 2, 100_000),
    ]
    assert await kept.queries.usage(1, NOW, NOW + 1, None, 1) == [
        Usage("b", "GB", 3, 150_000),
        Usage(OTHER, "DK", 1, 50_000),
        Usage(OTHER, "GB", 4, 200_000),
    ]
    assert len(await kept.queries.usage(1, NOW, NOW + 1, None, 5)) == 5


async def test_consent_comes_and_goes(kept: Store) -> None:
    key = OptInKey("60856", "77676", "15551234888")
    for wanted, changed in ((True, True), (True, False), (False, True), (False, False), (True, True)):
        kind = ConsentKind.OPT_IN if wanted else ConsentKind.OPT_OUT
        change = ConsentChange("60856", "77676", "15551234888", kind, ConsentSource.API, "", NOW)
        assert await kept.consent.change([change]) == [changed]
        assert await kept.consent.opted_in([key]) == ({key} if wanted else set())
    assert len(await kept.consent.history("15551234888", 10)) == 3


async def test_what_must_stay_is_not_in_the_way_of_forgetting(kept: Store) -> None:
    for message_id in (1, 2):
        await accept(kept, scheduled(message_id, reference=f"later {message_id}"))
    await accept(kept, a_message(3, expires_at=NOW + 1))
    assert await kept.maintenance.expire(await own_maintenance(kept), 10, NOW + 1, DAY) == 1
    assert await kept.maintenance.purge(2, NOW, 2) == Purged(0, after=0)  # it has only just ended
    assert await kept.maintenance.purge(2, NOW + 1, 0) == Purged(0, after=2)
    assert await kept.maintenance.purge(2, NOW + 1, 2) == Purged(1, after=0)
    assert await kept.search.message(3) is None
    assert await kept.maintenance.purge(1, NOW - 1, 0) == Purged(
        0, after=0
    )  # what comes behind is younger still
