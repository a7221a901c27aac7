"""How much memory there is, and what of it the bodies of requests may take."""

from __future__ import annotations

from pathlib import Path

import pytest

from aldis.app.memory import memory_octets
from aldis.doors.http.guard import total_octets

MIB = 1_048_576
GIB = 1024 * MIB

#: connections, the largest body, memory; and what all bodies may take
TOTALS = [
    (2_000, 2 * MIB, 8 * GIB, 128 * MIB),
    (2_000, 2 * MIB, 0, 128 * MIB),  # nobody knows
    (2_000, 2 * MIB, GIB, 128 * MIB),
    (2_000, 2 * MIB, GIB // 2, 64 * MIB),
    (10, 2 * MIB, 8 * GIB, 20 * MIB),  # there are no more
    (2_000, 32 * MIB, 8 * GIB, 512 * MIB),
    (2_000, 32 * MIB, 2 * GIB, 256 * MIB),
    (2_000, 64 * MIB, GIB // 4, 64 * MIB),  # one, whatever happens
]


@pytest.mark.parametrize(("connections", "body", "memory", "total"), TOTALS)
def test_what_all_bodies_may_take(connections: int, body: int, memory: int, total: int) -> None:
    assert total_octets(connections, body, memory) == total


#: what control groups say, from the outermost to our own; and what is allowed, 0 for what the machine has
GROUPS = [
    ({}, 0),
    ({"": "max\n"}, 0),
    ({"": "4096\n"}, 4096),
    ({"a": "max\n", "a/b": "8192\n"}, 8192),
    ({"a": "4096\n", "a/b": "8192\n"}, 4096),
    ({"a/b": "no number"}, 0),
]


@pytest.mark.parametrize(("says", "allowed"), GROUPS)
def test_a_control_group_bounds_memory(tmp_path: Path, says: dict[str, str], allowed: int) -> None:
    (tmp_path / "groups" / "a" / "b").mkdir(parents=True)
    for group, text in says.items():
        (tmp_path / "groups" / group / "memory.max").write_text(text)
    own = tmp_path / "cgroup"
    own.write_text("1:name=systemd:/\n0::/a/b\n")
    machine = memory_octets(tmp_path / "none", tmp_path / "none")
    assert machine > 0
    assert memory_octets(tmp_path / "groups", own) == (allowed or machine)
