"""What operators can do with messages, through the service that console, API and command line share."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.backends import apply, own
from tests.fakes.clock import FakeClock
from tests.store.building import NOW, a_message, accept, money

from aldis.accounts.directory import CurrentDirectory
from aldis.accounts.routing import Router
from aldis.accounts.staff import Actor, AuditEntry, Role
from aldis.admin.command_worker import CommandWorker
from aldis.admin.messages import Messages, Upstreams
from aldis.admin.wire import ShownSubmit
from aldis.errors import AdminError
from aldis.links.smpp import explain
from aldis.links.smpp.quirks import Quirks
from aldis.sms.fitting import DefaultAlphabet, fit
from aldis.stages.sending.shares import share
from aldis.store.contract.actions import Command, CommandAnswer, CommandKind
from aldis.store.contract.search import MessageFilter, MessageView
from aldis.store.contract.store import Store
from aldis.traffic.message import MAX_FAULTS, AttemptResult, HandlingFault, NewMessage, SubmittedSegment
from aldis.traffic.postback import Notify, lane_of
from aldis.traffic.states import Event, State

OTTO = Actor("otto", Role.OPERATOR, "console")
QUIRKS = {"link": Quirks(), "latin": Quirks(alphabet=DefaultAlphabet.LATIN_1)}
DIRECTORY = """
[[route]]
link = "link"
[[route]]
link = "latin"
country = "DK"
[[price]]
per_segment = "0.07"
[[account]]
name = "rich"
credit = "1.00"
[account.postback]
genesys = "https://customer.example/dlr"
[[account.sender]]
value = "74700"
"""


@pytest.fixture
async def messages(store: Store) -> Messages:
    await apply(store, DIRECTORY, NOW)
    await store.admission.take_ids(1000)  # the tests' own
    return await made(store)


async def made(store: Store) -> Messages:
    rules = {name: quirks.text_rules for name, quirks in QUIRKS.items()}

    def inspect(view: MessageView) -> tuple[ShownSubmit, ...]:
        quirks = QUIRKS.get(view.message.link)
        return () if quirks is None else explain.submits(view, quirks)

    seen = Upstreams(Router(rules, lambda _link: True), inspect, lambda _links: None)
    return Messages(
        store.search, store.actions, store.admission, CurrentDirectory(await store.directory.load()), seen
    )


def a_text(text: str, message_id: int = 1, **changes: Any) -> NewMessage:
    fitted = fit(text)
    return a_message(
        message_id, coding=fitted.coding, octets=fitted.encoded.octets, segments=fitted.segments, **changes
    )


async def end(store: Store, message: NewMessage) -> None:
    await accept(store, message)
    await store.sending.claim(await own(store, message.link), 10, share, NOW)
    await store.sending.record(
        await own(store, message.link),
        [AttemptResult(message.message_id, Event.SUBMIT_REJECTED, reason="ESME_RINVDSTADR")],
        NOW,
    )


async def test_a_message_again_is_a_new_one_at_the_price_of_now(store: Store, messages: Messages) -> None:
    first = a_text("Hello", 1, reference="mine", duplicate_scope="x", label="autumn", notify=Notify.ENDED)
    await end(store, first)
    before = await money(store)
    new_id = await messages.again(OTTO, 1, NOW + 5)
    view = await store.search.message(new_id)
    assert view is not None
    expected = msgspec.structs.replace(
        first,
        message_id=new_id,
        submission_id=new_id,
        duplicate_scope="",
        price_micros=70_000,
        lane=lane_of(1, "https://customer.example/dlr"),
        accepted_at=NOW + 5,
        due_at=NOW + 5,
        expires_at=first.expires_at + 5,
        review_at=NOW + 5 + 3_600_000,
    )
    assert view.accepted == expected
    assert await money(store) == (before[0] - 70_000, 70_000, before[2])
    (entry,) = await _told(store)
    told = (entry.action, entry.subject, entry.detail, entry.actor)
    assert told == ("send again", "1", f"as message {new_id}", "otto")


async def test_it_is_written_anew_where_its_link_of_now_writes_otherwise(
    store: Store, messages: Messages
) -> None:
    await end(store, a_text("5 €", 1, country="DK"))
    new_id = await messages.again(OTTO, 1, NOW)
    told = await messages.tell(new_id)
    assert (told.view.accepted.link, told.written.text, told.written.encoding) == ("latin", "5 €", "UCS2")
    assert [each.character for each in told.written.forced_by] == ["€"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('name = "rich"', 'name = "rich"\nactive = false'), "may not send any more"),
        (('value = "74700"', 'value = "74701"'), "sender 74700 is not"),
        (('[[route]]\nlink = "link"\n', ""), "no route or no price"),
        (("[[price]]\n", '[[price]]\ncountry = "FR"\n'), "no route or no price"),
        (('link = "link"', 'link = "gone"'), "no route or no price"),
        (('per_segment = "0.07"', 'per_segment = "2.00"'), "credit does not cover it"),
    ],
)
async def test_nothing_goes_again_that_could_not_be_sent_now(
    store: Store, messages: Messages, change: tuple[str, str], words: str
) -> None:
    await end(store, a_text("Hello"))
    await apply(store, DIRECTORY.replace(*change), NOW)
    with pytest.raises(AdminError, match=words):
        await (await made(store)).again(OTTO, 1, NOW)
    assert await _told(store) == []


async def test_what_is_under_way_does_not_go_again(store: Store, messages: Messages) -> None:
    await accept(store, a_text("Hello"))
    with pytest.raises(AdminError, match="is queued: wait for its end"):
        await messages.again(OTTO, 1, NOW)


async def test_calling_back(store: Store, messages: Messages) -> None:
    await accept(store, a_text("Hello", 1))
    await accept(store, a_text("Hello", 2))
    await messages.cancel(OTTO, 1, NOW)
    with pytest.raises(AdminError, match="1 is deleted") as gone:
        await messages.cancel(OTTO, 1, NOW)
    assert gone.value.status == 409
    await store.sending.claim(await own(store), 10, share, NOW)
    with pytest.raises(AdminError, match="being sent"):
        await messages.cancel(OTTO, 2, NOW)
    with pytest.raises(AdminError, match="no message 9") as missing:
        await messages.cancel(OTTO, 9, NOW)
    assert missing.value.status == 404


async def test_a_few_characters_may_be_an_id_a_reference_or_a_number(
    store: Store, messages: Messages
) -> None:
    await accept(store, a_text("Hello", 7, reference="99"))
    nothing = MessageFilter()
    for text, expected in (
        ("7", MessageFilter(message_id=7)),
        ("99", MessageFilter(reference="99")),
        ("+44 7700 900001", MessageFilter(number="447700900001")),
        ("nonsense", MessageFilter(reference="nonsense")),
        (" ", nothing),
    ):
        assert await messages.guess(text, nothing) == expected


async def test_one_message_is_told_from_request_to_wire(store: Store, messages: Messages) -> None:
    message = a_text("Привет " * 20, 1, notify=Notify.SENT, lane="http://x:80")
    await accept(store, message)
    await store.sending.claim(await own(store), 10, share, NOW)
    taken = tuple(SubmittedSegment(number, f"A{number}") for number in range(1, message.segments + 1))
    await store.sending.record(await own(store), [AttemptResult(1, Event.SUBMIT_ACCEPTED, taken)], NOW)
    told = await messages.tell(1)
    assert (told.account, told.currency, told.written.encoding) == ("rich", "EUR", "UCS2")
    assert {each.character for each in told.written.forced_by} == set("Привет")
    assert told.written.forced_by[0].name == "CYRILLIC CAPITAL LETTER PE"
    assert "".join(each.text for each in told.submits) == "Привет " * 20
    assert [each.header[:14] for each in told.submits] == ["05 00 03 01 03"] * 3
    first = told.submits[0]
    named = {line.name: line for line in first.lines}
    assert named["command_id"].meaning == "submit_sm"
    assert named["destination_addr"].value == "'447700900001'"
    assert first.octets in named["short_message"].value
    texts = [event.text for event in told.events]
    assert texts[0] == "accepted from the customer, in genesys"
    assert "segment 2 submitted, the carrier calls it A2" in texts
    assert any(text.startswith("postback “sent sent” due") for text in texts)
    assert told.route.links == ("link",)


async def test_a_message_of_a_link_that_is_gone_is_told_all_the_same(
    store: Store, messages: Messages
) -> None:
    await accept(store, a_text("Hello", 1, link="gone"))
    assert (await messages.tell(1)).submits == ()


async def test_the_clerk_carries_orders_out(store: Store, messages: Messages) -> None:
    await accept(store, a_text("Hello", 1))
    await end(store, a_text("Hello", 2, link="latin"))
    clock = FakeClock(NOW)
    worker = CommandWorker(store.commands, messages, clock)

    async def order(kind: CommandKind, message_id: int, at: int = NOW) -> int:
        return await store.commands.give(Command(0, kind, message_id, "root", 3, at))

    given = [
        await order(CommandKind.CANCEL, 1),
        await order(CommandKind.AGAIN, 2),
        await order(CommandKind.AGAIN, 9),
        await order(CommandKind.AGAIN, 2, NOW - 60_001),
    ]
    assert await worker.step() == 4
    cancelled, again, missing, late = [await store.commands.answer_to(order_id) for order_id in given]
    assert cancelled == CommandAnswer(done=True, answer="")
    assert again is not None
    assert again.done
    assert (await messages.tell(int(again.answer))).view.message.state is State.QUEUED
    assert missing == CommandAnswer(done=False, answer="there is no message 9")
    assert late == CommandAnswer(done=False, answer="nobody was here to do it in time")
    assert await worker.step() == 0
    entries = [(entry.action, entry.via) for entry in await _told(store)]
    assert entries == [("send again", "command line"), ("cancel message", "command line")]


async def test_what_is_set_aside_is_told_and_tried_again(store: Store, messages: Messages) -> None:
    await accept(store, a_text("Hello", 1))
    fault = HandlingFault(1, "KeyError", weight=MAX_FAULTS)
    assert await store.sending.note_faults(await own(store, "link"), [fault], NOW) == [1]
    lease = await own(store)
    assert await store.sending.claim(lease, 10, share, NOW) == []
    (poison,) = await messages.poison(10)
    assert (await messages.tell(1)).view.poison == poison
    assert (poison.message_id, poison.link, poison.reason) == (1, "link", "KeyError")
    given = await store.commands.give(Command(0, CommandKind.TRY_AGAIN, 1, "root", 3, NOW))
    worker = CommandWorker(store.commands, messages, FakeClock(NOW))
    await worker.step()
    assert await store.commands.answer_to(given) == CommandAnswer(done=True, answer="")
    assert [each.message_id for each in await store.sending.claim(lease, 10, share, NOW)] == [1]
    assert await messages.poison(10) == []
    with pytest.raises(AdminError, match="is not set aside"):
        await messages.try_again(Actor("root", Role.ADMIN, "api"), 1, NOW)


async def _told(store: Store) -> list[AuditEntry]:
    """Give the audit log without what made the directory."""
    log = [entry for _, entry in await store.audit.log(0, 100)]
    return [entry for entry in log if not entry.action.startswith(("change ", "add "))]
