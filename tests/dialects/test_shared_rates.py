"""Two gateways that serve one account: a refusal for its rate is true at both, whatever is asked, and however."""

from __future__ import annotations

import json

import pytest

from aldis.demo.world import text_of
from aldis.dialects.exchange import HttpRequest
from aldis.stages.rates import SharedRates
from aldis.store.contract.store import Store
from tests.backends import apply
from tests.dialects.asking import Asker, get, post
from tests.fakes.clock import NOON, FakeClock

PLACE = '[[account]]\nname = "demo"\n'
MESSAGES = "rate_per_s = 10.0\nburst = 20\n"
SEGMENTS = "segments_per_s = 10.0\nsegment_burst = 20\n"


def sending(recipients: int, text: str = "Hi") -> HttpRequest:
    numbers = [{"msisdn": 4512345600 + number} for number in range(recipients)]
    body = json.dumps({"message": text, "recipients": numbers})
    return post("/v2/mtsms?token=demo-mavorion", body, "application/json")


@pytest.mark.parametrize(
    ("rates", "request_", "taken"),
    [
        (MESSAGES, sending(1), 20),
        (MESSAGES, sending(3), 6),
        (MESSAGES, sending(10), 2),
        (SEGMENTS, sending(1), 20),
        (SEGMENTS, sending(1, "x" * 400), 6),
        (SEGMENTS, sending(10), 2),
        (MESSAGES + SEGMENTS, sending(1, "x" * 400), 6),
        (MESSAGES, get("/rest/me?token=demo-mavorion"), 20),
    ],
    ids=["one", "several", "large", "segments", "long", "large in segments", "both", "questions"],
)
async def test_both_take_what_one_would(
    both: list[Store], clock: FakeClock, rates: str, request_: HttpRequest, taken: int
) -> None:
    await apply(both[0], text_of("world.toml").replace(PLACE, PLACE + rates), NOON)
    askers = []
    for store in both:
        assert store.shared is not None
        askers.append(await Asker.over(store, clock, SharedRates(clock, store.shared.rates)))
    answers = [(await askers[number % 2].ask(request_)).status for number in range(taken + 10)]
    assert [status for status in answers if status != 429] == [200] * taken
