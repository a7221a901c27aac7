"""Opens stores: the only file that knows the concrete ones."""

from __future__ import annotations

import asyncio
import os
import platform
import secrets
from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import NamedTuple
from uuid import uuid4

import apsw
import msgspec

from aldis.clock import Clock, SystemClock
from aldis.errors import SettingsError
from aldis.settings import Settings
from aldis.store.contract.metrics import StoreHealth
from aldis.store.contract.store import Store
from aldis.store.memory.outcome_journal import OutcomeJournal
from aldis.store.sqlite.engine.compacting import compact
from aldis.store.sqlite.engine.connection import open_to_keep
from aldis.store.sqlite.engine.owner_lock import OwnerLock, is_owned
from aldis.store.sqlite.process.writer_client import WriterClient
from aldis.store.sqlite.store import open_sqlite
from aldis.store.sqlite.stores.health import look_over

#: how long to wait for a gateway that is just ending
TAKE_OVER_S = 2.0
#: the module that is the writer's process; not imported here, because it is another program
BACK_OFFICE = "aldis.app.back_office"


def own(data_dir: Path) -> OwnerLock:
    """Make a data directory ours until released. Raises SettingsError when another gateway has it."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return OwnerLock(data_dir, TAKE_OVER_S)


def is_served(data_dir: Path) -> bool:
    """Tell whether a gateway runs over a data directory now."""
    return is_owned(data_dir)


class Serving(msgspec.Struct, frozen=True):
    """What a gateway tells the store that it opens."""

    lock: OwnerLock
    #: called when the store's writer has ended by itself
    on_lost: Callable[[], None]
    #: called with tries of postbacks that were made beside the writer
    count: Callable[[str, bool, int], None]
    #: called with how posting stands there
    hear: Callable[[bytes], None]


class ToServe(NamedTuple):
    """A store as a gateway has it."""

    store: Store
    #: the process that writes, and can post; None where we write ourselves
    back_office: WriterClient | None


class Backend(NamedTuple):
    """One kind of store."""

    #: opens it in a running event loop: for a gateway, or with None for a command
    open: Callable[[Settings, Path, Clock, Serving | None], Awaitable[ToServe]]
    #: makes it where it is missing and brings it up to date, while nobody serves it; what that meets, `open`
    #: meets too
    make_ready: Callable[[Settings, Path], object]
    #: the last: whether all of it is looked at, however long that takes
    look_over: Callable[[Settings, Path, bool], StoreHealth]
    #: gives back what is free in it, while nobody serves it; returns octets before and after
    compact: Callable[[Settings, Path], tuple[int, int]]


#: what they raise where a file is damaged or cannot be used
FAULTS = (apsw.Error,)


async def open_store(settings: Settings, data_dir: Path) -> Store:
    """Open the store that the settings name, for a command. Raises SettingsError, StoreUnavailable."""
    opened = await backend_of(settings).open(settings, data_dir, SystemClock(), None)
    return opened.store


async def open_cell(url: str) -> Store:
    """Open the database of another cell. Raises SettingsError, StoreUnavailable."""
    store: Store = await load_postgresql("aldis.store.postgresql.store").open_postgresql(
        url, SystemClock(), node_name(None), uuid4(), may_upgrade=False
    )
    return store


def backend_of(settings: Settings) -> Backend:
    """Give the kind of store that the settings name. Raises SettingsError when there is none."""
    scheme = settings.store.url.partition(":")[0]
    if scheme not in BACKENDS:
        raise SettingsError(
            [f"[store] url: there is no kind of store `{scheme}`; known: {', '.join(BACKENDS)}"]
        )
    return BACKENDS[scheme]


def _sqlite_file(settings: Settings, data_dir: Path) -> Path:
    return data_dir / settings.store.url.removeprefix("sqlite:///")


async def _open_sqlite(settings: Settings, data_dir: Path, clock: Clock, serving: Serving | None) -> ToServe:
    path, writer = _sqlite_file(settings, data_dir), settings.store.writer
    if serving is None:
        return ToServe(open_sqlite(path, clock, data_dir=data_dir, may_upgrade=not is_owned(data_dir)), None)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if writer == "thread" or (writer == "auto" and cores == 1):
        return ToServe(open_sqlite(path, clock, journal=OutcomeJournal(data_dir), data_dir=data_dir), None)
    program = (BACK_OFFICE, str(data_dir), settings.log.level, settings.log.format)
    runner = WriterClient(
        program, path, (serving.lock.descriptor,), serving.on_lost, serving.count, serving.hear
    )
    return ToServe(open_sqlite(path, clock, runner, OutcomeJournal(data_dir), data_dir=data_dir), runner)


def _make_sqlite_ready(settings: Settings, data_dir: Path) -> object:
    return own(data_dir), open_to_keep(_sqlite_file(settings, data_dir))


async def _open_postgresql(
    settings: Settings, data_dir: Path, clock: Clock, serving: Serving | None
) -> ToServe:
    is_gateway = serving is not None
    store: Store = await load_postgresql("aldis.store.postgresql.store").open_postgresql(
        settings.store.url,
        clock,
        node_name(data_dir if is_gateway else None),
        uuid4(),
        OutcomeJournal(data_dir) if is_gateway else None,
        may_upgrade=is_gateway,
    )
    return ToServe(store, None)


def node_name(data_dir: Path | None) -> str:
    """Name who writes. A gateway has its name again when it starts anew, so that nothing that is still under
    way of a lost one is kept; a command (None) has one of its own, beside whatever gateways there are.
    """
    own = f"command {secrets.token_hex(8)}" if data_dir is None else data_dir.resolve()
    return f"{platform.node()} {own}"


def _look_over_postgresql(settings: Settings, _data_dir: Path, is_deep: bool) -> StoreHealth:  # noqa: FBT001 - a Backend's
    health: StoreHealth = asyncio.run(
        load_postgresql("aldis.store.postgresql.stores.health").look_over(
            settings.store.url, SystemClock(), is_deep=is_deep
        )
    )
    return health


def _compact_postgresql(_settings: Settings, _data_dir: Path) -> tuple[int, int]:
    raise SettingsError(
        ["PostgreSQL uses again what is free by itself (autovacuum); nothing is to be compacted"]
    )


def load_postgresql(name: str) -> ModuleType:
    """Load a module that needs PostgreSQL's driver, which is an extra. Raises SettingsError without it."""
    try:
        return import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name != "asyncpg":
            raise
        raise SettingsError(["[store] url: PostgreSQL needs the extra `aldis[postgresql]`"]) from None


_POSTGRESQL = Backend(
    _open_postgresql,
    # a server, not a disk: whoever opens it waits for no answer without a bound
    lambda _settings, _data_dir: None,
    _look_over_postgresql,
    _compact_postgresql,
)
#: by the scheme of `[store] url`
BACKENDS = {
    "sqlite": Backend(
        _open_sqlite,
        _make_sqlite_ready,
        lambda settings, data_dir, is_deep: look_over(
            _sqlite_file(settings, data_dir), SystemClock(), is_deep=is_deep
        ),
        lambda settings, data_dir: compact(_sqlite_file(settings, data_dir)),
    ),
    "postgresql": _POSTGRESQL,
    "postgres": _POSTGRESQL,
}
