"""Postbacks are given from memory or from the table, once each, and those behind another after it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple
from uuid import uuid4

import asyncpg
import pytest

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.outbox import EndedWebhook, PostbackFilter, PostbackTry
from aldis.store.memory.told_postbacks import ToldPostbacks
from aldis.store.postgresql.engine.opening import Engine, open_engine
from aldis.store.postgresql.engine.operations import operation_on_each
from aldis.store.postgresql.engine.texts import escaped
from aldis.store.postgresql.stores.outbox import PostgresqlOutbox
from aldis.store.postgresql.stores.postbacks import PostgresqlPostbacks
from aldis.store.postgresql.writes import owing
from aldis.store.postgresql.writes.owing import NewPostback
from aldis.traffic.postback import DuePostback, PostbackEvent, PostbackResult, Webhook
from aldis.traffic.states import State
from tests.store.building import NOW, a_message
from tests.store.postgresql.rows import insert_messages

LANE, OTHER = "1 http://a:80 00", "1 http://b:80 00"
ENTRY = AuditEntry(NOW, "ann", "console", "replay", "postbacks")


@operation_on_each
async def owe(db: asyncpg.Connection, rows: tuple[NewPostback, ...]) -> None:
    await owing.owe(db, rows)


class House(NamedTuple):
    engine: Engine
    postbacks: PostgresqlPostbacks
    outbox: PostgresqlOutbox

    async def owe(self, *message_ids: int, lane: str = LANE, event: str = PostbackEvent.ENDED) -> None:
        rows = [NewPostback(number, escaped(lane), event, State.DELIVERED, "", NOW) for number in message_ids]
        await self.engine.writer.call(owe, tuple(rows))

    async def due(self, now: int = NOW, besides: tuple[int, ...] = ()) -> list[DuePostback]:
        """Read as the poster does."""
        lanes = await self.postbacks.lanes("", 10, now)
        return [due for lane in lanes for due in await self.postbacks.due(lane, 10, now, besides)]

    async def finish(self, due: DuePostback, again_at: int | None = None, *, done: bool = True) -> None:
        result = PostbackResult(due.postback_id, NOW, 503, "no\0", again_at, done=done, answer="\0")
        await self.postbacks.finish([result])


@pytest.fixture
async def house(database: str) -> AsyncIterator[House]:
    told = ToldPostbacks()
    engine = await open_engine(database, "one", uuid4(), owing.PostbackOutbox(told.note, lambda: told.slots))
    await engine.writer.call(insert_messages, [a_message(number) for number in range(1, 9)])
    postbacks = PostgresqlPostbacks(engine.writer, engine.gateway, told)
    yield House(engine, postbacks, PostgresqlOutbox(engine.writer, engine.operators, told, engine.hints))
    await engine.close()


async def test_what_is_told_is_given_without_being_read_and_once(house: House) -> None:
    assert await house.due() == []
    await house.owe(1, 2)
    await house.owe(3, lane=OTHER)
    found = await house.due()
    assert [(due.lane, due.message.message_id) for due in found] == [(LANE, 1), (LANE, 2), (OTHER, 3)]
    assert await house.due() == []
    assert await house.due(NOW + 1_000, tuple(due.postback_id for due in found)) == []
    assert len(await house.due(NOW + 2_000)) == 3  # what nobody has finished


async def test_what_is_behind_another_follows_at_once(house: House) -> None:
    assert await house.due() == []
    await house.owe(1, event=PostbackEvent.SENT)
    await house.owe(1)
    (sent,) = await house.due()
    assert sent.event is PostbackEvent.SENT
    await house.finish(sent, NOW + 60_000, done=False)
    assert await house.due() == []
    await house.finish(sent)
    (ended,) = await house.due()
    assert ended.event is PostbackEvent.ENDED


async def test_those_about_messages_from_handsets_have_their_lanes_read(house: House) -> None:
    assert await house.due() == []
    await house.owe(7, lane="in\0", event=owing.INBOUND)
    assert await house.postbacks.lanes("", 10, NOW) == ["in\0"]
    assert await house.postbacks.due_inbound("in\0", 10, NOW) == []  # there is no such message


async def test_dead_letters_are_listed_and_replayed(house: House) -> None:
    await house.owe(1, 2, 3)
    await house.owe(4, lane=OTHER)
    for due in await house.due():
        await house.finish(due, done=False)
    assert await house.outbox.lanes(10) == []
    page = await house.outbox.dead_letters(PostbackFilter(lane="http://a:80", account_id=1), 0, 2)
    assert [row.message_id for row in page.found] == [3, 2]
    rest = await house.outbox.dead_letters(PostbackFilter(lane="http://a:80"), page.next_before, 2)
    assert [(row.message_id, row.last_fault, row.attempts) for row in rest.found] == [(1, "no\0", 1)]
    assert await house.outbox.tries(rest.found[0].postback_id) == (PostbackTry(NOW, 503, "no\0", "\0"),)
    await house.postbacks.end_webhook(Webhook(1, "http://a"), NOW)
    assert await house.outbox.ended_webhooks(10) == [EndedWebhook(1, "http://a", NOW)]
    replayed = await house.outbox.replay_dead_letters(PostbackFilter(lane="http://a:80"), 0, 2, NOW, ENTRY)
    assert replayed.count == 2
    assert [due.message.message_id for due in await house.due()] == [1, 2]
    assert await house.outbox.ended_webhooks(10) == []
    replayed = await house.outbox.replay_dead_letters(PostbackFilter(), replayed.after, 9, NOW, ENTRY)
    assert (replayed.count, replayed.after) == (2, 0)
    (of_one,) = [due for due in await house.due() if due.message.message_id == 4]
    assert (of_one.attempts, of_one.was_tried) == (0, True)


async def test_what_is_due_later_is_tried_now(house: House) -> None:
    await house.owe(1, 2)
    await house.owe(3, lane=OTHER)
    for due in await house.due():
        await house.finish(due, NOW + 60_000, done=False)
    first, second = await house.outbox.lanes(10)
    assert (first.account_id, first.lane, first.pending, first.next_due_at) == (
        1,
        "http://a:80",
        2,
        NOW + 60_000,
    )
    assert (second.lane, second.last_http_status, second.last_fault) == ("http://b:80", 503, "no\0")
    assert await house.outbox.try_now(PostbackFilter(lane="http://a:80"), 10, NOW, ENTRY) == 2
    found = await house.due()
    assert [due.message.message_id for due in found] == [1, 2]
    row = await house.outbox.postback(found[0].postback_id)
    assert row is not None
    assert (row.due_at, row.done, row.attempts, row.lane) == (NOW, False, 0, "http://a:80")
    assert await house.outbox.due_of(found[0].postback_id) == found[0]
