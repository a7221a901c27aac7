"""Randomness and time enter through `app/` and `clock.py`, so that a whole gateway can be run from a seed."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.house.sources import SRC, Source, sources

#: what draws, or reads a clock, by its whole name
FORBIDDEN = {
    "random",
    "secrets",
    "os.urandom",
    "uuid.uuid1",
    "uuid.uuid4",
    "time.time",
    "time.time_ns",
    "time.monotonic",
    "time.monotonic_ns",
    "time.perf_counter",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "datetime.date.today",
}
#: where they enter
DOORS = ("app/", "clock.py")
#: who else may, and why: an entry that needs it no more must go
ALLOWED = {
    "admin/checkup.py": "measures how long this machine's disk takes, which no other clock could tell",
    "simulator/chaos.py": "draws from the seed that it was given",
    "store/sqlite/engine/owner_lock.py": "waits for another process to let go, before there is a gateway",
}


def drawn_in(source: Source) -> set[str]:
    """Give what of it a file uses, whatever name it was imported by."""
    names: dict[str, str] = {}
    for node in source.nodes:
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    used = set(names.values())
    for node in source.nodes:
        if isinstance(node, ast.Attribute):
            owner, _, rest = ast.unparse(node).partition(".")
            if owner in names:
                used.add(f"{names[owner]}.{rest}")
    return {each for name in used for each in FORBIDDEN if f"{name}.".startswith(f"{each}.")}


def test_nothing_draws_or_reads_a_clock_by_itself() -> None:
    found = {
        source.path.relative_to(SRC).as_posix(): sorted(drawn_in(source))
        for source in sources()
        if not source.path.relative_to(SRC).as_posix().startswith(DOORS) and drawn_in(source)
    }
    assert {name: used for name, used in found.items() if name not in ALLOWED} == {}
    assert ALLOWED.keys() - found.keys() == set(), "these need it no more: take them off the list"


def test_whatever_draws_is_found_by_any_name(tmp_path: Path) -> None:
    path = tmp_path / "made_up.py"
    for text, found in (
        ("import secrets", {"secrets"}),
        ("from random import Random as Chance", {"random"}),
        ("import time as clock\nclock.time()", {"time.time"}),
        ("from time import monotonic", {"time.monotonic"}),
        ("from datetime import datetime as moment\nmoment.now(None)", {"datetime.datetime.now"}),
        ("import datetime\ndatetime.datetime.now()", {"datetime.datetime.now"}),
        ("import os\nos.urandom(8)", {"os.urandom"}),
        ("import uuid\nuuid.uuid4()", {"uuid.uuid4"}),
        ("import time, uuid, os\ntime.sleep(1)\nuuid.UUID(int=1)\nos.environ.get('x')", set()),
        ("secrets = {}\nsecrets.items()", set()),
    ):
        assert drawn_in(Source(path, text, tuple(ast.walk(ast.parse(text))))) == found, text
