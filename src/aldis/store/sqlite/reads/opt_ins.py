"""Looks opt-ins up for all who ask in one turn of the loop: a read of its own costs a snapshot of the file,
which is most of what one lookup takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import apsw

from aldis.store.contract.consent import OptInKey
from aldis.store.sqlite.engine.rows import as_json, every

_PRESENT = """
SELECT o.sender, o.topic, o.msisdn FROM json_each(?) asked CROSS JOIN opt_in o
WHERE o.sender = asked.value ->> 0 AND o.topic = asked.value ->> 1 AND o.msisdn = asked.value ->> 2
"""


class OptIns:
    """One reading connection's lookups; used from one event loop."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._loop = asyncio.get_running_loop()
        self._asked: list[tuple[Sequence[OptInKey], asyncio.Future[set[OptInKey]]]] = []

    def look_up(self, keys: Sequence[OptInKey]) -> asyncio.Future[set[OptInKey]]:
        """Tell which of these have opted in; with the next turn of the loop."""
        future: asyncio.Future[set[OptInKey]] = self._loop.create_future()
        if not self._asked:
            self._loop.call_soon(self._answer)
        self._asked.append((keys, future))
        return future

    def _answer(self) -> None:
        asked, self._asked = self._asked, []
        try:
            present = self._present(key for keys, _ in asked for key in keys)
        except apsw.Error as fault:
            for _, future in asked:
                if not future.done():
                    future.set_exception(fault)
            return
        for keys, future in asked:
            if not future.done():  # its caller was cancelled
                future.set_result(present.intersection(keys))

    def _present(self, keys: Iterable[OptInKey]) -> set[OptInKey]:
        asked = as_json((key.sender, key.topic, key.msisdn) for key in keys)
        return {OptInKey(*row) for row in every(self._db, _PRESENT, (asked,))}
