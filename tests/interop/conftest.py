"""A simulated carrier for clients, and ways to run peers as processes of their own."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from aldis.app.simulator import Simulator
from aldis.clock import SystemClock
from aldis.settings import SimulatorSettings

PEERS = Path(__file__).parent / "peers"
ROOT = Path(__file__).parents[2]


@pytest.fixture
async def carrier() -> AsyncIterator[Simulator]:
    """Our SMSC, on its own port."""
    made = Simulator(SimulatorSettings("127.0.0.1:0", "127.0.0.1:0", "aldis", "secret12"), SystemClock())
    await made.start()
    yield made
    await made.stop()


def command_for(peer: str) -> list[str]:
    """Say how a peer's file is run."""
    return ["node" if peer.endswith((".js", ".mjs")) else sys.executable, str(PEERS / peer)]


async def run(*command: str, timeout_s: float = 45) -> Any:
    """Run a peer to its end; returns the JSON that it printed last."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), timeout_s)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    assert process.returncode == 0, (command[:2], err.decode()[-2000:])
    return json.loads(out.splitlines()[-1])


class Running:
    """A peer that serves; its lines come one by one."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def line(self) -> str:
        """Give the next line that it prints."""
        assert self._process.stdout is not None
        return (await asyncio.wait_for(self._process.stdout.readline(), 20)).decode().strip()


@asynccontextmanager
async def serving(*command: str) -> AsyncIterator[Running]:
    """Run a peer that prints READY, until the block ends."""
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    running = Running(process)
    try:
        assert await running.line() == "READY"
        yield running
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
