"""What the store promises of messages from handsets."""

from __future__ import annotations

from typing import Any

import msgspec

from aldis.sms.dcs import Alphabet
from aldis.sms.reading import Piece
from aldis.sms.reassembly import LongMessage
from aldis.sms.udh import Concatenation
from aldis.store.contract.consent import OptInKey
from aldis.store.contract.inbound import InboundBatch
from aldis.store.contract.store import Store
from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource
from aldis.traffic.inbound import InboundPart, NewInbound, Segments
from aldis.traffic.postback import PostbackResult
from tests.backends import own_maintenance
from tests.store.building import NOW, a_message, accept

HANDSET = "14805550100"
STOP = ConsentChange("74700", "", HANDSET, ConsentKind.OPT_OUT, ConsentSource.HANDSET, "STOP", NOW)


def a_part(number: int, total: int = 3, octets: bytes = b"abc") -> InboundPart:
    piece = Piece(Alphabet.GSM7, octets, place=Concatenation(7, total, number))
    return InboundPart("link", HANDSET, "74700", piece, NOW)


def an_inbound(inbound_id: int, **changes: Any) -> NewInbound:
    default = NewInbound(
        inbound_id,
        "link",
        HANDSET,
        "74700",
        "Hi",
        "",
        "",
        1,
        1,
        "genesys",
        NOW,
        lane="http://x:80",
        fingerprint=b"%d" % inbound_id,
    )
    return msgspec.structs.replace(default, **changes)


def heard(*messages: NewInbound, **changes: Any) -> InboundBatch:
    return msgspec.structs.replace(InboundBatch((), messages, 60_000, frozenset({1})), **changes)


async def test_segments_wait_for_the_others(kept: Store) -> None:
    part = a_part(1)
    one, two, three = (a_part(number).piece for number in (1, 2, 3))
    none = Segments(3, [], link="link", sender=HANDSET, recipient="74700", reference=7)
    assert await kept.inbound.segments(part) == none
    some = msgspec.structs.replace(none, messages=[LongMessage({1: one, 3: three}, NOW)])
    await kept.inbound.record(heard(segments=(some,)))
    assert await kept.inbound.segments(a_part(2)) == some
    assert (await kept.inbound.segments(a_part(1, total=2))).messages == []
    assert await kept.inbound.stale(NOW - 1, NOW, 10) == []
    assert await kept.inbound.stale(NOW, 0, 10) == [some]
    whole = LongMessage({1: one, 2: two, 3: three}, NOW, NOW + 5)
    again = LongMessage({1: one}, NOW + 6, is_repetition=True)
    both = msgspec.structs.replace(none, messages=[whole, again, LongMessage({2: one}, NOW + 7)])
    await kept.inbound.record(heard(an_inbound(1), segments=(both,)))
    assert await kept.inbound.segments(a_part(2)) == both
    assert await kept.inbound.stale(NOW - 1, NOW + 5, 10) == []
    assert await kept.inbound.stale(NOW, NOW + 6, 10) == [both]
    await kept.inbound.record(heard(segments=(none,)))
    assert await kept.inbound.segments(a_part(2)) == none


async def test_a_repetition_is_kept_once(kept: Store) -> None:
    message = an_inbound(1, fingerprint=b"same")
    again = an_inbound(2, fingerprint=b"same", received_at=NOW + 59_999)
    later = an_inbound(3, fingerprint=b"same", received_at=NOW + 60_000)
    assert [await kept.inbound.record(heard(each)) for each in (message, again, later)] == [0, 1, 0]
    found, in_all = await kept.queries.inbound(1, NOW, NOW + 60_001, (0, 10))
    assert (in_all, [each.inbound_id for each in found]) == (2, [3, 1])


async def test_a_word_counts_however_soon_it_comes_again(kept: Store) -> None:
    start = ConsentChange("74700", "", HANDSET, ConsentKind.OPT_IN, ConsentSource.HANDSET, "START", NOW)
    words = [(b"STOP", STOP, 0), (b"START", start, 0), (b"STOP", STOP, 1)]
    for number, (word, said, repeated) in enumerate(words, start=1):
        assert (
            await kept.inbound.record(heard(an_inbound(number, fingerprint=word, consents=(said,))))
            == repeated
        )
    assert await kept.consent.list_opted_out("74700", "", 10) == [HANDSET]
    assert (await kept.queries.inbound(1, 0, 2**53, (0, 10)))[1] == 2


async def test_a_conversation_that_is_repeated_is_kept_once(kept: Store) -> None:
    words = [an_inbound(1, fingerprint=b"hello"), an_inbound(2, fingerprint=b"STOP", consents=(STOP,))]
    assert await kept.inbound.record(heard(*words)) == 0
    again = [msgspec.structs.replace(word, inbound_id=word.inbound_id + 2) for word in words]
    assert await kept.inbound.record(heard(*again)) == 2


async def test_nobody_is_answered_too_often(kept: Store) -> None:
    def asked(number: int, at: int) -> InboundBatch:
        reply = a_message(1000 + number, sender="74700", recipient=HANDSET, exempt=True, price_micros=1)
        return heard(an_inbound(number, reply=reply, received_at=NOW + at))

    for number in range(1, 20):  # help, help!, help!! ...
        await kept.inbound.record(asked(number, number))
    assert await kept.metrics.count_by_state() == {"queued": 1}
    for number in range(20, 40):
        await kept.inbound.record(asked(number, number * 60_001))
    assert await kept.metrics.count_by_state() == {"queued": 10}
    await kept.inbound.record(asked(50, 86_400_000 * 2))
    assert await kept.metrics.count_by_state() == {"queued": 11}


async def test_a_page_of_one_accounts_messages(kept: Store) -> None:
    nobodys = an_inbound(9, account_id=None, lane="")
    await kept.inbound.record(heard(*(an_inbound(number) for number in range(1, 6)), nobodys))
    found, in_all = await kept.queries.inbound(1, NOW, NOW + 1, (2, 2))
    assert (in_all, [each.inbound_id for each in found]) == (5, [3, 2])
    assert (await kept.queries.inbound(1, NOW + 1, NOW + 2, (0, 2)))[1] == 0
    assert [each.inbound_id for each in (await kept.queries.inbound(None, 0, 2**53, (0, 2)))[0]] == [9]


async def test_it_is_owed_until_it_is_taken_and_forgotten_after_that(kept: Store) -> None:
    await kept.inbound.record(heard(an_inbound(1)))
    assert await kept.postbacks.lanes("", 10, NOW) == ["http://x:80"]
    (due,) = await kept.postbacks.due_inbound("http://x:80", 10, NOW)
    assert (due.inbound.text, due.attempts) == ("Hi", 0)
    assert await kept.postbacks.due("http://x:80", 10, NOW) == []
    assert await kept.postbacks.due_inbound("http://x:80", 10, NOW, besides=[due.postback_id]) == []
    assert await kept.maintenance.purge_inbound(10, NOW) == 0
    await kept.postbacks.finish([PostbackResult(due.postback_id, NOW, 200, "", None, done=True)])
    assert await kept.maintenance.purge_inbound(10, NOW - 1) == 0
    assert await kept.maintenance.purge_inbound(10, NOW) == 1
    assert await kept.queries.inbound(1, 0, 2**53, (0, 10)) == ([], 0)


async def test_an_answer_is_paid_and_goes_out_all_the_same(kept: Store) -> None:
    reply = a_message(5, sender="74700", recipient=HANDSET, exempt=True)
    await kept.inbound.record(heard(an_inbound(1, consents=(STOP,), reply=reply)))
    assert await kept.consent.list_opted_out("74700", "", 10) == [HANDSET]
    balance = await kept.queries.balance(1)
    assert (balance.held, balance.available) == (50_000, 950_000)
    again = an_inbound(2, consents=(STOP,), reply=msgspec.structs.replace(reply, message_id=6))
    await kept.inbound.record(heard(again))  # it changes nothing, so it is not answered
    assert (await kept.metrics.count_by_state()) == {"queued": 1}
    assert await kept.maintenance.cancel_opted_out(await own_maintenance(kept), 10, NOW) == 0


async def test_what_waits_for_somebody_who_left_is_cancelled(kept: Store) -> None:
    await accept(kept, a_message(1, sender="74700", recipient=HANDSET, notify=2, lane="l"))
    await accept(kept, a_message(2, sender="60856", recipient=HANDSET))
    await kept.inbound.record(heard(an_inbound(3, consents=(STOP,))))
    assert await kept.maintenance.cancel_opted_out(await own_maintenance(kept), 10, NOW) == 1
    (told,) = await kept.postbacks.due("l", 10, NOW)
    assert (told.state, told.error_code) == ("deleted", "opted out")
    assert (await kept.queries.balance(1)).held == 50_000


async def test_stop_ends_every_opt_in_of_the_sender(kept: Store) -> None:
    topics = ("a", "b")
    for sender in ("74700", "60856"):
        options = [
            ConsentChange(sender, topic, HANDSET, ConsentKind.OPT_IN, ConsentSource.API, "", NOW)
            for topic in topics
        ]
        assert await kept.consent.change(options) == [True, True]
    await kept.inbound.record(heard(an_inbound(1, consents=(STOP,))))
    left = await kept.consent.opted_in([OptInKey(sender, "a", HANDSET) for sender in ("74700", "60856")])
    assert left == {OptInKey("60856", "a", HANDSET)}
