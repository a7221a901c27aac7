"""What the store promises of operators' changes: each with its audit entry, none against a sender."""

from __future__ import annotations

from aldis.accounts.staff import Actor, AuditEntry, Role, audit
from aldis.stages.sending.shares import share
from aldis.store.contract.actions import Command, CommandAnswer, CommandKind
from aldis.store.contract.outbox import PostbackFilter
from aldis.store.contract.store import Store
from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource
from aldis.traffic.message import AttemptResult, SubmittedSegment
from aldis.traffic.postback import Notify, PostbackResult
from aldis.traffic.refusal import RefusalReason
from aldis.traffic.states import Event, State
from tests.backends import own
from tests.store.building import NOW, POSTPAID, a_message, accept, audited, money, settle_sent, state_of

OTTO = Actor("otto", Role.OPERATOR, "console")
LANE = "http://x:80"


def entry(action: str) -> AuditEntry:
    return audit(OTTO, NOW, action, "7")


async def told(store: Store) -> list[tuple[str, str]]:
    return [(each.action, each.detail) for each in await audited(store)]


async def test_what_waits_is_called_back(kept: Store) -> None:
    await accept(kept, a_message(7))
    assert await kept.actions.cancel(7, "link", entry("cancel"))
    assert await state_of(kept, 7) is State.DELETED
    assert await money(kept) == (1_000_000, 0, 0)
    assert await kept.sending.claim(await own(kept), 10, share, NOW) == []
    assert not await kept.actions.cancel(7, "link", entry("cancel"))
    assert await told(kept) == [("cancel", "")]


async def test_what_a_sender_has_in_hand_is_not_called_back(kept: Store) -> None:
    await accept(kept, a_message(7))
    (claimed,) = await kept.sending.claim(await own(kept), 10, share, NOW)
    assert not await kept.actions.cancel(7, "link", entry("cancel"))
    await kept.sending.record(
        await own(kept),
        [AttemptResult(claimed.message_id, Event.SUBMIT_ACCEPTED, (SubmittedSegment(1, "A"),))],
        NOW,
    )
    assert await state_of(kept, 7) is State.SENT
    assert await told(kept) == []


async def test_what_a_carrier_has_taken_in_part_is_not_called_back(kept: Store) -> None:
    await accept(kept, a_message(7, segments=2))
    await kept.sending.claim(await own(kept), 10, share, NOW)
    back = AttemptResult(7, Event.SUBMIT_DEFERRED, (SubmittedSegment(1, "A"),), due_at=NOW)
    await kept.sending.record(await own(kept), [back], NOW)
    assert not await kept.actions.cancel(7, "link", entry("cancel"))
    assert await state_of(kept, 7) is State.QUEUED


async def test_a_message_again_is_held_for_and_audited_or_nothing(kept: Store) -> None:
    command_id = await kept.commands.give(Command(0, CommandKind.AGAIN, 1, "otto", 2, NOW))
    message = a_message(7, price_micros=600_000)
    assert (
        await kept.actions.send_again(message, prepaid=True, entry=entry("again"), command_id=command_id)
        is None
    )
    assert await money(kept) == (400_000, 600_000, 0)
    assert await kept.commands.answer_to(command_id) == CommandAnswer(done=True, answer="7")
    refusal = await kept.actions.send_again(
        a_message(8, price_micros=600_000), prepaid=True, entry=entry("again")
    )
    assert refusal is not None
    assert refusal.reason is RefusalReason.CREDIT_INSUFFICIENT
    assert [each.message_id for each in await kept.sending.claim(await own(kept), 10, share, NOW)] == [7]
    assert await told(kept) == [("again", "")]


async def test_nothing_goes_again_to_who_has_opted_out(kept: Store) -> None:
    stop = ConsentChange("74700", "", "447700900001", ConsentKind.OPT_OUT, ConsentSource.HANDSET, "STOP", NOW)
    await kept.consent.change([stop])
    refusal = await kept.actions.send_again(a_message(7), prepaid=True, entry=entry("again"))
    assert refusal is not None
    assert refusal.reason is RefusalReason.OPTED_OUT


async def dead(store: Store, *numbers: int, account_id: int = 1) -> list[int]:
    """Messages whose postbacks were given up; gives the postbacks' ids."""
    found = []
    for number in numbers:
        await settle_sent(store, a_message(number, notify=Notify.SENT, lane=LANE, account_id=account_id))
        (due,) = await store.postbacks.due(LANE, 1, NOW)
        await store.postbacks.finish(
            [PostbackResult(due.postback_id, NOW, 500, "HTTP 500", None, done=False)]
        )
        found.append(due.postback_id)
    return found


async def test_a_postback_is_due_again(kept: Store) -> None:
    (postback_id,) = await dead(kept, 1)
    assert await kept.outbox.replay([postback_id], NOW + 5, entry("replay")) == 1
    (due,) = await kept.postbacks.due(LANE, 10, NOW + 5)
    assert (due.postback_id, due.attempts) == (postback_id, 0)
    await kept.postbacks.finish([PostbackResult(postback_id, NOW + 6, 200, "", None, done=True)])
    assert await kept.outbox.replay([postback_id, 999], NOW + 7, entry("replay")) == 1
    assert len(await kept.postbacks.due(LANE, 10, NOW + 7)) == 1
    assert await kept.outbox.replay([999], NOW, entry("replay")) == 0
    assert await told(kept) == [("replay", "1 postbacks"), ("replay", "1 postbacks")]


async def test_postbacks_are_replayed_in_batches(kept: Store) -> None:
    mine = await dead(kept, 1, 2, 3)
    theirs = await dead(kept, 4, account_id=POSTPAID)
    wanted = PostbackFilter(account_id=1)
    first = await kept.outbox.replay_dead_letters(wanted, 0, 2, NOW, entry("replay"))
    assert (first.count, first.after) == (2, mine[1])
    second = await kept.outbox.replay_dead_letters(wanted, first.after, 2, NOW, entry("replay"))
    assert (second.count, second.after) == (1, 0)
    left = await kept.outbox.dead_letters(PostbackFilter(), 0, 10)
    assert [each.postback_id for each in left.found] == theirs


async def test_orders_are_kept_until_they_are_answered_or_withdrawn(kept: Store) -> None:
    orders = [Command(0, CommandKind.CANCEL, number, "root", 3, NOW) for number in (1, 2)]
    one, two = [await kept.commands.give(order) for order in orders]
    assert [(each.command_id, each.message_id) for each in await kept.commands.waiting(10)] == [
        (one, 1),
        (two, 2),
    ]
    assert await kept.commands.answer_to(one) is None
    await kept.commands.answer(one, CommandAnswer(done=False, answer="too late"))
    assert await kept.commands.answer_to(one) == CommandAnswer(done=False, answer="too late")
    assert not await kept.commands.withdraw(one)
    assert await kept.commands.withdraw(two)
    assert await kept.commands.waiting(10) == []
    await kept.commands.forget(NOW + 1)
    assert await kept.commands.answer_to(one) is None
