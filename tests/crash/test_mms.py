"""`kill -9` while multimedia messages come in and go out: what was accepted is there with all its content and is
sent, nothing is half-stored, and files that nobody needs are swept.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from aldis.mms.parts import Part
from aldis.store.content_files import FOLDERS, ContentFiles
from aldis.store.contract.content import digest_of
from aldis.store.contract.store import Store
from aldis.traffic.content import KeptPart
from tests.backends import find, open_store
from tests.crash.world import World
from tests.fakes.customer import FakeCustomer
from tests.mms.samples import JPEG, PNG

KILLS = max(4, int(os.environ.get("ALDIS_KILLS", "12")) // 3)
pytestmark = [pytest.mark.crash, pytest.mark.timeout(120 + 10 * KILLS)]

WINDOW = 10
PRICE = 200_000
EVER = 2**53


@pytest.fixture
async def multimedia(tmp_path: Path, customer: FakeCustomer) -> AsyncIterator[World]:
    made = World(tmp_path, customer, mmsc="")
    await made.start()
    yield made
    await made.stop()


def photo(number: int) -> bytes:
    """A photo that nobody else has."""
    return JPEG + number.to_bytes(4, "big") * 2_000


async def send_many(world: World, numbers: range) -> Counter[str]:
    """Send so many, each with a photo of its own and one that all share."""

    def with_photo(number: int) -> dict[str, str]:
        return {
            "mms_attachment[0].content_type": "image/jpeg",
            "mms_attachment[0].content": b64encode(photo(number)).decode(),
            "mms_attachment[1].content_type": "image/png",
            "mms_attachment[1].content": b64encode(PNG).decode(),
        }

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=10)) as session:
        answers = await asyncio.gather(*(world.send(session, **with_photo(each)) for each in numbers))
    return Counter(answers)


async def check(world: World, kills: int) -> None:
    """Wait until all has ended: each accepted message was shown with its own photo and the shared one, repeats are
    bounded, money is exact, and what is on disk is what messages need.
    """
    store = open_store(world.child.data_dir)
    while (states := await store.metrics.count_by_state()).keys() - {"delivered"}:
        await asyncio.sleep(0.1)
    handsets = world.carrier.simulator.memory.handsets
    shown = Counter(received.text for received in world.carrier.received())
    assert world.accepted - shown.keys() == set()
    assert sum(count - 1 for count in shown.values()) <= kills * WINDOW
    photos = {digest_of(photo(number)) for number in range(10_000)}
    for received in world.carrier.received():
        found = [handsets.content(received.number, part) for part in range(len(received.parts))]
        digests = [digest_of(part.octets) for part in found if part is not None]
        assert digests[-1] == digest_of(PNG)
        assert digests[-2] in photos
    while world.accepted - {came.form["message_id"] for came in world.customer.to("/genesys")}:
        await asyncio.sleep(0.1)
    balance = await store.queries.balance((await store.directory.load()).accounts["demo"].account_id)
    assert (balance.held, balance.spent) == (0, sum(states.values()) * PRICE)
    await store.close()


async def test_nothing_accepted_is_lost_with_its_pictures(multimedia: World, chance: random.Random) -> None:
    world = multimedia
    for kill in range(KILLS):
        await world.child.start()
        sending = asyncio.create_task(send_many(world, range(kill * 100, kill * 100 + 40)))
        await world.send_until(sending, chance.randrange(40))
        await asyncio.sleep(chance.uniform(0.0, 0.05))
        assert await world.child.end(signal.SIGKILL) == -signal.SIGKILL
        await sending
    await world.child.start()
    assert (await send_many(world, range(9_000, 9_010)))["result_code=0"] == 10
    await check(world, KILLS)
    assert await world.child.end(signal.SIGTERM) == 0
    await sweep(world)


async def sweep(world: World) -> None:
    """What the kills left behind goes, what messages need stays."""
    store, files = open_store(world.child.data_dir), ContentFiles(world.child.data_dir)
    for _ in range(FOLDERS):
        await files.sweep(store.maintenance.unused_content)
    left = {path.name for path in world.child.data_dir.glob("content/??/*")}
    assert await store.maintenance.unused_content(sorted(left)) == set()
    needed = {
        part.digest
        for message in await find(store, "", 10_000)
        for part in await parts_of(store, message.message_id)
    }
    assert left == needed
    for digest in needed:
        assert await files.read(digest) is not None
    await store.close()


async def parts_of(store: Store, message_id: int) -> tuple[KeptPart, ...]:
    timeline = await store.search.message(message_id)
    assert timeline is not None
    return timeline.parts


@pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace kills at a system call; it is not installed"
)
@pytest.mark.parametrize("call", ["fsync", "rename"])
async def test_nothing_is_half_stored_by_dying_while_a_picture_is_written(
    multimedia: World, call: str
) -> None:
    world = multimedia
    died = 0
    for which in (1, 2, 3):  # each thread counts for itself
        kill = f"inject={call}:signal=SIGKILL:when={which}"
        await world.child.start(
            "strace", "-D", "-f", "-qq", "-e", f"trace={call}", "-e", kill, "-o", os.devnull
        )
        await send_many(world, range(which * 100, which * 100 + 20))
        if await world.child.is_answering():
            await world.child.end(signal.SIGTERM)
        else:
            await world.child.ended()
            died += 1
    assert died
    await world.child.start()
    assert (await send_many(world, range(9_000, 9_010)))["result_code=0"] == 10
    await check(world, 3)
    assert await world.child.end(signal.SIGTERM) == 0
    await sweep(world)


async def test_no_picture_of_a_handset_is_lost_by_kill_9(multimedia: World, chance: random.Random) -> None:
    world, mmsc = multimedia, multimedia.carrier.simulator.mmsc
    sent: set[str] = set()
    for kill in range(KILLS):
        await world.child.start()
        for number in range(15):
            text = f"{kill}-{number}"
            sent.add(text)
            assert mmsc.write(
                f"1480{kill:03d}{number:02d}01", "74700", text, [Part("image/jpeg", photo(number))]
            )
        await asyncio.sleep(chance.uniform(0.0, 0.3))
        assert await world.child.end(signal.SIGKILL) == -signal.SIGKILL
    await world.child.start()
    while world.carrier.simulator.memory.written_acknowledged < len(sent):
        await asyncio.sleep(0.05)
    told: dict[str, str] = {}
    while sent - told.keys():
        await asyncio.sleep(0.05)
        told = {
            came.form["message"]: came.form["mms_attachment[0].content"]
            for came in world.customer.to("/inbound")
        }
    for text, content in told.items():
        assert content == b64encode(photo(int(text.partition("-")[2]))).decode()
    assert await world.child.end(signal.SIGTERM) == 0
    store = open_store(world.child.data_dir)
    kept, in_all = await store.queries.inbound(1, 0, EVER, (0, 10_000))
    assert (in_all, sorted(message.text for message in kept)) == (len(sent), sorted(sent))
    await store.close()
