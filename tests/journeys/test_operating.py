"""The whole way while operators are at work: a link is stopped under load, a route is edited."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.fakes.customer import FakeCustomer
from tests.fakes.whole import WholeGateway

from aldis.accounts.staff import Actor, Role
from aldis.operating.links import LinkOrders
from aldis.stages.sending.upstream import CLOSED
from aldis.store.link_orders import Wanted

pytestmark = pytest.mark.journey
OTTO = Actor("otto", Role.OPERATOR, "console")
COUNT = 300


def number_of(index: int) -> str:
    """A number whose handset is as it should be."""
    return f"44770{index // 80:05d}{index % 80:02d}"


async def order(whole: WholeGateway, wanted: Wanted) -> None:
    """As from another process: the gateway follows the row by itself."""
    gateway = whole.gateway
    orders = LinkOrders(gateway.store, {"simulator": None}, gateway.conditions, lambda: None)
    await orders.order(OTTO, "simulator", wanted, whole.clock.now())


async def until_closed(whole: WholeGateway) -> None:
    while whole.gateway.binds() != {"simulator": [CLOSED]}:
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("wanted", [Wanted.STOPPED, Wanted.DRAINING])
async def test_a_link_that_leaves_under_load_loses_nothing(
    tmp_path: Path, customer: FakeCustomer, wanted: Wanted
) -> None:
    whole = WholeGateway(tmp_path / "data", customer, "window = 10\ntps = 150")
    await whole.start()

    async def send(number: int) -> None:
        assert await whole.genesys(number_of(number), f"m{number}") == "result_code=0"

    sending = asyncio.gather(*(send(number) for number in range(COUNT)))
    while not (await whole.gateway.store.count_by_state()).get("delivered"):
        await asyncio.sleep(0.01)
    await order(whole, wanted)
    await until_closed(whole)
    await sending  # a stopped link does not stop accepting
    states = await whole.gateway.store.count_by_state()
    assert states.get("queued", 0) > 0
    assert states.get("sending", 0) == 0

    await whole.gateway.stop()
    await whole.start_gateway()
    assert whole.gateway.binds() == {"simulator": [CLOSED]}  # also after a restart
    status, ready = await whole.get("/health/ready")
    assert (status, CLOSED in ready) == (200, True)

    await order(whole, Wanted.RUNNING)
    assert await whole.all_ended(COUNT) == {"delivered": COUNT}
    taken = [len(whole.handset(number_of(number))) for number in range(COUNT)]
    assert min(taken) == 1
    assert sum(taken) - COUNT <= (
        10 if wanted is Wanted.STOPPED else 0
    )  # in doubt, never more than the window
    await whole.stop()
