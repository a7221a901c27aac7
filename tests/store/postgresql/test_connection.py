"""The primary is found among several hosts, and a server that cannot be used is told in one sentence."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from aldis.errors import GatewayError, SettingsError, StoreUnavailable
from aldis.store.postgresql.engine.address import read_address
from aldis.store.postgresql.engine.connection import (
    READING,
    SEARCHING,
    USER_TIMEOUT_MS,
    WRITING,
    connect,
)
from aldis.store.postgresql.engine.faults import translated
from tests.fakes.ports import free_port
from tests.fakes.postgresql import USER, PostgresServer


@pytest.fixture
def mute() -> Iterator[int]:
    """A port that is listened at, and where nobody ever says a word: a host that hangs."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


async def test_a_host_that_hangs_hides_no_primary(postgres: PostgresServer, mute: int) -> None:
    hosts = f"127.0.0.1:{mute},127.0.0.1:{free_port()},127.0.0.1:{postgres.port}"
    db = await connect(read_address(f"postgresql://{USER}@{hosts}/postgres"), WRITING, "one")
    assert await db.fetchval("SELECT inet_server_port()") == postgres.port
    await db.close()


async def test_whoever_stops_connecting_leaves_no_connection(postgres: PostgresServer, mute: int) -> None:
    address = read_address(f"postgresql://{USER}@127.0.0.1:{mute}/postgres")
    connecting = asyncio.create_task(connect(address, WRITING, "one"))
    await asyncio.sleep(0)
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting


async def test_a_session_has_its_settings(postgres: PostgresServer) -> None:
    address = read_address(postgres.url("postgres", postgres.port))
    for session in (WRITING, READING, SEARCHING):
        db = await connect(address, session, "one")
        for name, wanted in session.settings.items():
            assert await db.fetchval("SELECT current_setting($1)", name) == wanted
        assert await db.fetchval("SHOW application_name") == f"aldis one {session.name}"
        await db.close()


async def test_a_sessions_settings_are_stronger_than_the_urls(postgres: PostgresServer) -> None:
    url = postgres.url("postgres", postgres.port) + "?synchronous_commit=off&work_mem=8MB"
    db = await connect(read_address(url), WRITING, "one")
    assert await db.fetchval("SHOW synchronous_commit") == "on"
    assert await db.fetchval("SHOW work_mem") == "8MB"
    await db.close()


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux has it")
async def test_a_peer_that_is_gone_is_noticed(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[socket.socket] = []
    loop = asyncio.get_running_loop()
    create: Any = loop.create_connection

    async def create_and_tell(*given: Any, **named: Any) -> Any:
        transport, protocol = await create(*given, **named)
        made.append(transport.get_extra_info("socket"))
        return transport, protocol

    monkeypatch.setattr(loop, "create_connection", create_and_tell)
    db = await connect(read_address(postgres.url("postgres", postgres.port)), WRITING, "one")
    assert made[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == USER_TIMEOUT_MS
    assert made[0].getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    await db.close()


async def test_a_server_that_is_not_there_may_come_back(postgres: PostgresServer) -> None:
    address = read_address(f"postgresql://u:secret@127.0.0.1:{free_port()}/d")
    with pytest.raises(StoreUnavailable, match=r"^postgresql://127.0.0.1:\d+/d cannot be reached") as refused:
        await connect(address, WRITING, "one")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("user", "database", "query", "said"),
    [
        (USER, "nowhere", "", 'database "nowhere" does not exist'),
        ("nobody_known", "postgres", "", 'role "nobody_known" does not exist'),
        (USER, "postgres", "?no_such_setting=1", 'unrecognized configuration parameter "no_such_setting"'),
        (USER, "postgres", "?sslmode=always", "ClientConfigurationError"),
        (USER, "latin", "", "has the encoding LATIN1: Aldis needs a database in UTF8"),
    ],
)
async def test_what_waiting_cannot_heal_is_said(
    postgres: PostgresServer, user: str, database: str, query: str, said: str
) -> None:
    if database == "latin":
        await postgres.execute("DROP DATABASE IF EXISTS latin")
        await postgres.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1'")
    url = f"postgresql://{user}:secret@127.0.0.1:{postgres.port}/{database}{query}"
    with pytest.raises(SettingsError) as refused:
        await connect(read_address(url), WRITING, "one")
    (problem,) = refused.value.problems
    assert said in problem
    assert "secret" not in problem


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (asyncpg.DiskFullError(SECRET := "447700900001"), StoreUnavailable),
        (asyncpg.ReadOnlySQLTransactionError(SECRET), StoreUnavailable),
        (asyncpg.LockNotAvailableError(SECRET), StoreUnavailable),
        (asyncpg.ConnectionDoesNotExistError(SECRET), StoreUnavailable),
        (asyncpg.InterfaceError(SECRET), StoreUnavailable),
        (ConnectionResetError(SECRET), StoreUnavailable),
        (TimeoutError(SECRET), StoreUnavailable),
        (asyncpg.IdleInTransactionSessionTimeoutError(SECRET), StoreUnavailable),
        (asyncpg.DeadlockDetectedError(SECRET), StoreUnavailable),
        (asyncpg.QueryCanceledError(SECRET), StoreUnavailable),
        (asyncpg.DataCorruptedError(SECRET), StoreUnavailable),
        (asyncpg.InternalClientError(SECRET), StoreUnavailable),
        (asyncpg.InFailedSQLTransactionError(SECRET), GatewayError),
        (asyncpg.UndefinedTableError(SECRET), GatewayError),
        (asyncpg.UniqueViolationError(SECRET), GatewayError),
        (asyncpg.DataError(SECRET), GatewayError),
    ],
)
def test_a_fault_of_the_driver_is_told_without_its_text(fault: Exception, kind: type[Exception]) -> None:
    told = translated(fault)
    assert isinstance(told, kind)
    assert isinstance(told, StoreUnavailable) == (kind is StoreUnavailable)
    assert SECRET not in str(told)
