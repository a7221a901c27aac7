"""A queued message says what it waits for."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.store.building import NOW, a_message, accept

from aldis.admin.links import LinkOrders, LinkView, OtherNodes
from aldis.admin.waiting import Waiting, waits_for
from aldis.stages.sending.upstream import CLOSED, Condition
from aldis.store.contract.link_states import Wanted
from aldis.store.contract.search import MOST_AHEAD, Ahead, MessageView
from aldis.store.contract.store import Store
from aldis.traffic.message import MessageFacts, PoisonMessage
from aldis.traffic.states import State

#: NOW as it is written
AT = "2026-11-21T12:00:00.000Z"
STANDS = Condition(("bound",), 3, 10, 5.0, None, "", 0)
LINK = LinkView("link", Wanted.RUNNING, "", 0, None, STANDS, 1)
NOBODY = Ahead(0, 0)


def a_view(*, due_at: int = NOW, poison: PoisonMessage | None = None, **facts: Any) -> MessageView:
    message = a_message(1, due_at=due_at)
    given: dict[str, Any] = dict.fromkeys(MessageFacts.__struct_fields__, 0)
    told = msgspec.structs.replace(
        MessageFacts(**given), message_id=1, link="link", reason="", state=State.QUEUED
    )
    return MessageView(msgspec.structs.replace(told, **facts), message, (), (), {}, poison=poison)


def stands(**changes: Any) -> LinkView:
    return msgspec.structs.replace(LINK, condition=msgspec.structs.replace(STANDS, **changes))


@pytest.mark.parametrize(
    ("view", "link", "ahead", "sentences"),
    [
        (a_view(), LINK, NOBODY, ("nothing: it is its turn",)),
        (a_view(state=State.SENDING), LINK, NOBODY, ("the carrier's answer",)),
        (a_view(due_at=NOW + 1000), LINK, NOBODY, ("its time: it is due at 2026-11-21T12:00:01.000Z",)),
        (
            a_view(due_at=NOW + 1000, attempts=2, reason="ESME_RTHROTTLED"),
            LINK,
            NOBODY,
            ("its attempt 3, due at 2026-11-21T12:00:01.000Z after ESME_RTHROTTLED",),
        ),
        (a_view(), None, NOBODY, ("link `link`, which is not in the settings",)),
        (
            a_view(),
            msgspec.structs.replace(LINK, wanted=Wanted.STOPPED, actor="otto", at=NOW),
            NOBODY,
            (f"link `link`, which otto has ordered to be stopped at {AT}",),
        ),
        (a_view(), msgspec.structs.replace(LINK, condition=None), NOBODY, ("a gateway: none answers",)),
        (
            a_view(),
            stands(binds=("unreachable: Connection refused",) * 2, down_since=NOW),
            NOBODY,
            (f"link `link`, which is down since {AT}: unreachable: Connection refused",),
        ),
        (
            a_view(),
            stands(slowed_to=4.6, throttled_by="ESME_RMSGQFUL"),
            Ahead(0, 12),
            (
                "link `link`, which is throttled to 5 a second by ESME_RMSGQFUL",
                "12 messages of its priority that were due earlier",
            ),
        ),
        (
            a_view(),
            msgspec.structs.replace(LINK, tps=2.5),
            Ahead(MOST_AHEAD, 1),
            (
                "the pace of link `link`: 2.5 a second",
                "more than 10,000 messages that are more urgent",
                "1 messages of its priority that were due earlier",
            ),
        ),
        (
            a_view(),
            stands(in_flight=10, is_late=True),
            NOBODY,
            ("answers of the carrier, which come after response_s: all 10 places of the window are taken",),
        ),
        (
            a_view(poison=PoisonMessage(1, "link", 3, "KeyError", NOW)),
            LINK,
            NOBODY,
            ("until an operator has it tried again: handling it failed 3 times, last by KeyError",),
        ),
    ],
)
def test_what_a_message_waits_for(
    view: MessageView, link: LinkView | None, ahead: Ahead, sentences: tuple[str, ...]
) -> None:
    assert waits_for(view, link, ahead, NOW) == sentences


async def test_it_is_asked_of_the_store_and_the_links(demo_store: Store) -> None:
    for number, priority, due_at in (
        (1, 1, NOW),
        (2, 1, NOW - 1),
        (3, 3, NOW),
        (4, 3, NOW + 1),
        (5, 0, NOW - 1),
    ):
        await accept(demo_store, a_message(number, priority=priority, due_at=due_at))
    await accept(demo_store, a_message(6, link="other", priority=3))
    assert await demo_store.search.ahead("link", 1, NOW, NOW) == Ahead(1, 1)
    assert await demo_store.search.ahead("link", 3, NOW + 1, NOW) == Ahead(0, 1)
    down = msgspec.structs.replace(STANDS, binds=(CLOSED,))
    orders = LinkOrders(
        demo_store.link_states,
        demo_store.metrics,
        OtherNodes(demo_store.nodes, ""),
        {"link": None},
        lambda: {"link": down},
        lambda: None,
    )
    waiting = Waiting(demo_store.search, orders)

    async def reasons(message_id: int) -> tuple[str, ...]:
        view = await demo_store.search.message(message_id)
        assert view is not None
        return await waiting.reasons(view, NOW)

    assert await reasons(1) == (f"link `link`, which is down: {CLOSED}",)
    assert await reasons(6) == ("link `other`, which is not in the settings",)
