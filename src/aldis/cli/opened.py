"""Opens a store for the verbs that look at traffic, beside a running gateway or without one, and writes what
they found for programs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from aldis.accounts.directory import CurrentDirectory
from aldis.admin.messages import Messages
from aldis.admin.postbacks import Postbacks
from aldis.admin.statistics import Statistics
from aldis.app.links import upstreams
from aldis.app.stores import open_store
from aldis.clock import as_datetime
from aldis.settings import Settings
from aldis.store.contract.store import Store


class Opened(msgspec.Struct, frozen=True):
    """What a command stands on. What changes messages goes as a command: see `cli/message.py`."""

    store: Store
    messages: Messages
    postbacks: Postbacks
    statistics: Statistics


@asynccontextmanager
async def opened(settings: Settings, data_dir: Path) -> AsyncIterator[Opened]:
    """Open the store that the settings name, and close it."""
    store = open_store(settings, data_dir)
    try:
        current = CurrentDirectory(await store.directory.load())
        messages = Messages(store.search, store.actions, store.admission, current, upstreams(settings))
        yield Opened(store, messages, Postbacks(store.outbox), Statistics(store.search, current))
    finally:
        await store.close()


def as_json(facts: object) -> str:
    """Write facts for programs: instants in ISO 8601, null for what has not happened."""
    return msgspec.json.format(msgspec.json.encode(_plain(msgspec.to_builtins(facts))), indent=2).decode()


def when(instant: int) -> str:
    """Write an instant for people."""
    return as_datetime(instant).strftime("%Y-%m-%d %H:%M:%S")


def _plain(value: object, name: str = "") -> object:
    if isinstance(value, dict):
        return {key: _plain(inner, key) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if name.endswith("_at") and isinstance(value, int):
        return as_datetime(value).isoformat(timespec="milliseconds") if value else None
    return value
