"""How often each fault happens (`make cluster-crash` says 20), and what several tests of them do."""

from __future__ import annotations

import asyncio
import os

import aiohttp

from aldis.store.contract.store import Store
from tests.crash.world import World
from tests.fakes.postgresql import PostgresServer

KILLS = int(os.environ.get("ALDIS_KILLS", "2"))
#: commits that wait for a standby
IN_WAIT = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


async def accept(world: World, count: int) -> None:
    """Send until so many more are accepted, however often the answer is no."""
    wanted = len(world.accepted) + count
    async with aiohttp.ClientSession() as session:
        while len(world.accepted) < wanted:
            await world.send(session)


async def until_commits_wait(primary: PostgresServer) -> None:
    """Wait until a commit waits for the standbys."""
    async with primary.connection() as db:
        while not await db.fetchval(f"SELECT count(*) {IN_WAIT}"):
            await asyncio.sleep(0.01)


async def until_shares(store: Store, *counts: int) -> None:
    """Wait until as many gateways as there are numbers have so many slots of the link each."""
    while True:
        held = (await store.nodes.held()).values()
        found = [sum(each.startswith("link/simulator/") for each in theirs) for theirs in held]
        if sorted(count for count in found if count) == sorted(counts):
            return
        await asyncio.sleep(0.05)
