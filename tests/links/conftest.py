"""The carrier that the links of these tests are bound to."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from aldis.app import Simulator
from aldis.clock import SystemClock
from aldis.settings import SimulatorSettings


@pytest.fixture
async def smsc() -> AsyncIterator[Simulator]:
    simulator = Simulator(SimulatorSettings("127.0.0.1:0", "127.0.0.1:0", "aldis", "right"), SystemClock())
    await simulator.start()
    yield simulator
    await simulator.stop()
