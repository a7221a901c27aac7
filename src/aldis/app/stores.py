"""Opens stores: the only file that knows the concrete one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from aldis.clock import Clock, SystemClock
from aldis.settings import Settings, store_path
from aldis.store.contract.metrics import StoreHealth
from aldis.store.contract.store import Store
from aldis.store.memory.outcome_journal import OutcomeJournal
from aldis.store.sqlite.engine.owner_lock import OwnerLock, is_owned
from aldis.store.sqlite.process.writer_client import WriterClient
from aldis.store.sqlite.reads.health import look_over
from aldis.store.sqlite.store import open_sqlite

#: how long to wait for a gateway that is just ending
TAKE_OVER_S = 2.0
#: the module that is the writer's process; not imported here, because it is another program
BACK_OFFICE = "aldis.app.back_office"


def own(data_dir: Path) -> OwnerLock:
    """Make a data directory ours until released. Raises SettingsError when another gateway has it."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return OwnerLock(data_dir, TAKE_OVER_S)


def open_store(settings: Settings, data_dir: Path) -> Store:
    """Open the store that the settings name, for a command; inside a running event loop."""
    return open_sqlite(store_path(settings.store.url, data_dir), SystemClock())


def store_health(path: Path) -> StoreHealth:
    """Look a store's file over."""
    return look_over(path)


def is_served(data_dir: Path) -> bool:
    """Tell whether a gateway runs over a data directory now."""
    return is_owned(data_dir)


class ToServe(NamedTuple):
    """A store as a gateway has it."""

    store: Store
    #: the process that writes, and can post; None where we write ourselves
    back_office: WriterClient | None


def open_to_serve(
    settings: Settings,
    data_dir: Path,
    clock: Clock,
    lock: OwnerLock,
    on_lost: Callable[[], None],
    count: Callable[[str, bool, int], None],
) -> ToServe:
    """Open the store for a gateway; `on_lost` is called when its writer has ended by itself, `count` with
    tries of postbacks that were made there.
    """
    path, writer = store_path(settings.store.url, data_dir), settings.store.writer
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if writer == "thread" or (writer == "auto" and cores == 1):
        return ToServe(open_sqlite(path, clock, journal=OutcomeJournal(data_dir)), None)
    program = (BACK_OFFICE, str(data_dir), settings.log.level, settings.log.format)
    runner = WriterClient(program, path, (lock.descriptor,), on_lost, count)
    return ToServe(open_sqlite(path, clock, runner, OutcomeJournal(data_dir)), runner)
