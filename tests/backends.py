"""The backends of the store: a new one adds a line to `BACKENDS` and must pass what is asked of every store.
Tests get their stores here, so that they know none of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import asyncpg
import msgspec

from aldis.accounts import directory_file
from aldis.accounts.staff import Actor, Role
from aldis.admin.directory import DirectoryEditor
from aldis.app.stores import BACK_OFFICE
from aldis.clock import Clock
from aldis.dialects.registry import TRAITS
from aldis.stages.owner import Owner
from aldis.store.contract.ownership import MAINTENANCE, Lease, slot_of
from aldis.store.contract.search import MessageFilter
from aldis.store.contract.store import Store
from aldis.store.memory.outcome_journal import OutcomeJournal
from aldis.store.postgresql.engine.opening import open_engine
from aldis.store.postgresql.engine.operations import operation_on_each
from aldis.store.postgresql.engine.writer import Writer as PostgresqlWriter
from aldis.store.postgresql.store import open_postgresql
from aldis.store.sqlite.process.writer_client import WriterClient
from aldis.store.sqlite.store import open_sqlite
from aldis.traffic.message import MessageFacts
from tests.fakes.clock import FakeClock
from tests.fakes.leases import TimedLeases
from tests.fakes.programs import start_module

#: who applies a file where nobody is named
APPLYING = Actor("aldis", Role.ADMIN, "command line")


#: a writer's process that starts at once
forking_runner = partial(WriterClient, start=start_module)


def a_runner(
    folder: Path,
    on_lost: Callable[[], None] = lambda: None,
    count: Callable[[str, bool, int], None] = lambda _dialect, _done, _count: None,
) -> WriterClient:
    """What writes to a store in a process of its own."""
    program = (BACK_OFFICE, str(folder), "warning", "console")
    return forking_runner(program, folder / "aldis.db", (), on_lost, count, lambda _status: None)


def open_store(folder: Path, clock: Clock | None = None, journal: OutcomeJournal | None = None) -> Store:
    """Open the store in a folder, as most tests want it."""
    return open_sqlite(folder / "aldis.db", clock or FakeClock(), journal=journal)


#: the methods that read what was committed; all others write, or work with what their own store has in memory
READS = {
    "ownership": "renew",
    "nodes": "all held",
    "hints": "subscribe",
    "admission": "opted_in",
    "inbound": "segments stale",
    "contents": "read",
    "maintenance": "unused_content",
    "time": "newest_instant clock_agreed_at",
    "queries": "submission usage inbound balance",
    "consent": "opted_in history list_opted_in list_opted_out imports",
    "bulk": "job jobs running rows refused_rows",
    "search": "messages message inbound sums",
    "outbox": "lanes dead_letters postback",
    "metrics": "backlog count_by_state minutes",
    "events": "after",
    "commands": "waiting answer_to",
    "link_states": "wanted",
    "directory": "version load",
    "changes": "stored balances history find",
    "operators": "all signed_in sessions tokens token",
    "audit": "log",
}


async def migrate_postgresql(url: str) -> None:
    """Have the schema made in a database."""
    await (await open_engine(url, "template", uuid4())).close()


class _Split:
    """A sub-store that writes through one store and reads through another."""

    def __init__(self, writing: object, reading: object, reads: str) -> None:
        self._writing, self._reading, self._reads = writing, reading, reads.split()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reading if name in self._reads else self._writing, name)


class Place(NamedTuple):
    """Where a test's data are."""

    folder: Path
    #: the address of an empty database, for a backend that has its data there
    database: str = ""


async def open_file(place: Place) -> Store:
    """Open a store on a file."""
    return open_store(place.folder)


async def open_timed(place: Place) -> Store:
    """Open a store whose leases end by time."""
    store = open_store(place.folder)
    return msgspec.structs.replace(store, ownership=TimedLeases(store.ownership, store.clock))


async def open_writers_process(place: Place) -> Store:
    """Open a store that writes in a process of its own."""
    return open_sqlite(place.folder / "aldis.db", FakeClock(), a_runner(place.folder))


async def open_database(place: Place, node: str = "one", clock: Clock | None = None) -> Store:
    """Open a store on a database."""
    return await open_postgresql(place.database, clock or FakeClock(), node, uuid4())


def split(writing: Store, reading: Store) -> Store:
    """Make a store of two on the same data, of which one writes, and the other reads what was written."""

    async def close() -> None:
        await reading.close()
        await writing.close()

    halves = {
        name: _Split(getattr(writing, name), getattr(reading, name), reads) for name, reads in READS.items()
    }
    return msgspec.structs.replace(writing, close=close, **halves)


async def open_two_files(place: Place) -> Store:
    """Open one file twice."""
    return split(await open_file(place), await open_file(place))


async def open_two_nodes(place: Place) -> Store:
    """Open one database as two gateways."""
    return split(await open_database(place), await open_database(place, "two"))


Opener = Callable[[Place], Awaitable[Store]]

#: each needs a database
ON_A_SERVER: dict[str, Opener] = {
    "postgresql": open_database,
    "postgresql, two open": open_two_nodes,
}
BACKENDS: dict[str, Opener] = {
    "sqlite": open_file,
    "sqlite, two open": open_two_files,
    "sqlite, leases that end": open_timed,
    "sqlite, writer's process": open_writers_process,
    **ON_A_SERVER,
}


async def apply(store: Store, text: str, now: int, name: str = "d.toml") -> int:
    """Bring a store's directory to what a file says; returns how many opt-ins were new."""
    wanted = directory_file.read(text, name, TRAITS)
    _, added = await DirectoryEditor(store.changes, store.consent).apply(APPLYING, wanted, now)
    return added


async def take(store: Store, resource: str, holder: str = "test") -> Lease:
    """Take a lease that no other holder has."""
    lease = await store.ownership.acquire(resource, holder)
    assert lease is not None
    return lease


async def lapse(store: Store) -> None:
    """Let the time of all leases run out, by the clock that the tests have or by the engine's."""
    if isinstance(store.clock, FakeClock):
        store.clock.advance(60)
    writer = getattr(store.ownership, "writer", None)
    if isinstance(writer, PostgresqlWriter):
        await writer.call(_end_all_leases, None)


@operation_on_each
async def _end_all_leases(db: asyncpg.Connection, _item: None) -> None:
    await db.execute("UPDATE lease SET until = clock_timestamp()")


async def held(owner: Owner) -> tuple[Lease, ...]:
    """Give the leases of an agent that has some."""
    leases = await owner.own()
    assert leases
    return leases


async def own(store: Store, link: str = "link", holder: str = "test") -> tuple[Lease, ...]:
    """Take all of a link's slots."""
    slots = [slot_of(link, slot) for slot in range(store.ownership.slots)]
    return tuple([await take(store, slot, holder) for slot in slots])


async def own_maintenance(store: Store) -> Lease:
    """Take maintenance."""
    return await take(store, MAINTENANCE)


async def find(store: Store, reference: str, limit: int = 20) -> list[MessageFacts]:
    """Find messages by reference, newest first; with "" the newest of all."""
    found: list[MessageFacts] = []
    before = 0
    while len(found) < limit:
        page = await store.search.messages(MessageFilter(reference=reference), before, limit - len(found))
        found += [each.message for each in page.found]
        before = page.next_before
        if not before:
            break
    return found
