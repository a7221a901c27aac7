"""Several gateways on one database, each in a process of its own: they see each other, leave, are lost, freeze and wake."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.backends import Place, open_database
from tests.crash.world import WINDOW, Child
from tests.fakes.customer import FakeCustomer
from tests.fakes.programs import aldis
from tests.fakes.whole import WholeGateway, apply_world

from aldis.clock import SystemClock
from aldis.demo.world import text_of
from aldis.store.contract.nodes import NodeState, NodeView
from aldis.store.contract.store import Store

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]

FORM = {"login": "demo", "password": "demo-genesys", "sender": "447700900001", "receipt": "TRUE"}


class Nodes:
    """Two gateways with one carrier, and somebody who looks at their database."""

    def __init__(self, folder: Path, carrier: WholeGateway, store: Store, url: str) -> None:
        self.carrier = carrier
        self.store = store
        self.both: list[Child] = []
        for name in ("one", "two"):
            (folder / name).mkdir()
            self.both.append(Child(folder / name, carrier, f'[store]\nurl = "{url}"\n'))

    async def view(self, child: Child) -> NodeView | None:
        views = {view.name.partition(" ")[2]: view for view in await self.store.nodes.all()}
        return views.get(str(child.data_dir.resolve()))

    async def until(self, child: Child, holds: Callable[[NodeView], bool]) -> NodeView:
        """Wait until something holds of a node, as it says itself."""
        while (view := await self.view(child)) is None or not holds(view):
            await asyncio.sleep(0.05)
        return view

    async def both_up(self) -> None:
        for child in self.both:
            await child.start()
        for child in self.both:
            await self.until(child, is_up)

    async def until_slots(self, *counts: int) -> None:
        """Wait until each has so many slots of postbacks, and of the link."""
        for child, count in zip(self.both, counts, strict=True):
            for divided in ("postbacks/", "link/simulator/"):
                while sum(each.startswith(divided) for each in await self.held_by(child)) != count:
                    await asyncio.sleep(0.05)

    async def held_by(self, child: Child) -> tuple[str, ...]:
        view = await self.view(child)
        return () if view is None else (await self.store.nodes.held()).get(view.holder, ())


@pytest.fixture
async def nodes(tmp_path: Path, database: str, customer: FakeCustomer) -> AsyncIterator[Nodes]:
    carrier = WholeGateway(tmp_path / "unused", customer)  # only its carrier is used
    await carrier.simulator.start()
    store = await open_database(Place(tmp_path, database), "watching", SystemClock())
    await apply_world(store, text_of("world.toml").replace("http://127.0.0.1:8091", customer.url))
    made = Nodes(tmp_path, carrier, store, database)
    yield made
    for child in made.both:
        if child.is_running:
            os.kill(child.pid, signal.SIGCONT)
        await child.stop()
    await store.close()
    await carrier.simulator.stop()


async def ready(child: Child) -> tuple[int, str]:
    url = f"http://127.0.0.1:{child.port}/health/ready"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, json.loads(await answer.text())["status"]


def is_up(view: NodeView) -> bool:
    return view.takes_part and all(link.is_up for link in view.links.values())


async def send(child: Child, reference: str, ending: str) -> str:
    form = {**FORM, "phone_number": f"447700{reference[1:]:0>4}{ending}", "message": reference}
    url, form = f"http://127.0.0.1:{child.port}/httpapi/receiver", {**form, "message_id": reference}
    async with aiohttp.ClientSession() as session, session.post(url, data=form) as answer:
        return await answer.text()


async def run(child: Child, *arguments: str) -> tuple[int, str]:
    done = await asyncio.to_thread(aldis, *arguments, *child.where, cwd=child.data_dir)
    return done.returncode, done.stdout + done.stderr


async def listed(child: Child) -> dict[str, Any]:
    code, output = await run(child, "node", "--json")
    assert code == 0, output
    return {each["name"].rpartition("/data")[0].rpartition("/")[2]: each for each in json.loads(output)}


async def test_a_drained_node_is_left_alone_and_serves_what_comes(nodes: Nodes) -> None:
    one, two = nodes.both
    await nodes.both_up()
    found = await listed(one)
    assert {name: each["state"] for name, each in found.items()} == {"one": "serving", "two": "serving"}
    assert all(link["is_up"] for each in found.values() for link in each["links"])
    await nodes.until_slots(4, 4)
    code, output = await run(one, "link")
    assert (code, output.count("bound")) == (0, 2), output
    assert (await run(two, "node", "drain", found["one"]["name"]))[0] == 0
    while await ready(one) != (503, "draining"):
        await asyncio.sleep(0.05)
    assert await ready(two) == (200, "ready")
    assert await send(one, "m1", "01") == "result_code=0"
    await nodes.until_slots(0, 8)
    while not {"maintenance", "jobs"} <= set(await nodes.held_by(two)):
        await asyncio.sleep(0.05)
    assert (await run(two, "node", "undrain", found["one"]["name"]))[0] == 0
    while await ready(one) != (200, "ready"):
        await asyncio.sleep(0.05)
    await nodes.until_slots(4, 4)


async def test_who_leaves_keeps_nothing_and_who_is_lost_is_forgotten(nodes: Nodes) -> None:
    one, two = nodes.both
    await nodes.both_up()
    assert await one.end(signal.SIGTERM) == 0
    assert await nodes.held_by(one) == ()
    view = await nodes.view(one)
    assert view is not None
    assert (view.state, view.is_lost) == (NodeState.LEFT, False)
    while not {"maintenance", "jobs"} <= set(await nodes.held_by(two)):
        await asyncio.sleep(0.05)
    lost = (await listed(one))["two"]["name"]
    code, output = await run(one, "node", "remove", lost)
    assert (code, "is alive: stop it first" in output) == (1, True)
    await two.end(signal.SIGKILL)
    await nodes.until(two, lambda view: view.is_lost)
    code, output = await run(one, "doctor")
    assert "has said nothing since" in " ".join(output.split()), output
    assert (await run(one, "node", "remove", lost))[0] == 0
    assert (await listed(one)).keys() == {"one"}


async def test_a_frozen_node_that_wakes_submits_nothing_that_another_has(nodes: Nodes) -> None:
    one, two = nodes.both
    taken = nodes.carrier.simulator.memory.answers
    await nodes.both_up()
    await nodes.until_slots(4, 4)  # so that what follows fills both windows
    holder, other = (one, two) if "link/simulator/0" in await nodes.held_by(one) else (two, one)
    slow, quick = (
        [f"m{number}" for number in range(2 * WINDOW)],  # each has half of the slots
        [f"m{number}" for number in range(2 * WINDOW, 3 * WINDOW)],
    )
    for reference in slow:
        assert await send(holder, reference, "92") == "result_code=0"  # answered after 8 s
    while taken["ESME_ROK"] < 2 * WINDOW:
        await asyncio.sleep(0.02)
    for reference in quick:  # claimed ahead, while both windows are full
        assert await send(holder, reference, "01") == "result_code=0"
    os.kill(holder.pid, signal.SIGSTOP)
    await nodes.until(holder, lambda view: view.is_lost)
    while "link/simulator/0" not in await nodes.held_by(other):
        await asyncio.sleep(0.05)
    os.kill(holder.pid, signal.SIGCONT)
    await nodes.until(holder, lambda view: view.is_alive)
    while (states := await nodes.store.metrics.count_by_state()) != {"delivered": 3 * WINDOW}:
        assert "unconfirmed" not in states
        await asyncio.sleep(0.1)
    for child in nodes.both:
        assert await child.end(signal.SIGTERM) == 0
    shown = Counter(received.text for received in nodes.carrier.received())
    assert {shown[reference] for reference in quick} == {1}
    assert {shown[reference] for reference in slow} <= {1, 2}


async def test_both_send_over_one_link_and_one_goes_on_for_a_killed_one(nodes: Nodes) -> None:
    one, two = nodes.both
    await nodes.both_up()
    for child in nodes.both:
        while not any(each.startswith("link/") for each in await nodes.held_by(child)):
            await asyncio.sleep(0.05)
    references = [f"m{number}" for number in range(60)]
    accepted = set()
    for number, reference in enumerate(references):
        if number == 40:
            assert await two.end(signal.SIGKILL) == -signal.SIGKILL
        child = nodes.both[number % 2] if number < 40 else one
        if await send(child, reference, "01") == "result_code=0":
            accepted.add(reference)
    assert len(accepted) == len(references)
    while await nodes.store.metrics.count_by_state() != {"delivered": len(references)}:
        await asyncio.sleep(0.1)
    shown = Counter(received.text for received in nodes.carrier.received())
    assert accepted <= shown.keys()
    assert sum(count - 1 for count in shown.values()) <= WINDOW
    assert await one.end(signal.SIGTERM) == 0
