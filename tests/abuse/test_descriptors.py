"""Few descriptors: they are shared out before they are taken, so that links and store always have theirs."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.ports import free_port

from aldis.app.descriptor_shares import Shares, fit, share
from aldis.app.descriptors import LEAST, OWN, fit_postbacks
from aldis.app.simulator import Simulator
from aldis.clock import SystemClock
from aldis.listening.guard import connections_of, sockets_of
from aldis.settings import SimulatorSettings, read
from aldis.stages.postbacks.settings import PostbackSettings

LIMIT = 300
SETTINGS = """
[http]
listen = "127.0.0.1:{door}"

[console]
listen = "127.0.0.1:{console}"

[store]
writer = "{writer}"

[[link]]
name = "simulator"
host = "127.0.0.1"
port = {smpp}
system_id = "aldis"
password = "demosmpp"
"""

SHARES = st.builds(Shares, st.integers(0, 5000), st.integers(0, 500), st.integers(0, 1000))


@given(st.integers(-500, 10_000), SHARES)
def test_parts_are_no_more_than_there_is_nor_than_is_wanted(left: int, wanted: Shares) -> None:
    got = share(left, wanted)
    for name in Shares.__struct_fields__:
        assert min(LEAST, getattr(wanted, name)) <= getattr(got, name) <= getattr(wanted, name)
    total = got.door + got.console + got.postbacks
    if left >= 8 * LEAST:
        assert total <= left
        assert got.console >= min(wanted.console, left // 8)
        assert got.postbacks >= min(wanted.postbacks, left // 4)
        assert total == min(left, wanted.door + wanted.console + wanted.postbacks)


@given(st.integers(1, 5000))
def test_connections_and_their_sockets(sockets: int) -> None:
    assert sockets_of(connections_of(sockets)) <= max(2, sockets)
    assert connections_of(sockets_of(sockets)) in {sockets - 1, sockets, sockets + 1}


#: limit → connections of door, console and postbacks, with 2 links' sockets
FITTED = [
    (20_000, 2000, 200, 512),
    (4_096, 2000, 200, 512),
    (1_024, 448, 88, 223),
    (512, 192, 37, 95),
    (256, 63, 12, 31),
    (64, 12, 12, 16),
]


@pytest.mark.parametrize(("limit", "door", "console", "postbacks"), FITTED)
def test_what_fits_a_limit(limit: int, door: int, console: int, postbacks: int) -> None:
    text = '[console]\n[[link]]\nname = "a"\nhost = "h"\nport = 1\nbind = "pair"\n'
    settings = read(text, "test", {})
    fitted = fit(settings, limit, 0, posts=True)
    assert fitted.console is not None
    found = (fitted.http.connections, fitted.console.connections, fitted.postbacks.connections)
    assert found == (door, console, postbacks)
    assert fitted.postbacks.idle_connections <= postbacks
    if limit > 256:
        assert OWN + 2 + sockets_of(door) + sockets_of(console) + postbacks <= limit
    assert fit(settings, limit, 0, posts=False).postbacks == settings.postbacks


def test_a_process_that_only_posts_keeps_what_the_store_needs() -> None:
    assert fit_postbacks(PostbackSettings(), 1024) == PostbackSettings()
    few = fit_postbacks(PostbackSettings(), 300)
    assert (few.connections, few.idle_connections) == (300 - OWN, 300 - OWN)


async def carrier_at(port: int) -> Simulator:
    made = Simulator(
        SimulatorSettings(
            listen=f"127.0.0.1:{port}", view="127.0.0.1:0", system_id="aldis", password="demosmpp"
        ),
        SystemClock(),
    )
    await made.start()
    return made


@asynccontextmanager
async def serving(folder: Path, writer: str) -> AsyncIterator[tuple[dict[str, int], Path]]:
    """A gateway in a process that is allowed few descriptors: its ports and its log."""
    ports = {name: free_port() for name in ("door", "console", "smpp")}
    (folder / "aldis.toml").write_text(SETTINGS.format(writer=writer, **ports))
    command = f'ulimit -S -n {LIMIT // 2}; ulimit -H -n {LIMIT}; exec "$0" -m aldis serve'
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            "sh", "-c", command, sys.executable, cwd=folder, stdout=log, stderr=log
        )
    try:
        yield ports, folder / "log"
    finally:
        process.terminate()
        await process.wait()


async def numbers(session: aiohttp.ClientSession, port: int) -> dict[str, float]:
    """Give the gateway's numbers, none while it does not answer."""
    try:
        async with session.get(f"http://127.0.0.1:{port}/metrics") as page:
            text = await page.text()
    except aiohttp.ClientError:
        await asyncio.sleep(0.05)
        return {}
    return {name: float(value) for name, value in re.findall(r"^(\S+) (\S+)$", text, re.MULTILINE)}


DOOR, CONSOLE, UP = '{listener="door"}', '{listener="console"}', 'aldis_link_up{link="simulator"}'


@pytest.mark.parametrize("writer", ["thread", "process"])
async def test_strangers_take_no_descriptor_of_a_link(tmp_path: Path, writer: str) -> None:
    async with serving(tmp_path, writer) as (ports, log), aiohttp.ClientSession() as session:
        carrier = await carrier_at(ports["smpp"])
        found: dict[str, float] = {}
        while found.get(UP) != 1 or f"aldis_connections_limit{CONSOLE}" not in found:
            found = await numbers(session, ports["door"])
        most = found[f"aldis_connections_limit{DOOR}"]
        assert found["process_max_fds"] == LIMIT
        assert most < LIMIT - OWN
        strangers = []
        for number in range(600):  # of many addresses, none of which has more than its share
            port, source = ports["door" if number % 3 else "console"], f"127.0.1.{number % 50 + 1}"
            strangers.append(await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0)))
        while found[f"aldis_connections{DOOR}"] < most or not found[f"aldis_connections_refused_total{DOOR}"]:
            found = await numbers(session, ports["door"])
        assert found["process_open_fds"] < LIMIT
        # so few there that whoever has none is let in for another
        assert found[f"aldis_connections_gave_way_total{CONSOLE}"] > 0
        await carrier.stop()
        carrier = await carrier_at(ports["smpp"])
        while carrier.memory.system_ids != ["aldis"]:  # a link that was lost is bound again meanwhile
            await asyncio.sleep(0.01)
        for _, stranger in strangers:
            stranger.transport.abort()
        await carrier.stop()
    said = log.read_text()
    assert said.count("the limit of open files is small: fewer connections") == 1
    assert "Too many open files" not in said
