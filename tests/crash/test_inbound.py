"""`kill -9` while handsets write: no word that the carrier was told is kept gets lost, and every STOP stands."""

from __future__ import annotations

import asyncio
import os
import random
import signal

import pytest

from tests.backends import open_store
from tests.crash.world import World

KILLS = max(4, int(os.environ.get("ALDIS_KILLS", "12")) // 3)
pytestmark = [pytest.mark.crash, pytest.mark.timeout(120 + 10 * KILLS)]

EVER = 2**53
LONG = "Долгое сообщение " * 10


async def test_no_word_of_a_handset_is_lost_by_kill_9(
    world: World, chance: random.Random, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The carrier repeats what was never acknowledged once it has time for it: after all kills, on a busy machine.
    monkeypatch.setenv("ALDIS__MESSAGES__INBOUND_REPEAT_S", "86400")
    memory = world.carrier.simulator.memory
    texts: set[str] = set()
    stoppers: set[str] = set()
    segments = 0
    for kill in range(KILLS):
        await world.child.start()
        while not memory.system_ids:
            await asyncio.sleep(0.01)
        for number in range(30):
            handset = f"1480{kill:03d}{number:02d}01"
            text = f"{LONG if number % 3 else ''}{kill}-{number}"
            texts.add(text)
            segments += memory.write(handset, "74700", text) or 0
            if number % 2:
                stoppers.add(handset)
                segments += memory.write(handset, "74700", "STOP") or 0
        await asyncio.sleep(chance.uniform(0.0, 0.2))
        assert await world.child.end(signal.SIGKILL) == -signal.SIGKILL
    await world.child.start()
    while memory.written_acknowledged < segments:
        await asyncio.sleep(0.05)
    told = {came.form["message"] for came in world.customer.to("/inbound")}
    while texts - told:
        await asyncio.sleep(0.05)
        told = {came.form["message"] for came in world.customer.to("/inbound")}
    assert await world.child.end(signal.SIGTERM) == 0
    store = open_store(world.child.data_dir)
    kept, in_all = await store.queries.inbound(1, 0, EVER, (0, 10_000))
    found = sorted(message.text for message in kept)
    assert in_all == len(texts) + len(stoppers)
    assert found == sorted([*texts, *["STOP"] * len(stoppers)])
    assert set(await store.consent.list_opted_out("74700", "", 10_000)) == stoppers
    await store.close()
