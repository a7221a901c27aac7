"""Opens the store that a verb's options name, beside a running gateway or without one, and writes what was
found for people and for programs.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Sized
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from aldis.accounts.directory import CurrentDirectory
from aldis.admin.messages import Messages
from aldis.admin.postbacks import Postbacks
from aldis.admin.statistics import Statistics
from aldis.app.cells import Cells
from aldis.app.links import upstreams
from aldis.app.stores import open_store
from aldis.cli.running import config_option, data_dir_option, printable, run, settings_or_default
from aldis.clock import as_datetime
from aldis.dialects.registry import POLICIES
from aldis.errors import SettingsError
from aldis.settings import Settings, store_path
from aldis.stages.postbacks.writing import Writing
from aldis.store.contract.store import Store

Returned = TypeVar("Returned")
Found = TypeVar("Found", bound=Sized)

#: columns of what is no terminal
FILE_COLUMNS = 200


class Opened(msgspec.Struct, frozen=True):
    """What a command stands on. What changes messages goes as a command: see `cli/message.py`."""

    store: Store
    messages: Messages
    postbacks: Postbacks
    statistics: Statistics


class StoreLocation(msgspec.Struct, frozen=True):
    """Where a command's store is: the settings that name it, and the data directory."""

    settings: Settings
    data_dir: Path

    @property
    def path(self) -> Path | None:
        """The store's file, where it is one."""
        return store_path(self.settings.store.url, self.data_dir)

    @property
    def is_missing(self) -> bool:
        """Whether its file is not there."""
        return self.path is not None and not self.path.exists()

    def run(self, task: Callable[[Store], Awaitable[Returned]]) -> Returned:
        """Open the store, do something with it, and close it."""

        async def opened() -> Returned:
            """Do it while the store is open."""
            async with self.opened() as store:
                return await task(store)

        return run(opened())

    def look(self, task: Callable[[Opened], Awaitable[Returned]]) -> Returned:
        """Do something with what looks at traffic in the store."""

        async def looked(store: Store) -> Returned:
            """Make what looks, and do it."""
            current = CurrentDirectory(await store.directory.load())
            links = upstreams(self.settings)
            messages = Messages(store.search, store.actions, store.admission, current, links)
            statistics = Statistics(store.search, current, self.settings.messages.most_labels)
            writing = Writing(POLICIES, current, store.contents.read)
            shows_bodies = self.settings.postbacks.show_bodies
            postbacks = Postbacks(store.outbox, writing, shows_bodies=shows_bodies)
            return await task(Opened(store, messages, postbacks, statistics))

        return self.run(looked)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Store]:
        """Open the store, and close it."""
        store = Cells(self.settings, await open_store(self.settings, self.data_dir)).store
        try:
            yield store
        finally:
            await store.close()


def location_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --config and --data-dir; the command gets what they name as `where`."""

    @functools.wraps(command)
    def located(*, config_file: Path, data_dir: Path, **given: Any) -> Any:  # noqa: ANN401 - as the command
        """Run the command there."""
        return command(where=StoreLocation(settings_or_default(config_file), data_dir), **given)

    return config_option(data_dir_option(located))


def existing_store_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --config and --data-dir as `location_options` does, and refuse to make an empty store just to look
    at it.
    """

    @functools.wraps(command)
    def located(*, where: StoreLocation, **given: Any) -> Any:  # noqa: ANN401 - as the command
        """Run the command there, if there is a store."""
        if where.is_missing:
            raise SettingsError([f"there is no store at {where.path}; say where it is with --data-dir"])
        return command(where=where, **given)

    return location_options(located)


def as_json(facts: object) -> str:
    """Write facts for programs: instants in ISO 8601, null for what has not happened."""
    return msgspec.json.format(msgspec.json.encode(_plain(msgspec.to_builtins(facts))), indent=2).decode()


def echo_json(facts: object) -> None:
    """Print facts for programs, as they are."""
    click.echo(msgspec.json.format(msgspec.json.encode(facts)).decode())


def show(found: Found, nothing: str, draw: Callable[[Found], Table], *, as_json: bool) -> None:
    """Print a listing: for programs as it is, for people as a table."""
    if as_json:
        echo_json(found)
    elif not found:
        click.echo(nothing)
    else:
        Console().print(draw(found))


def print_wide(table: Table | str) -> None:
    """Print for people; a pipe has no width: give the table what it needs."""
    console = Console()
    Console(width=None if console.is_terminal else FILE_COLUMNS).print(table)


def when(instant: int) -> str:
    """Write an instant for people."""
    return as_datetime(instant).strftime("%Y-%m-%d %H:%M:%S")


def cell(text: str) -> str:
    """Make untrusted text harmless in a table."""
    return escape(printable(text))


def _plain(value: object, name: str = "") -> object:
    if isinstance(value, dict):
        return {key: _plain(inner, key) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if name.endswith("_at") and isinstance(value, int):
        return as_datetime(value).isoformat(timespec="milliseconds") if value else None
    return value
