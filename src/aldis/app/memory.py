"""How much memory a process may have: what the machine has, or what its control group is allowed."""

from __future__ import annotations

import os
from pathlib import Path

#: Linux's control groups, version 2
GROUPS, OWN_GROUP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def memory_octets(groups: Path = GROUPS, own_group: Path = OWN_GROUP) -> int:
    """Tell how many octets; 0 where the system does not say."""
    found = [each for each in (_of_machine(), _of_group(groups, own_group)) if each]
    return min(found, default=0)


def _of_machine() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def _of_group(groups: Path, own_group: Path) -> int:
    """Give the least of what the group and those around it are allowed, 0 where that is not bounded."""
    try:
        named = [line[3:] for line in own_group.read_text().splitlines() if line.startswith("0::/")]
    except OSError:
        return 0
    if not named:
        return 0
    own = groups / named[0].lstrip("/")
    around = [own, *(each for each in own.parents if each.is_relative_to(groups))]
    return min((limit for limit in map(_limit, around) if limit), default=0)


def _limit(group: Path) -> int:
    try:
        text = (group / "memory.max").read_text().strip()
    except OSError:
        return 0
    return int(text) if text.isascii() and text.isdigit() else 0
