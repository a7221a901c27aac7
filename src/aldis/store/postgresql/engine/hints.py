"""Hints between gateways by LISTEN and NOTIFY, on a connection of their own.

A NOTIFY takes a lock of the whole database at its commit, so none is in a transaction of the hot path: hints
are gathered, and told in transactions of their own that wait for no disk and no standby, at most 50 a second.
Source: PostgreSQL 18, NOTIFY; docs/decisions/0030-a-networked-store.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import msgspec
import structlog

from aldis.errors import GatewayError
from aldis.store.contract.hints import Hint
from aldis.store.postgresql.engine.faults import FAULTS
from aldis.store.postgresql.engine.lane import Connect

log = structlog.get_logger()

CHANNEL = "aldis"
#: from one NOTIFY to the next
GAP_S = 0.02
#: after a connection was lost or could not be had
RETRY_S = 1.0
#: for one NOTIFY, and for what is left when we close
ANSWER_S, CLOSE_S = 5.0, 1.0
#: octets that a payload has fewer than
MOST = 8_000

_NOTIFY = f"SELECT pg_notify('{CHANNEL}', $1)"
_decode = msgspec.json.Decoder(Hint).decode


class Hints:
    """Implements `HintStore`. Connects when somebody first tells or wants to hear something."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._listeners: list[Callable[[Hint], None]] = []
        self._untold = Hint()
        #: there is something to tell, or to look at: the connection is lost, we close
        self._news = asyncio.Event()
        self._is_closing = False
        self._work: asyncio.Task[None] | None = None

    def tell(self, hint: Hint) -> None:
        self._untold |= hint
        self._begin()
        self._news.set()

    def subscribe(self, hear: Callable[[Hint], None]) -> None:
        self._listeners.append(hear)
        self._begin()
        self._news.set()

    async def close(self) -> None:
        """Tell what is left, if that can be done soon."""
        self._is_closing = True
        self._news.set()
        if self._work is not None:
            await asyncio.wait((self._work,), timeout=CLOSE_S)
            self._work.cancel()

    def _begin(self) -> None:
        if self._work is None and not self._is_closing:
            self._work = asyncio.create_task(self._run(), name="hints")

    async def _run(self) -> None:
        """Tell and hear, on one connection after the other, until closed."""
        while not self._is_closing or self._untold != Hint():
            try:
                db = await self._connect()
            except GatewayError as fault:
                log.info("hints cannot be told now", fault=str(fault))
            else:
                await self._serve(db)
            if self._is_closing:
                return
            await asyncio.sleep(RETRY_S)

    async def _serve(self, db: asyncpg.Connection) -> None:
        """Tell and hear until the connection is lost, or we close."""
        db.add_termination_listener(lambda _db: self._news.set())
        is_listening = False
        try:
            while not db.is_closed():
                self._news.clear()
                if self._listeners and not is_listening:
                    is_listening = True
                    await db.add_listener(CHANNEL, self._hear)
                    self._deliver(Hint(anything=True))  # what was told before was heard by nobody here
                if self._untold != Hint():
                    await self._tell(db)
                if self._is_closing:
                    return
                await self._news.wait()
        except FAULTS as fault:
            log.info("the connection of hints was lost", fault=type(fault).__name__)
        finally:
            db.terminate()

    async def _tell(self, db: asyncpg.Connection) -> None:
        """Tell what was gathered, then let more gather."""
        hint, self._untold = self._untold, Hint()
        payload = msgspec.json.encode(hint)
        if len(payload) >= MOST:
            payload = msgspec.json.encode(Hint(anything=True))
        guard = asyncio.get_running_loop().call_later(ANSWER_S, db.terminate)
        try:
            await db.execute(_NOTIFY, payload.decode())
        finally:
            guard.cancel()
        await asyncio.sleep(GAP_S)

    def _hear(self, db: Any, pid: int, _channel: str, payload: object) -> None:  # noqa: ANN401 - the driver's
        """Hear a NOTIFY, our own too, or what anybody who may write to the database has told."""
        if pid == db.get_server_pid():
            return
        try:
            hint = _decode(str(payload))
        except msgspec.MsgspecError:
            return
        self._deliver(hint)

    def _deliver(self, hint: Hint) -> None:
        for hear in self._listeners:
            hear(hint)
