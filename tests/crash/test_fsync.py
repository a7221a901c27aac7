"""Seen from outside: no yes leaves before the fdatasync of its commit has returned."""

from __future__ import annotations

import re
import shutil
import signal
from pathlib import Path

import pytest

from tests.crash.world import World

pytestmark = [pytest.mark.crash, pytest.mark.timeout(60)]

_SYNCED = re.compile(r"(?:^\d+ +fdatasync\(.*|<\.\.\. fdatasync resumed>.*)= 0$")


def hasty_answers(trace: list[str]) -> list[int]:
    """Find the lines of a system call trace that say yes although nothing was synced since the question came.

    The questions must have been asked one after the other.
    """
    asked_at, synced_at, hasty = 0, 0, []
    for number, line in enumerate(trace, start=1):
        if "message_id=m" in line and ("read(" in line or "recvfrom(" in line or "resumed>" in line):
            asked_at = number
        elif _SYNCED.search(line):
            synced_at = number
        elif "result_code=0" in line and "HTTP/1.1 200" in line and not synced_at > asked_at > 0:
            hasty.append(number)
    return hasty


ASK = '11 read(9, "...&message_id=m1", 65536) = 99'
SYNC = ["22 fdatasync(4 <unfinished ...>", "22 <... fdatasync resumed>) = 0"]
YES = '11 write(9, "HTTP/1.1 200 OK\\r\\n...result_code=0", 90) = 90'


@pytest.mark.parametrize(
    ("trace", "hasty"),
    [
        ([ASK, *SYNC, YES], []),
        ([ASK, "22 fdatasync(4) = 0", YES], []),
        ([*SYNC, ASK, YES], [4]),
        ([ASK, SYNC[0], YES, SYNC[1]], [3]),
        ([ASK, "22 fdatasync(4) = -1 EIO", YES], [3]),
        ([ASK, *SYNC, YES, ASK, YES], [6]),
    ],
)
def test_the_test_can_tell(trace: list[str], hasty: list[int]) -> None:
    assert hasty_answers(trace) == hasty


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace watches; it is not installed")
async def test_no_yes_leaves_before_its_commit_is_on_disk(world: World, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    calls = "trace=fdatasync,fsync,read,recvfrom,write,writev,sendto"
    await world.child.start("strace", "-D", "-f", "-qq", "-s", "1000", "-e", calls, "-o", str(trace))
    for _ in range(25):
        assert await world.send_many(1) == {"result_code=0": 1}
    await world.child.end(signal.SIGTERM)
    lines = trace.read_text(errors="replace").splitlines()
    assert sum("result_code=0" in line and "HTTP/1.1 200" in line for line in lines) == 25
    assert hasty_answers(lines) == []
