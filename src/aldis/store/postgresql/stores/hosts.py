"""Looks at each host of a database's address: which of them answer, as what, and in which version."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import asyncpg

from aldis.store.contract.metrics import StoreRemark
from aldis.store.postgresql.engine.address import Address
from aldis.store.postgresql.engine.connection import CONNECT_S
from aldis.store.postgresql.engine.faults import FAULTS

_WHAT = "SELECT current_setting('server_version_num')::int, pg_is_in_recovery()"


class _Host(NamedTuple):
    name: str
    #: why it cannot be asked; "": it answered
    fault: str = ""
    version: str = ""
    is_primary: bool = False


async def look_at_hosts(address: Address) -> list[StoreRemark]:
    """See whether there is somebody to take over, and one primary; nothing of an address with one host,
    behind which several may stand.
    """
    if len(address.urls) == 1:
        return []
    hosts = await asyncio.gather(*map(_ask, address.urls))
    found = [
        StoreRemark(f"{host.name} does not answer ({host.fault})", "It cannot take over: start it.")
        for host in hosts
        if host.fault
    ]
    primaries = [host.name for host in hosts if host.is_primary]
    if len(primaries) > 1:
        says = f"{' and '.join(primaries)} take themselves for the primary"
        advice = "End the one that was replaced, and let it follow the other (pg_rewind) before it starts."
        found.append(StoreRemark(says, advice, is_fault=True))
    versions = {host.version for host in hosts if not host.fault}
    if len(versions) > 1:
        says = ", ".join(f"{host.name} {host.version}" for host in hosts if not host.fault)
        found.append(
            StoreRemark(f"the hosts' versions differ: {says}", "Upgrade the standbys, then the primary.")
        )
    return found


async def _ask(url: str) -> _Host:
    name = url.rpartition("@")[2].rpartition("//")[2].partition("/")[0]
    try:
        async with asyncio.timeout(2 * CONNECT_S):
            db = await asyncpg.connect(
                url, timeout=CONNECT_S, server_settings={"application_name": "aldis doctor"}
            )
            try:
                ((number, is_standby),) = await db.fetch(_WHAT)
            finally:
                db.terminate()
    except (*FAULTS, TimeoutError) as fault:
        return _Host(name, type(fault).__name__)
    return _Host(name, "", f"{number // 10_000}.{number % 10_000}", not is_standby)
