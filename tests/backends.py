"""The backends of the store: a new one adds a line to `BACKENDS` and must pass what is asked of every store.
Tests get their stores here, so that they know none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from aldis.accounts import directory_file
from aldis.accounts.staff import Actor, Role
from aldis.admin.directory import DirectoryEditor
from aldis.app.stores import BACK_OFFICE
from aldis.clock import Clock
from aldis.dialects.registry import TRAITS
from aldis.store.contract.search import MessageFilter
from aldis.store.contract.store import Store
from aldis.store.memory.outcome_journal import Journal
from aldis.store.sqlite.process.writer_client import ProcessRunner
from aldis.store.sqlite.store import open_sqlite
from aldis.traffic.message import MessageFacts
from tests.fakes.clock import FakeClock
from tests.fakes.programs import start_module

#: who applies a file where nobody is named
APPLYING = Actor("aldis", Role.ADMIN, "command line")


#: a writer's process that starts at once
forking_runner = partial(ProcessRunner, start=start_module)


def a_runner(folder: Path, on_lost: Callable[[], None] = lambda: None) -> ProcessRunner:
    """What writes to a store in a process of its own."""
    program = (BACK_OFFICE, str(folder), "warning", "console")
    return forking_runner(program, folder / "aldis.db", (), on_lost)


def open_store(folder: Path, clock: Clock | None = None, journal: Journal | None = None) -> Store:
    """Open the store in a folder, as most tests want it."""
    return open_sqlite(folder / "aldis.db", clock or FakeClock(), journal=journal)


BACKENDS: dict[str, Callable[[Path], Store]] = {
    "sqlite": open_store,
    "sqlite, writer's process": lambda folder: open_sqlite(
        folder / "aldis.db", FakeClock(), a_runner(folder)
    ),
}


async def apply(store: Store, text: str, now: int, name: str = "d.toml") -> int:
    """Bring a store's directory to what a file says; returns how many opt-ins were new."""
    wanted = directory_file.read(text, name, TRAITS)
    _, added = await DirectoryEditor(store.changes, store.consent).apply(APPLYING, wanted, now)
    return added


async def find(store: Store, reference: str, limit: int = 20) -> list[MessageFacts]:
    """Find messages by reference, newest first; with "" the newest of all."""
    page = await store.search.messages(MessageFilter(reference=reference), 0, limit)
    return [each.message for each in page.found]
