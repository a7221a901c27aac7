"""A request that is long to judge: whoever sends it waits for it, and nobody else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

from tests.fakes.whole import WholeGateway

#: each text holds letters and marks to be put together, fits into ten segments, and is another
TEXT = "e\u0301" * 1_500 + "{x}"
NUMBERS = [f"4512{number:06d}" for number in range(200)]
VALUES = ["x" * (number % 26) for number in range(199)]


async def send(whole: WholeGateway, key: str, body: Mapping[str, object]) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {key}"}
    async with whole.session.post(f"{whole.base}/v1/messages", json=body, headers=headers) as response:
        document = json.loads(await response.read())
        return response.status, document.get("code", "")


async def test_who_asks_for_much_waits_alone(whole: WholeGateway) -> None:
    to = [{"number": n, "values": {"x": v}} for n, v in zip(NUMBERS, [*VALUES, "x" * 999], strict=True)]
    costly = {"to": to, "text": TEXT, "from": "74700"}  # the last text is too long
    small = {"to": "4512345678", "text": "Hello", "from": "74700"}
    assert (await send(whole, "demo-native", small))[0] == 202  # who it is, is known from now on
    many = [asyncio.create_task(send(whole, "demo-native", costly)) for _ in range(4)]
    await asyncio.sleep(0)
    for _ in range(2):
        assert (await send(whole, "demo-native", small))[0] == 202
    assert not all(task.done() for task in many)  # one after the other
    assert await asyncio.gather(*many) == [(422, "text_too_long")] * 4


async def test_who_cannot_pay_costs_nothing_large(whole: WholeGateway) -> None:
    to = [{"number": n, "values": {"x": ""}} for n in NUMBERS]
    costly = {"to": to, "text": "e\u0301" * 1_700 + "{x}", "from": "74700"}  # twelve segments, six at least
    assert await send(whole, "demo-native", costly) == (422, "text_too_long")
    assert await send(whole, "broke-native", costly) == (402, "credit_insufficient")  # before it is written
