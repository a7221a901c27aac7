"""The whole way while operators are at work: a link is stopped under load, a route is edited."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from tests.backends import find
from tests.fakes.browser import Browser
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import SETTINGS, WholeGateway

from aldis.accounts.staff import Actor, Role
from aldis.admin.links import LinkOrders, OtherNodes
from aldis.app.people import people_of
from aldis.settings import read
from aldis.stages.sending.upstream import CLOSED

pytestmark = pytest.mark.journey
OTTO = Actor("otto", Role.OPERATOR, "console")
COUNT = 300


def number_of(index: int) -> str:
    """A number whose handset is as it should be."""
    return f"44770{index // 80:05d}{index % 80:02d}"


async def order(whole: WholeGateway, wanted: str) -> None:
    """As from another process: the gateway follows the row by itself."""
    gateway = whole.gateway
    orders = LinkOrders(
        gateway.store.link_states,
        gateway.store.metrics,
        OtherNodes(gateway.store.nodes, ""),
        {"simulator": None},
        gateway.conditions,
        lambda: None,
    )
    await orders.order(OTTO, "simulator", wanted, whole.clock.now())


async def until_closed(whole: WholeGateway) -> None:
    while whole.gateway.binds() != {"simulator": [CLOSED]}:
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("wanted", ["stop", "drain"])
async def test_a_link_that_leaves_under_load_loses_nothing(
    tmp_path: Path, customer: FakeCustomer, wanted: str
) -> None:
    whole = WholeGateway(tmp_path / "data", customer, "window = 10\ntps = 150")
    await whole.start()

    async def send(number: int) -> None:
        assert await whole.genesys(number_of(number), f"m{number}") == "result_code=0"

    sending = asyncio.gather(*(send(number) for number in range(COUNT)))
    while not (await whole.gateway.store.metrics.count_by_state()).get("delivered"):
        await asyncio.sleep(0.01)
    await order(whole, wanted)
    await until_closed(whole)
    await sending  # a stopped link does not stop accepting
    states = await whole.gateway.store.metrics.count_by_state()
    assert states.get("queued", 0) > 0
    assert states.get("sending", 0) == 0

    await whole.gateway.stop()
    await whole.start_gateway()
    assert whole.gateway.binds() == {"simulator": [CLOSED]}  # also after a restart
    status, ready = await whole.get("/health/ready")
    assert (status, CLOSED in ready) == (200, True)

    await order(whole, "start")
    assert await whole.all_ended(COUNT) == {"delivered": COUNT}
    taken = [len(whole.handset(number_of(number))) for number in range(COUNT)]
    assert min(taken) == 1
    assert sum(taken) - COUNT <= (10 if wanted == "stop" else 0)  # in doubt, never more than the window
    await whole.stop()


MORE = """
[console]
listen = "127.0.0.1:0"

[[link]]
name = "other"
host = "127.0.0.1"
port = {port}
system_id = "aldis"
password = "demosmpp"
"""


async def taken_by(whole: WholeGateway, reference: str) -> str:
    """Send a message, and tell on which link it was taken; its receipt may come by any."""
    assert await whole.genesys("447700900001", reference) == "result_code=0"
    while not (message := (await find(whole.gateway.store, reference, 1))[0]).sent_at:
        await asyncio.sleep(0.01)
    return message.link


async def test_a_route_is_edited_and_the_next_message_takes_it(
    tmp_path: Path, customer: FakeCustomer
) -> None:
    whole = WholeGateway(tmp_path / "data", customer)
    whole.settings = read(
        SETTINGS.format(smpp=whole.smpp_port, link="") + MORE.format(port=whole.smpp_port), "t", {}
    )
    await whole.start()
    people = people_of(whole.gateway.store)
    await people.put_operator(OTTO, "ada", Role.ADMIN, "tide gravel moth", whole.clock.now())
    async with Browser(whole.console) as ada:
        assert await ada.sign_in("ada", "tide gravel moth") == 200
        assert await taken_by(whole, "m1") == "simulator"
        _, page = await ada.get("/routes")
        (version,) = re.findall(r'action="/routes">.*?name="version" value="(\d+)"', page)
        status, page = await ada.fill(
            "/routes", {"version": version, "0.link": "other", "0.backups": "simulator"}
        )
        assert (status, "The next message takes it." in page) == (200, True)
        assert await taken_by(whole, "m2") == "other"
        await ada.post("/links/other/stop")  # then the backup
        while whole.gateway.links_up()["other"]:
            await asyncio.sleep(0.01)
        assert await taken_by(whole, "m3") == "simulator"
        _, page = await ada.get("/history", kind="routes")
        (change,) = re.findall(r'action="/history/(\d+)/undo"', page)[:1]
        await ada.post("/links/other/start")
        while not whole.gateway.links_up()["other"]:
            await asyncio.sleep(0.01)
        assert await taken_by(whole, "m4") == "other"
        await ada.post(f"/history/{change}/undo")
        assert await taken_by(whole, "m5") == "simulator"
    await whole.stop()
