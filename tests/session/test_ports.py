"""No two runs on one machine give out the same port, also while nobody listens at it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.fakes.ports import free_port

ASKS = "from tests.fakes.ports import free_port; print(*[free_port() for _ in range(300)])"


@pytest.mark.slow
def test_two_processes_have_no_port_in_common() -> None:
    ours = {free_port() for _ in range(300)}
    answer = subprocess.run([sys.executable, "-c", ASKS], capture_output=True, check=True, text=True)
    theirs = {int(port) for port in answer.stdout.split()}
    assert ours
    assert theirs
    assert ours.isdisjoint(theirs)
