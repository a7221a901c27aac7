"""A primary and two standbys, of which one must have what is committed: what Patroni keeps up, by hand."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.fakes.postgresql import USER, PostgresServer

NAMES = ("p0", "p1", "p2")
POLL_S = 0.02
#: how long a standby may take to follow a new primary. One whose log goes further than the primary's beginning never
#: does: what a lost primary had sent may arrive late
FOLLOWS_S = 10


def _settings(name: str) -> dict[str, str]:
    others = ", ".join(each for each in NAMES if each != name)
    return {
        "cluster_name": name,  # also its name where it is a standby
        "synchronous_standby_names": f"ANY 1 ({others})",
        "synchronous_commit": "on",
        "wal_keep_size": "256MB",
        "wal_retrieve_retry_interval": "100ms",
    }


class DatabaseCluster:
    """Three servers on the loopback: whoever is the primary waits for any one of the others."""

    def __init__(self, found: Path, *, is_safe: bool = False) -> None:
        """`found`: the folder of their programs; `is_safe`: see `PostgresServer`."""
        self.members = [PostgresServer(found, is_safe=is_safe, more=_settings(name)) for name in NAMES]
        self.primary = self.members[0]

    @property
    def standbys(self) -> list[PostgresServer]:
        """Those that follow the primary."""
        return [member for member in self.members if member is not self.primary]

    def url(self, database: str) -> str:
        """Give the address of a database, wherever its primary is."""
        hosts = ",".join(f"127.0.0.1:{member.port}" for member in self.members)
        return f"postgresql://{USER}@{hosts}/{database}"

    def name_of(self, member: PostgresServer) -> str:
        """Give the name by which the others wait for it."""
        return NAMES[self.members.index(member)]

    async def set(self, name: str, value: str) -> None:
        """Have the primary work with a setting, in sessions to come."""
        await self._change(f"ALTER SYSTEM SET {name} = '{value}'")

    async def reset(self, name: str) -> None:
        """Have the primary work without it again."""
        await self._change(f"ALTER SYSTEM RESET {name}")

    async def _change(self, statement: str) -> None:
        async with self.primary.connection() as db:
            loaded = await db.fetchval("SELECT pg_conf_load_time()")
            await db.execute(statement)
            await db.execute("SELECT pg_reload_conf()")
            while await db.fetchval("SELECT pg_conf_load_time()") == loaded:
                await asyncio.sleep(POLL_S)

    async def start(self) -> None:
        """Start all three; returns when both standbys follow."""
        self.primary.start()
        for standby in self.standbys:
            await self.rejoin(standby)
        await self.until_followed(2)

    async def rejoin(self, member: PostgresServer) -> None:
        """Have one that was lost follow the primary, as a copy of it."""
        await asyncio.to_thread(member.kill)
        await asyncio.to_thread(member.copy, self.primary)
        member.start()  # by this thread, with which it ends

    async def until_followed(self, by: int) -> None:
        """Wait until so many standbys have all that the primary has."""
        async with self.primary.connection() as db:
            question = """SELECT count(*) FROM pg_stat_replication
                WHERE state = 'streaming' AND flush_lsn >= pg_current_wal_flush_lsn()"""
            while await db.fetchval(question) < by:
                await asyncio.sleep(POLL_S)

    async def promote(self) -> None:
        """Make the standby the primary that has most, so all that was acknowledged; the other follows it."""
        ends = {member: await _end_of(member) for member in self.standbys if member.is_running}
        lost, self.primary = self.primary, max(ends, key=ends.__getitem__)
        await self.primary.execute("SELECT pg_promote()")
        follow = f"ALTER SYSTEM SET primary_conninfo = '{PostgresServer.following(self.primary)}'"
        for other in self.standbys:
            if other is not lost and other.is_running:
                await other.execute(follow)
                await other.execute("SELECT pg_reload_conf()")

    async def recover(self) -> None:
        """Have whoever does not follow the primary follow it again; returns when both do."""
        for member in self.members:
            if member.is_running:
                member.thaw()
        for member in self.standbys:
            if not member.is_running or not await _is_standby(member):
                await self.rejoin(member)
        try:
            async with asyncio.timeout(FOLLOWS_S):
                await self.until_followed(2)
        except TimeoutError:
            for member in self.standbys:
                await self.rejoin(member)
            await self.until_followed(2)

    async def remove(self) -> None:
        """End all, and remove what they kept."""
        for member in self.members:
            await asyncio.to_thread(member.kill)
            await asyncio.to_thread(member.remove)


async def _end_of(member: PostgresServer) -> int:
    """Tell how far a standby's log goes, in octets."""
    async with member.connection() as db:
        asked = "SELECT pg_wal_lsn_diff(coalesce(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), '0/0')"
        return int(await db.fetchval(asked))


async def _is_standby(member: PostgresServer) -> bool:
    async with member.connection() as db:
        return bool(await db.fetchval("SELECT pg_is_in_recovery()"))
