"""A gateway in a process of its own (forked from one that has imported it) between a carrier and a customer that
live in the test's process, so that they remember what the gateway may not forget; and the books that must balance
in the end.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import aiohttp
import apsw

from aldis.demo.world import text_of
from aldis.store.contract.store import Store
from aldis.store.sqlite.engine.owner_lock import OwnerLock
from tests.backends import Place, open_database, open_file
from tests.fakes.customer import FakeCustomer
from tests.fakes.ports import free_port
from tests.fakes.programs import Program
from tests.fakes.whole import MMSC, WholeGateway, apply_world

WINDOW = 20
PRICE = 50_000
ACCOUNTS = 6
#: the last where a carrier refused it twice, the first time unheard
ENDED = {"delivered", "undelivered", "rejected", "unconfirmed"}
#: of accounts whose messages have one segment each: what is held and spent, and what that should be
BOOKS = """
SELECT held, spent, coalesce(sum(price_micros) FILTER (WHERE state IN ('queued', 'sending')), 0),
       coalesce(sum(price_micros) FILTER (WHERE state IN ('sent', 'delivered', 'undelivered')), 0)
FROM account LEFT JOIN message USING (account_id) GROUP BY account_id
"""
#: last digits of numbers: taken by the carrier, and not
ENDINGS = ("01", "80", "82")
SETTINGS = """
[http]
listen = "127.0.0.1:{http}"
connections_per_address = 100
[[link]]
name = "simulator"
host = "127.0.0.1"
port = {smpp}
system_id = "aldis"
password = "demosmpp"
window = {window}
response_s = 2
[log]
level = "error"
"""


class Child:
    """A gateway in a process of its own; `under` is a program that runs it, such as strace."""

    def __init__(self, folder: Path, carrier: WholeGateway, more: str = "") -> None:
        """`more`: more sections of its settings."""
        self.port = free_port()
        self.data_dir = folder / "data"
        self.log = folder / "gateway.log"
        self._config = folder / "aldis.toml"
        text = SETTINGS.format(http=self.port, smpp=carrier.smpp_port, window=WINDOW)
        if carrier.view_port:
            text += MMSC.format(view=carrier.view_port, listen=carrier.listen_port, more="")
        self._config.write_text(text + more)
        #: what runs, as `python -m` has it
        self.module = "aldis"
        #: of `aldis serve`
        self.options: tuple[str, ...] = ()
        self._process: Program | subprocess.Popen[bytes] | None = None

    @property
    def where(self) -> tuple[str, ...]:
        """Options of a command beside it."""
        return "--config", str(self._config), "--data-dir", str(self.data_dir)

    def set_in_doubt(self, policy: str) -> None:
        """Say what its link does with what is in doubt, from its next start on."""
        lines = [line for line in self._config.read_text().splitlines() if not line.startswith("in_doubt")]
        at = lines.index('name = "simulator"')
        self._config.write_text("\n".join([*lines[:at], f'in_doubt = "{policy}"', *lines[at:]]))

    async def start(self, *under: str) -> None:
        """Start it; returns when it takes requests, or has ended."""
        arguments = ["serve", *self.where, *self.options]
        with self.log.open("ab") as log:
            if under:
                command = [*under, sys.executable, "-m", "aldis", *arguments]
                self._process = subprocess.Popen(command, stderr=log)  # noqa: ASYNC220 - a moment, once
            else:
                self._process = Program(self.module, arguments, {0: 0, 1: 1, 2: log.fileno()})
        async with aiohttp.ClientSession() as session:
            while self._process.poll() is None:
                try:
                    async with session.get(f"http://127.0.0.1:{self.port}/health/ready"):
                        return
                except aiohttp.ClientError:
                    await asyncio.sleep(0.02)

    @property
    def is_running(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its number, while it runs."""
        assert self._process is not None
        return self._process.pid

    async def writer(self) -> int:
        """Wait until it has a writer's process; gives that one's number."""
        while True:
            for child in _read(f"/proc/{self.pid}/task/{self.pid}/children").split():
                with suppress(FileNotFoundError, ProcessLookupError):  # who opens the store ends soon
                    if b"-m\0aldis.app.back_office" in _read(f"/proc/{int(child)}/cmdline"):
                        return int(child)
            await asyncio.sleep(0)

    async def end(self, number: int) -> int:
        """Send a signal and wait for the end."""
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()
        os.kill(self._process.pid, number)
        return await self.ended()

    async def stop(self) -> None:
        """End it, if a test that failed has not."""
        if self._process is not None and self.is_running:
            self._process.kill()
            await self.ended()

    async def ended(self) -> int:
        """Wait for it to end by itself."""
        assert self._process is not None
        return await asyncio.to_thread(self._process.wait)

    async def is_answering(self) -> bool:
        """Whether its door is open."""
        async with aiohttp.ClientSession() as session:
            try:
                async with session.get(f"http://127.0.0.1:{self.port}/health/live"):
                    return True
            except aiohttp.ClientError:
                return False


def _read(path: str) -> bytes:
    """Read what the kernel tells, which takes no time."""
    return Path(path).read_bytes()


class World:
    """Carrier, customer, gateway, and what was accepted."""

    def __init__(
        self, folder: Path, customer: FakeCustomer, mmsc: str | None = None, database: str = ""
    ) -> None:
        """`database`: where the gateway's store is; "": a file."""
        self._folder = folder
        self.customer = customer
        self.carrier = WholeGateway(folder / "unused", customer, mmsc=mmsc)  # only its carrier is used
        self._database = database
        self._more = f'[store]\nurl = "{database}"\n' if database else ""
        self.child = Child(folder, self.carrier, self._more)
        #: to whom messages are sent, in turn
        self.children = [self.child]
        self.accepted: set[str] = set()
        #: of the numbers that are sent to, in turn
        self.endings: tuple[str, ...] = ("01",)
        self._next = 0

    async def start(self) -> None:
        """Start the carrier and write the directory; the gateway is started by the test."""
        await self.carrier.simulator.start()
        text = text_of("world.toml").replace("http://127.0.0.1:8091", self.customer.url)
        theirs, ours = (
            f'[account.inbound]\ngenesys = "{self.customer.url}/{name}"' for name in ("genesys", "inbound")
        )
        self.child.data_dir.mkdir(mode=0o700)
        store = await self.open()
        await apply_world(store, text.replace(theirs, ours, 1))
        await store.close()

    def add(self, name: str) -> Child:
        """Have one more gateway on the database, which the test starts."""
        (folder := self._folder / name).mkdir()
        made = Child(folder, self.carrier, self._more)
        self.children.append(made)
        return made

    async def open(self) -> Store:
        """Open the store, beside the gateway."""
        place = Place(self.child.data_dir, self._database)
        return await (open_database(place, "beside") if self._database else open_file(place))

    async def stop(self) -> None:
        """Stop the carrier, and gateways that still run."""
        for child in self.children:
            await child.stop()
        await self.carrier.simulator.stop()

    async def send(self, session: aiohttp.ClientSession, **more: str) -> str:
        """Send one message; only a zero that was read counts as accepted. Returns the answer, "" for none."""
        self._next += 1
        child = self.children[self._next % len(self.children)]
        text = await self.offer(session, child, reference := f"m{self._next}", **more)
        if text == "result_code=0":
            self.accepted.add(reference)
        return text

    async def offer(self, session: aiohttp.ClientSession, child: Child, reference: str, **more: str) -> str:
        """Send one message to one of the gateways; returns the answer, "" for none."""
        form = {
            "login": "demo",
            "password": "demo-genesys",
            "phone_number": f"4477{reference[1:]:0>6}{self._ending(reference)}",
            "sender": "447700900001",
            "message": reference,
            "message_id": reference,
            "receipt": "TRUE",
            **more,
        }
        try:
            async with session.post(f"http://127.0.0.1:{child.port}/httpapi/receiver", data=form) as answer:
                return await answer.text()
        except aiohttp.ClientError:
            return ""  # it died: whether the message was accepted is unknown, as it is to a customer

    async def send_until(self, sending: asyncio.Task[Counter[str]], count: int) -> None:
        """Wait until so many more were accepted, or all that are sent have their answers."""
        wanted = len(self.accepted) + count
        while len(self.accepted) < wanted and not sending.done():
            await asyncio.sleep(0.005)

    def _ending(self, reference: str) -> str:
        return self.endings[int(reference[1:]) % len(self.endings)]

    def _is_shown(self, reference: str) -> bool:
        return self._ending(reference) == "01"

    async def send_many(self, count: int, at_once: int = 30, **more: str) -> Counter[str]:
        """Send so many; returns how often each answer was given. `more`: parameters of each."""
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=at_once)) as session:
            return Counter(await asyncio.gather(*(self.send(session, **more) for _ in range(count))))

    def books(self) -> None:
        """Check, while the gateway is dead, that its money is that of its messages: on a copy, because the
        log is for the gateway to recover.
        """
        copy = self._folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        lock = OwnerLock(self.child.data_dir, 10)  # its writer ends a moment later
        for path in self.child.data_dir.glob("aldis.db*"):
            if not path.name.endswith("-shm"):
                shutil.copy(path, copy)
        lock.release()
        database = apsw.Connection(str(copy / "aldis.db"))
        rows = list(database.execute(BOOKS))
        database.close()
        assert len(rows) == ACCOUNTS
        for held, spent, waiting, taken in rows:
            assert (held, spent) == (waiting, taken)

    def change(self, sql: str) -> None:
        """Change the file while no gateway has it."""
        lock = OwnerLock(self.child.data_dir, 10)  # as in `books`
        database = apsw.Connection(str(self.child.data_dir / "aldis.db"))
        database.execute(sql)
        database.close()
        lock.release()

    async def balance(self, kills: int) -> int:
        """Wait until all has ended, and check the books: nothing accepted is missing, no more is repeated
        than the window for each kill, money is exact, each customer heard. Returns how many were repeated.
        """
        store = await self.open()
        while (states := await store.metrics.count_by_state()).keys() - ENDED:
            await asyncio.sleep(0.1)
        assert states.get("unconfirmed", 0) <= kills * WINDOW
        shown = Counter(received.text for received in self.carrier.received())
        assert {reference for reference in self.accepted if self._is_shown(reference)} - shown.keys() == set()
        repeats = sum(count - 1 for count in shown.values())
        assert repeats <= kills * WINDOW
        while self.accepted - {came.form["message_id"] for came in self.customer.to("/genesys")}:
            await asyncio.sleep(0.1)
        account = (await store.directory.load()).accounts["demo"].account_id
        balance = await store.queries.balance(account)
        refunded = states.get("rejected", 0)
        assert (balance.held, balance.spent) == (0, (sum(states.values()) - refunded) * PRICE)
        await store.close()
        return repeats
