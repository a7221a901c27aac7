"""Host names that cost much: refused at the door for what their length says, converted once and never on the loop
of whoever commits.
"""

from __future__ import annotations

import asyncio
import encodings.idna
import json
import threading
from collections.abc import Callable, Iterator

import pytest
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway

from aldis.channels.http.client import HttpChannel
from aldis.host_names import MAX_NAME, read_host
from aldis.stages.postbacks.channel import Answer, Limits
from aldis.traffic.postback import PostbackRequest

#: each took tens or hundreds of milliseconds to convert, at each try
HOSTILE = [
    "é" * 1_900,
    ".".join(["é" * 60] * 30),
    ".".join(["\ufdfa" * 63] * 20),
    ".".join(chr(0x4E00 + 37 * each) for each in range(250)),
    "\u00ad" * 1_800 + "é",
    ".".join(["é"] * 900),
    "a" * 64 + ".example",
    "a." * 127 + "example",
]


@pytest.fixture
def converted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[int, str]]]:
    """The labels that were converted, and the threads that did."""
    labels: list[tuple[int, str]] = []
    convert: Callable[[str], bytes] = encodings.idna.ToASCII

    def note(label: str) -> bytes:
        labels.append((threading.get_ident(), label))
        return convert(label)

    monkeypatch.setattr(encodings.idna, "ToASCII", note)
    read_host.cache_clear()
    yield labels
    read_host.cache_clear()


async def test_a_request_with_a_name_that_cannot_be_resolved_is_refused_at_its_length(
    whole: WholeGateway, converted: list[tuple[int, str]]
) -> None:
    for host in HOSTILE * 3:
        url = f"https://{host}/"
        sms = {"message": "x", "recipients": [{"msisdn": 4512345600}], "callback_url": url}
        status, answer = await whole.post(
            "/v2/mtsms?token=demo-mavorion", json.dumps(sms), "application/json"
        )
        assert (status, "0x0308" in answer, "callback_url" in answer) == (400, True, True)
        send = {"to": "447700900001", "from": "447700900001", "text": "x", "callback_url": url}
        asked = whole.session.post(
            f"{whole.base}/v1/messages", json=send, headers={"Authorization": "Bearer demo-native"}
        )
        async with asked as native:
            told = await native.json()
            assert (native.status, told["code"]) == (422, "parameter_invalid")
            assert told["detail"].startswith("callback_url: ")
    assert await whole.gateway.store.metrics.count_by_state() == {}
    assert sum(len(label) for _, label in converted) <= MAX_NAME * len(HOSTILE)  # once, however often asked


async def test_names_kept_from_before_are_converted_once_and_beside_the_loop(
    customer: FakeCustomer, converted: list[tuple[int, str]]
) -> None:
    channel, limits = HttpChannel(), Limits(0.5, 0.5, ())

    async def post(url: str) -> Answer:
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        channel.post(PostbackRequest("POST", url), limits, answered.set_result)
        return await answered

    for _ in range(3):
        for host in HOSTILE:
            assert await post(f"https://{host}/") == Answer(None, "the address cannot be used")
    before = len(converted)
    for _ in range(3):  # its host is fine: it goes where it is told, which is out of reach
        await post(f"http://bücher.localhost:{customer.port}/pfad/ü")
    await channel.close()
    assert [label for _, label in converted[before:]] == ["bücher"]
    assert threading.get_ident() not in {thread for thread, _ in converted}
    assert sum(len(label) for _, label in converted) <= MAX_NAME
