"""The carrier that the links of these tests are bound to, and what it shows over TLS."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

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
    made, key = folder / "c.pem", folder / "k.pem"
    names = ["-subj", "/CN=smsc", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    arguments = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *names]
    subprocess.run([*arguments, "-keyout", key, "-out", made], check=True, capture_output=True)
    return made, key
