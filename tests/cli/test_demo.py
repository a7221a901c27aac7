"""The demo: it shows its journeys, goes on serving, and does not go on without its store."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest
from tests.fakes.ports import free_port

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
password = "demosmpp"

[simulator]
listen = "127.0.0.1:{port}"
system_id = "aldis"
password = "demosmpp"
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


def test_a_demo_whose_writer_has_ended_ends_as_well(tmp_path: Path) -> None:
    (tmp_path / "aldis.toml").write_text(SETTINGS.format(port=free_port()))
    data = tmp_path / "data"
    command = (sys.executable, "-m", "aldis", "demo", "--config", "aldis.toml", "--data-dir", str(data))
    with subprocess.Popen(
        command, cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as demo:
        assert demo.stdout is not None
        shown = "".join(takewhile(lambda line: "Ctrl-C stops" not in line, demo.stdout))
        assert "All four messages were delivered" in shown
        (writer,) = writers_of(data)
        os.kill(writer, signal.SIGKILL)
        _, said = demo.communicate()
    assert demo.returncode == 1
    assert "the store's writer has ended by itself" in said
