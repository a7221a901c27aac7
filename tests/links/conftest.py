"""The carrier that the links of these tests are bound to, and what it shows over TLS."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.fakes.certificates import self_signed

from aldis.app.simulator import Simulator
from aldis.clock import SystemClock
from aldis.settings import SimulatorSettings


@pytest.fixture
async def smsc() -> AsyncIterator[Simulator]:
    simulator = Simulator(SimulatorSettings("127.0.0.1:0", "127.0.0.1:0", "aldis", "right"), SystemClock())
    await simulator.start()
    yield simulator
    await simulator.stop()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key, as PEM files."""
    folder = tmp_path_factory.mktemp("tls")
    return self_signed(folder, "smsc", "-addext", "subjectAltName=IP:127.0.0.1")
