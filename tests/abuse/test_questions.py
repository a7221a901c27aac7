"""A question whose answer is long: whoever asks it waits for it, and nobody else."""

from __future__ import annotations

import asyncio
import json

import msgspec
from tests.fakes.whole import WholeGateway
from tests.store.building import a_message

from aldis.store.contract.admission import Acceptance

MANY = 10_000
SMALL = {"to": "4512345678", "text": "Hello", "from": "74700"}


async def test_who_asks_for_much_waits_alone(whole: WholeGateway) -> None:
    first = a_message(1_000_000, dialect="mavorion", reference="1000000", price_micros=0, link="elsewhere")
    messages = tuple(
        msgspec.structs.replace(first, message_id=first.message_id + number) for number in range(MANY)
    )
    assert await whole.gateway.store.admission.accept(Acceptance(1, True, messages)) is None

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
