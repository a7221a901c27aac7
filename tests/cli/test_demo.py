"""The demo: it shows its journeys, goes on serving, and does not go on without its store."""

from __future__ import annotations

import asyncio
import io
import os
import signal
from pathlib import Path

import pytest
from rich.console import Console
from tests.fakes.ports import free_port

from aldis.clock import SystemClock
from aldis.demo import show
from aldis.settings import read

pytestmark = [pytest.mark.slow, pytest.mark.journey]

SETTINGS = """
[http]
listen = "127.0.0.1:0"

[store]
writer = "process"

[[link]]
name = "simulator"
host = "127.0.0.1"
port = {port}
system_id = "aldis"
password = "demo-smpp"

[simulator]
listen = "127.0.0.1:{port}"
system_id = "aldis"
password = "demo-smpp"
"""


def writers_of(data_dir: Path) -> list[int]:
    """Find the processes that write to a store."""
    found = []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = command.read_bytes().split(b"\0")
        except OSError:  # it has just ended
            continue
        if b"aldis.app.back_office" in words and os.fsencode(data_dir) in words:
            found.append(int(command.parent.name))
    return found


async def test_a_demo_whose_writer_has_ended_ends_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(show, "RECEIVER", ("127.0.0.1", free_port()))
    settings = read(SETTINGS.format(port=free_port()), "aldis.toml", {})
    screen = io.StringIO()
    demo = show.Demo(settings, tmp_path, SystemClock(), Console(file=screen), "aldis")
    running = asyncio.create_task(demo.run(once=False, stopped=asyncio.Event()))
    while "Ctrl-C" not in screen.getvalue():  # the journeys are over
        await asyncio.sleep(0.02)
    (writer,) = writers_of(tmp_path)
    os.kill(writer, signal.SIGKILL)
    with pytest.raises(show.DemoFailed, match="writer has ended"):
        await running
