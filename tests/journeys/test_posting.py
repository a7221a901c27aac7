"""Where postbacks are posted from: the gateway's process, or that of its writer. A customer cannot tell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from tests.backends import apply, open_store
from tests.fakes.customer import FakeCustomer, silent_server
from tests.fakes.ports import free_port
from tests.fakes.scripted import OK, Scripted
from tests.fakes.whole import WholeGateway

from aldis.demo.world import text_of
from aldis.store.contract.store import Store

pytestmark = pytest.mark.journey


@pytest.fixture(params=["process", "thread"])
async def whole(
    request: pytest.FixtureRequest, tmp_path: Path, customer: FakeCustomer
) -> AsyncIterator[WholeGateway]:
    more = f'[store]\nwriter = "{request.param}"\n'
    made = WholeGateway(tmp_path / "data", customer, more=more)
    await made.start()
    yield made
    await made.stop()


async def change(whole: WholeGateway, store: Store, how: Callable[[str], str]) -> None:
    """Change the demo's directory through a store."""
    text = text_of("world.toml").replace("http://127.0.0.1:8091", whole.customer.url)
    await apply(store, how(text), whole.clock.now())


async def test_tries_are_counted(whole: WholeGateway) -> None:
    whole.customer.answers = [503]
    for number in range(5):
        await whole.genesys("447700900001", f"m{number}")
    await whole.all_ended(5)
    await whole.customer.wait_for(5, "/genesys")
    counted = 'aldis_postback_tries_total{dialect="genesys",result="done"} 4.0'
    failed = 'aldis_postback_tries_total{dialect="genesys",result="failed"} 1.0'
    async with asyncio.timeout(10):
        while True:
            _, shown = await whole.get("/metrics")
            if counted in shown and failed in shown:
                break
            await asyncio.sleep(0.02)


def moved(text: str) -> str:
    return text.replace("/genesys", "/elsewhere")


@pytest.mark.parametrize("is_ours", [True, False])
async def test_a_new_address_is_used_soon_whoever_wrote_it(whole: WholeGateway, *, is_ours: bool) -> None:
    store = whole.gateway.store if is_ours else open_store(whole.data_dir)
    await change(whole, store, lambda text: text.replace("/genesys", "/elsewhere"))
    if not is_ours:
        await store.close()
    async with asyncio.timeout(10):
        for number in range(1_000):
            await whole.genesys("447700900001", f"m{number}")
            await whole.customer.wait_for(number + 1)
            if whole.customer.to("/elsewhere"):
                break


async def test_a_callback_that_hangs_keeps_nobody_waiting(whole: WholeGateway) -> None:
    """Of the first account four callbacks hang; its other address and another account are on the same host."""
    hangs, genesys = f"{whole.customer.url}/hangs", f"{whole.customer.url}/genesys"
    await change(
        whole,
        whole.gateway.store,
        lambda text: text.replace(f'genesys = "{genesys}"', f'genesys = "{hangs}"', 1).replace(
            'name = "slow"\n',
            f'name = "slow"\npostback_networks = ["127.0.0.0/8"]\npostback = {{ genesys = "{genesys}" }}\n',
        ),
    )
    whole.customer.hangs.add("/hangs")
    await whole.up()
    current = whole.gateway.operators._parts.current
    while not current.directory.accounts["slow"].postback:
        await asyncio.sleep(0.02)
    for number in range(4):
        await whole.genesys("447700900001", f"m{number}")
    await whole.customer.wait_for(1, "/hangs")
    async with asyncio.timeout(8):  # of the 15 seconds that a try has
        await whole.genesys("447700900001", "other", login="slow", password="slow-genesys")
        while not any(came.form.get("message_id") == "other" for came in whole.customer.to("/genesys")):
            await asyncio.sleep(0.02)
        assert whole.simulator.memory.write("14805550100", "74700", "Hello")
        while not any(came.form.get("type") == "MO" for came in whole.customer.to("/genesys")):
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("writer", ["process", "thread"])
async def test_a_fault_of_our_own_is_told_and_counted_for_nobody(
    tmp_path: Path, customer: FakeCustomer, writer: str
) -> None:
    """The operator's proxy is away, and comes."""
    port = free_port()
    more = f'[store]\nwriter = "{writer}"\n[postbacks]\nproxy = "http://127.0.0.1:{port}"\n'
    whole = WholeGateway(tmp_path / "data", customer, more=more)
    whole.world = lambda text: text.replace(customer.url, "http://customer.example")
    await whole.start()
    await whole.genesys("447700900001", "m1")
    while '"kind":"proxy"' not in (await whole.get("/health/ready"))[1]:
        await asyncio.sleep(0.05)
    assert (await whole.get("/health/ready"))[0] == 200  # messages are taken all the same
    assert 'aldis_postbacks_put_back_total{fault="proxy"}' in (await whole.get("/metrics"))[1]
    async with Scripted([OK], port=port):
        timeline = await whole.ended("m1")
    assert [(each.attempts, each.last_fault) for each in timeline.postbacks] == [(1, "")]
    await whole.stop()


async def test_what_a_handset_wrote_is_told(whole: WholeGateway) -> None:
    while not all(whole.gateway.links_up().values()):
        await asyncio.sleep(0.01)
    assert whole.simulator.memory.write("14805550100", "74700", "Hello")
    (came,) = await whole.customer.wait_for(1, "/genesys")
    assert (came.form["type"], came.form["message"]) == ("MO", "Hello")


async def test_an_endpoint_that_never_answers_does_not_keep_the_gateway_from_stopping(
    whole: WholeGateway,
) -> None:
    async with silent_server() as address:
        await change(whole, whole.gateway.store, lambda text: text.replace(f"{whole.customer.url}/", address))
        await whole.genesys("447700900001", "m1")
        await whole.all_ended(1)
        async with asyncio.timeout(8):
            await whole.gateway.stop()
    await whole.start_gateway()  # with the customer's own address again
    (came,) = await whole.customer.wait_for(1, "/genesys")
    assert came.form["message_id"] == "m1"
