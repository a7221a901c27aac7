"""Opens connections to the primary, the way Aldis needs them.

Of several hosts all are asked at once, and the one that may be written to is taken: one after the other, a
host that hangs would keep the new primary from being found. Of two that take themselves for the primary the
one that was promoted last is taken (`primary.py`). No statement has a time limit of the driver's, which would
cancel it: a commit whose wait for a standby is cancelled says yes and may be lost all the same
(docs/decisions/0031-commits-over-a-network.md). What hangs is cut off instead, by whoever uses the
connection.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping
from typing import Any, NamedTuple

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from aldis.errors import SettingsError, StoreUnavailable
from aldis.store.postgresql.engine.address import Address
from aldis.store.postgresql.engine.primary import NewestPrimary, timeline_of

#: the oldest version that the tests run with
OLDEST = 15
CONNECT_S = 5.0
#: how long the other hosts have to say that they are the primary too, once one has
SECOND_S = 0.1
#: how long what was sent may stay unacknowledged, and how long a silent peer is believed
USER_TIMEOUT_MS, SILENT_S = 5_000, 2
#: prepared statements that a connection keeps, for as long as it lives
STATEMENTS = 512
STATEMENT_OCTETS = 65_536

_EVERY = {
    "search_path": "aldis",
    "timezone": "UTC",
    "jit": "off",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "5s",
    # ours serve for all values
    "plan_cache_mode": "force_generic_plan",
}
#: by index and nested loop, whatever the tables looked like when a statement was planned: a plan that was
#: made while they were empty costs a hundred times as much when they are full
_PINNED = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_bitmapscan": "off",
    "enable_material": "off",
}
_READING = _EVERY | {"default_transaction_read_only": "on"}


class Purpose(NamedTuple):
    """What a connection is for."""

    #: what the server's operators see of it, beside the gateway's name
    name: str
    settings: Mapping[str, str]


WRITING = Purpose("writing", _EVERY | _PINNED | {"synchronous_commit": "on", "statement_timeout": "0"})
#: whose reads are of few rows, and end soon; and whose may scan
READING = Purpose("reading", _READING | _PINNED | {"statement_timeout": "15s"})
SEARCHING = Purpose("searching", _READING | {"statement_timeout": "1min"})
#: for hints, which may be lost
HINTING = Purpose("hinting", _EVERY | {"synchronous_commit": "off"})
#: for one who changes the schema
MIGRATING = Purpose("migrating", _EVERY | {"synchronous_commit": "on", "statement_timeout": "0"})

#: no waiting helps against these
_FOR_GOOD = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.ClientConfigurationError,
    asyncpg.CantChangeRuntimeParamError,
    asyncpg.UndefinedObjectError,
    asyncpg.InvalidParameterValueError,
)


async def connect(
    address: Address, purpose: Purpose, name: str, newest: NewestPrimary | None = None
) -> asyncpg.Connection:
    """Connect to the primary. `name`: whose it is, for the server's operators; `newest`: which one the others
    of this process are connected to.

    Raises StoreUnavailable; SettingsError where waiting cannot help.
    """
    settings = {**purpose.settings, "application_name": f"aldis {name} {purpose.name}"}
    tries = [asyncio.ensure_future(_connect(url, settings)) for url in address.urls]
    chosen: _Found | None = None
    try:
        chosen = await _highest(tries)
    finally:
        for each in tries:
            each.add_done_callback(lambda ended: _end_spare(ended, chosen))
            each.cancel()
    if chosen is None:
        raise _unreachable(address, [fault for each in tries if each.done() and (fault := each.exception())])
    if lacking := _unusable(chosen.db):
        chosen.db.terminate()
        raise SettingsError([f"{address.shown} {lacking}"])
    if newest is not None and not newest.take(chosen.db, chosen.timeline):
        chosen.db.terminate()
        raise StoreUnavailable(f"{address.shown}: only a server that another has replaced answers as primary")
    return chosen.db


class _Found(NamedTuple):
    """A server that takes itself for the primary."""

    db: asyncpg.Connection
    timeline: int


async def _highest(tries: list[asyncio.Task[_Found]]) -> _Found | None:
    """Wait for the first that is found, and a moment for others."""
    waiting: set[asyncio.Task[_Found]] = set(tries)
    found: list[_Found] = []
    while waiting:
        done, waiting = await asyncio.wait(
            waiting, timeout=SECOND_S if found else None, return_when=asyncio.FIRST_COMPLETED
        )
        if not done:
            break
        found += [each.result() for each in done if each.exception() is None]
    return max(found, key=lambda each: each.timeline, default=None)


class _Connection(asyncpg.Connection):
    """One whose socket notices that its peer is gone: libpq's `tcp_user_timeout`, and keepalives."""

    def __init__(self, protocol: Any, transport: asyncio.Transport, *more: Any) -> None:  # noqa: ANN401 - the driver's
        super().__init__(protocol, transport, *more)
        with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as wire:
            if wire.family != socket.AF_UNIX and hasattr(socket, "TCP_USER_TIMEOUT"):
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, SILENT_S)
                wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, SILENT_S)
                wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)


async def _connect(url: str, settings: dict[str, str]) -> _Found:
    db = await asyncpg.connect(
        url,
        timeout=CONNECT_S,
        connection_class=_Connection,
        server_settings=settings,
        target_session_attrs=SessionAttribute.primary,
        statement_cache_size=STATEMENTS,
        max_cached_statement_lifetime=0,
        max_cacheable_statement_size=STATEMENT_OCTETS,
    )
    try:
        async with asyncio.timeout(CONNECT_S):
            return _Found(db, await timeline_of(db))
    except BaseException:
        db.terminate()
        raise


def _end_spare(ended: asyncio.Task[_Found], chosen: _Found | None) -> None:
    if not ended.cancelled() and ended.exception() is None and ended.result() is not chosen:
        ended.result().db.terminate()


def _unreachable(address: Address, faults: list[BaseException]) -> Exception:
    """Say why no host could be taken: whatever of it may pass comes first."""
    lasting = [fault for fault in faults if isinstance(fault, _FOR_GOOD)]
    if len(lasting) < len(faults):
        kinds = sorted({type(fault).__name__ for fault in faults})
        return StoreUnavailable(f"{address.shown} cannot be reached: {', '.join(kinds)}")
    first = lasting[0]
    said = first.message if isinstance(first, asyncpg.PostgresError) else type(first).__name__
    return SettingsError([f"{address.shown} cannot be used: {said}"])


def _unusable(db: asyncpg.Connection) -> str:
    """Tell what keeps a server from being used, or nothing."""
    version = db.get_server_version()
    if version.major < OLDEST:
        return f"runs PostgreSQL {version.major}: Aldis needs {OLDEST} or newer"
    encoding = db.get_settings().server_encoding
    if encoding != "UTF8":
        return f"has the encoding {encoding}: Aldis needs a database in UTF8"
    return ""
