"""A disk that hangs while the store is opened for the first time does not keep the gateway: SQLite waits for it in
a process of its own.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from aldis.cli.running import apart
from tests.crash.world import World

pytestmark = [pytest.mark.crash, pytest.mark.timeout(60)]


def children() -> set[str]:
    """Name our processes that have not ended."""
    states = (Path(f"/proc/{each}/stat") for each in Path("/proc/thread-self/children").read_text().split())
    return {path.parent.name for path in states if path.exists() and ") Z " not in path.read_text()}


def is_running_over(data_dir: Path) -> bool:
    """Tell whether any process still has a data directory on its command line."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if os.fsencode(data_dir) in path.read_bytes():
                return True
    return False


@pytest.mark.parametrize("raises", [False, True])
def test_what_comes_to_its_end_is_waited_for(tmp_path: Path, *, raises: bool) -> None:
    def work() -> None:
        (tmp_path / "done").touch()
        if raises:
            raise OSError

    assert apart(work, 30)
    assert (tmp_path / "done").exists()


def test_what_never_comes_back_is_left_alone(tmp_path: Path) -> None:
    before = children()
    os.mkfifo(tmp_path / "never")
    assert not apart((tmp_path / "never").read_bytes, 0.2)
    while children() > before:
        os.sched_yield()
    assert signal.SIGTERM not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace makes the disk slow; it is not installed")
async def test_a_first_start_before_a_disk_that_hangs_is_stopped_at_once(
    world: World, tmp_path: Path
) -> None:
    world.child.data_dir = tmp_path / "new"
    hang = "inject=fdatasync,fsync:delay_enter=5000000"  # microseconds, of each
    tracer = ("strace", "-D", "-f", "-qq", "-e", "trace=fdatasync,fsync", "-e", hang, "-o", os.devnull)
    starting = asyncio.create_task(world.child.start(*tracer))
    journal = world.child.data_dir / "aldis.db-journal"
    while not journal.exists() or not journal.stat().st_size:
        await asyncio.sleep(0.02)
    assert await world.child.end(signal.SIGTERM) == -signal.SIGTERM
    await starting
    while is_running_over(world.child.data_dir):  # who waited for the disk, and its tracer
        await asyncio.sleep(0.02)
