"""A question whose answer is long: whoever asks it waits for it, and nobody else."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway
from tests.store.building import a_message

from aldis.dialects.mavorion import report
from aldis.stages.aside import MOST_WAITING
from aldis.store.contract.admission import Acceptance
from aldis.store.contract.queries import FEW, QueryStore
from aldis.traffic.message import MessageStatus
from aldis.traffic.query import Query

MANY = 10_000
SMALL = {"to": "4512345678", "text": "Hello", "from": "74700"}


async def accept_many(whole: WholeGateway, count: int = MANY) -> None:
    """Have a submission of as many as may be, that nobody sends."""
    first = a_message(1_000_000, dialect="mavorion", reference="1000000", price_micros=0, link="elsewhere")
    messages = tuple(
        msgspec.structs.replace(first, message_id=first.message_id + number) for number in range(count)
    )
    assert await whole.gateway.store.admission.accept(Acceptance(1, True, messages)) is None


async def test_no_account_has_two_long_answers_made_at_a_time(
    whole: WholeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes megabytes, and a thread that keeps others from the interpreter."""
    await accept_many(whole)
    store: Any = type(whole.gateway.store.queries)
    read, write, seen = store.submission, report.document, []

    async def note_read(self: QueryStore, *asked: Any) -> list[MessageStatus]:
        if asked[-1] > FEW:
            seen.append("read")
        found: list[MessageStatus] = await read(self, *asked)
        return found

    def note_written(query: Query, found: report.Told) -> object:
        seen.append("written")
        return write(query, found)

    monkeypatch.setattr(store, "submission", note_read)
    monkeypatch.setattr(report, "document", note_written)
    asking = [whole.get("/rest/mtsms/1000000", token="demo-mavorion") for _ in range(3)]
    assert [status for status, _ in await asyncio.gather(*asking)] == [200] * 3
    assert seen == ["read", "written"] * 3


async def test_who_asks_for_much_waits_alone(whole: WholeGateway) -> None:
    await accept_many(whole)

    async def ask() -> int:
        _, body = await whole.get("/rest/mtsms/1000000", token="demo-mavorion")
        return len(json.loads(body)["recipients"])

    async def send() -> int:
        headers = {"Authorization": "Bearer demo-native"}
        async with whole.session.post(f"{whole.base}/v1/messages", json=SMALL, headers=headers) as response:
            return response.status

    assert await send() == 202
    asking = [asyncio.create_task(ask()) for _ in range(8)]
    await asyncio.sleep(0)
    assert [await send() for _ in range(2)] == [202] * 2
    assert not all(task.done() for task in asking)  # one after the other
    assert await asyncio.gather(*asking) == [MANY] * 8  # and none is refused


async def test_who_has_many_answers_made_already_hears_that_they_are_too_many(
    tmp_path: Path, customer: FakeCustomer
) -> None:
    """What waits for an account's turn is bounded: it holds connections, and what was read of requests."""
    whole = WholeGateway(tmp_path / "data", customer)
    patient = msgspec.structs.replace(whole.settings.http, answer_s=100.0)  # on a machine that does much else
    whole.settings = msgspec.structs.replace(whole.settings, http=patient)
    await whole.start()
    await accept_many(whole)
    url, connector = f"{whole.base}/rest/mtsms/1000000?token=demo-mavorion", aiohttp.TCPConnector(limit=100)

    async def ask(session: aiohttp.ClientSession) -> tuple[int, str]:
        async with session.get(url) as response:
            return response.status, await response.text()

    async with aiohttp.ClientSession(connector=connector) as session:
        answers = await asyncio.gather(*(ask(session) for _ in range(100)))
    refused = [json.loads(body) for status, body in answers if status == 429]
    whole_ones = [body for status, body in answers if status == 200]
    assert len(refused) + len(whole_ones) == 100
    assert len(whole_ones) > MOST_WAITING
    assert {body["code"] for body in refused} == {"0x0309"}
    assert {body.count(chr(34) + "msisdn" + chr(34)) for body in whole_ones} == {MANY}
    status, _ = await whole.get("/rest/mtsms/1000000", token="demo-mavorion")
    assert status == 200  # it was for that moment
    await whole.stop()
