"""Faults by chance: their laws, and how people's own tests ask for them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.backends import find
from tests.fakes.whole import WholeGateway

from aldis.app.simulator import Simulator
from aldis.clock import SystemClock
from aldis.settings import SimulatorSettings
from aldis.simulator.behaviour import BY_LAST_DIGITS, DELIVERS, Behaviour
from aldis.simulator.chaos import NONE, Mischief, Mischiefs, decide
from aldis.smpp.status import ESME_RINVDSTADR, ESME_RTHROTTLED
from aldis.traffic.handset import FAULTS, Chaos, chaos_fault

chances = st.floats(0, 1)
options = st.builds(
    Chaos, chances, chances, chances, chances, chances, st.floats(0, 60), st.integers(0, 2**53)
)
draws = st.tuples(*[st.floats(0, 1, exclude_max=True)] * len(FAULTS))


@given(draws)
def test_what_is_impossible_never_strikes_and_what_is_certain_always(drawn: tuple[float, ...]) -> None:
    assert decide(Chaos(), drawn) == NONE
    assert decide(Chaos(drop=1), drawn).drops
    assert decide(Chaos(refuse=1), drawn).refusal == ESME_RINVDSTADR
    assert decide(Chaos(throttle=1), drawn).refusal == ESME_RTHROTTLED
    assert decide(Chaos(delay=1, delay_s=2.5), drawn).delay_s == 2.5
    assert decide(Chaos(lose_receipts=1), drawn).loses_receipt


@given(options, draws)
def test_one_submit_suffers_one_refusal_at_most(chaos: Chaos, drawn: tuple[float, ...]) -> None:
    found = decide(chaos, drawn)
    assert not (found.drops and found.refusal)
    if found.drops or found.refusal:
        assert (found.delay_s, found.loses_receipt) == (0, False)
    assert chaos_fault(chaos) == ""


@given(options, draws, st.sampled_from(FAULTS))
def test_a_higher_probability_spares_nobody(chaos: Chaos, drawn: tuple[float, ...], name: str) -> None:
    worse = msgspec.structs.replace(chaos, **{name: 1.0})
    assert (decide(chaos, drawn) == NONE) >= (decide(worse, drawn) == NONE)


@given(options)
def test_the_same_seed_draws_the_same_faults(chaos: Chaos) -> None:
    first, second = Mischiefs(chaos), Mischiefs(chaos)
    assert [first.draw() for _ in range(20)] == [second.draw() for _ in range(20)]


@given(st.sampled_from([DELIVERS, *BY_LAST_DIGITS.values()]), st.floats(0, 60), st.booleans())
def test_what_is_not_struck_is_as_the_table_says(
    behaviour: Behaviour,
    delay_s: float,
    loses: bool,  # noqa: FBT001
) -> None:
    assert NONE.bend(behaviour) is behaviour
    bent = Mischief(delay_s=delay_s, loses_receipt=loses).bend(behaviour)
    assert bent.response_delay_s == behaviour.response_delay_s + delay_s
    assert bent.receipt_count == (0 if loses else behaviour.receipt_count)
    assert bent.receipt == behaviour.receipt


@pytest.mark.parametrize(
    ("body", "status", "part"),
    [
        ('{"throttle": 0.25, "seed": 7}', 200, '"throttle": 0.25'),
        ("{}", 200, '"throttle": 0.0'),
        ('{"throttle": 1.5}', 400, "from 0 to 1"),
        ('{"delay_s": 61}', 400, "seconds"),
        ('{"seed": -1}', 400, "2^53"),
        ('{"thrott1e": 1}', 400, "unknown field"),
        ("x", 400, "error"),
        ("[" * 5000, 400, "error"),
    ],
)
async def test_people_ask_for_chaos_by_http(body: str, status: int, part: str) -> None:
    simulator = Simulator(SimulatorSettings("127.0.0.1:0", "127.0.0.1:0"), SystemClock())
    await simulator.start()
    url = f"http://127.0.0.1:{simulator.view.port}/chaos"
    async with aiohttp.ClientSession() as session:
        async with session.put(url, data=body) as answer:
            assert (answer.status, part in await answer.text()) == (status, True)
        async with session.get(url) as answer:
            assert (await answer.json())["refuse"] == 0.0
    await simulator.stop()


def test_the_guide_says_what_the_carrier_does() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "simulator.md").read_text(encoding="utf-8")
    for digits, behaviour in BY_LAST_DIGITS.items():
        assert f"| {digits} | {behaviour.says} |" in guide
    for field in Chaos.__struct_fields__:
        assert f"| `{field}` |" in guide


async def test_chaos_reaches_those_who_send(whole: WholeGateway) -> None:
    memory = whole.simulator.memory
    memory.make_chaos(Chaos(refuse=1))
    await whole.genesys("447700900001", "refused")
    assert (await whole.ended("refused")).message.state == "rejected"
    memory.make_chaos(Chaos(drop=1))
    await whole.genesys("447700900002", "survives")
    while not memory.answers["dropped"]:
        await asyncio.sleep(0.02)
    memory.make_chaos(Chaos(delay=1, delay_s=0.2))
    timeline = await whole.ended("survives")
    assert timeline.message.state == "delivered"
    memory.make_chaos(Chaos(lose_receipts=1))
    await whole.genesys("447700900040", "silent")
    while not whole.handset("447700900040"):
        await asyncio.sleep(0.02)
    assert memory.receipts_pending == 0
    (silent,) = await find(whole.gateway.store, "silent", 1)
    assert silent.ended_at == 0
