"""Requests for as many as may be, one after the other: their octets are read and their answers written beside the
loop, and others are answered meanwhile.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import apsw
from tests.fakes.whole import WholeGateway

#: in one request: as many as may be, and as the demo can pay for twice
MANY, AFFORDED = 10_000, 9_000


async def send(whole: WholeGateway, to: str | list[str], path: str = "/v1/messages") -> dict[str, Any]:
    body = {"to": to, "text": "Hello", "from": "74700"}
    headers = {"Authorization": "Bearer demo-native"}
    async with whole.session.post(whole.base + path, json=body, headers=headers) as response:
        answer: dict[str, Any] = json.loads(await response.read())
        return answer


async def test_others_are_answered_before_a_large_one(whole: WholeGateway) -> None:
    await send(whole, "4512345678")
    numbers = [f"4477{number:08d}" for number in range(AFFORDED)]
    large = asyncio.create_task(send(whole, numbers))
    price = asyncio.create_task(send(whole, numbers, "/v1/estimate"))
    await asyncio.sleep(0)
    for _ in range(2):
        assert len((await send(whole, "4512345678"))["messages"]) == 1
    assert not large.done()
    assert not price.done()
    assert len((await large)["messages"]) == len((await price)["messages"]) == AFFORDED


async def test_a_large_one_is_stored_in_pieces_and_seen_whole(whole: WholeGateway) -> None:
    """No write of it is long, so nobody waits for it; and nobody meets a part of it."""
    await send(whole, "4512345678")
    reader, stored, seen = apsw.Connection(str(whole.data_dir / "aldis.db")), set(), set()
    large = asyncio.create_task(send(whole, [f"4477{number:08d}" for number in range(AFFORDED)]))
    while not large.done():
        stored |= {count for (count,) in reader.execute("SELECT count(*) FROM message")}
        seen.add(sum((await whole.gateway.store.metrics.count_by_state()).values()))
    reader.close()
    assert len((await large)["messages"]) == AFFORDED
    assert any(1 < count < AFFORDED for count in stored)
    assert seen <= {1, AFFORDED + 1}


async def test_texts_times_recipients_are_bounded(whole: WholeGateway) -> None:
    recipients = [{"msisdn": 4_512_000_000 + number} for number in range(MANY // 2 + 1)]
    texts = [{"message": "x", "sender": "74700", "recipients": recipients}] * 2
    status, answer = await whole.post(
        "/rest/mtsms?token=demo-mavorion", json.dumps(texts), "application/json"
    )
    assert (status, "0x0308" in answer) == (400, True)
    assert await whole.gateway.store.metrics.count_by_state() == {}
