#!/usr/bin/env python3
"""Whole gateways over PostgreSQL beside whole gateways over SQLite, on one machine; `make bench-gateways`.

Every figure has the server's processes in it. Needs cargo; see README.md.
"""
import argparse
import asyncio
import contextlib
import json
import os
import pathlib
import shutil
import signal
import statistics
import sys
import tempfile
import time

import bench
import targets
from bench import HERE, HOOK, SMPP, SMPP_STATS, TOOLS, Peer, Proc, Tables, drain, get, listening, sink_stats, wait_for

sys.path.insert(0, str(HERE.parent))

from tests.fakes.cluster import DatabaseCluster  # noqa: E402
from tests.fakes.postgresql import PostgresServer, programs  # noqa: E402

median = statistics.median
STORE = "ALDIS__STORE__URL"


class LeanPeer(Peer):
    """Without the 360,000 opt-ins that only SUMOTEXT's row needs: over PostgreSQL applying them takes minutes."""

    def __init__(self, *args):
        super().__init__(*args)
        directory = self.run / "directory.toml"
        before, _, rest = directory.read_text().partition("[[opt_in]]")
        directory.write_text(before + rest[rest.index("[["):])


bench.Peer = targets.Peer = LeanPeer


class Server:
    """The processes of servers, to be counted."""

    group = "infra"

    def __init__(self, *servers):
        self.servers = servers

    def usage(self, t):
        pids = [pid for server in self.servers for pid in t.tree(server.pid) if pid in t.cpu]
        return sum(t.cpu[pid] for pid in pids), sum(t.rss[pid] for pid in pids)


@contextlib.contextmanager
def on(url):
    """Have gateways that are started keep everything in a database."""
    os.environ[STORE] = url
    try:
        yield
    finally:
        del os.environ[STORE]


def fresh(server):
    """Give the address of a new database."""
    name = asyncio.run(server.create())
    return server.url(name, server.port)


@contextlib.contextmanager
def one_server():
    server = PostgresServer(programs(), is_safe=True)
    server.start()
    try:
        yield server, Server(server)
    finally:
        server.remove()


@contextlib.contextmanager
def with_a_standby():
    """A primary that waits for a standby on the same machine; the other is not started."""
    cluster = DatabaseCluster(programs(), is_safe=True)
    primary, standby, _ = cluster.members
    primary.start()
    asyncio.run(cluster.rejoin(standby))
    asyncio.run(cluster.until_followed(1))
    try:
        yield primary, Server(primary, standby)
    finally:
        for member in cluster.members:
            member.remove()


def row(*cells):
    print("| " + " | ".join(cells) + " |", flush=True)


def head(*cells):
    row(*cells)
    row(*["---"] * len(cells))


def cost(r):
    return (r["cpu_s"] + r["infra_cpu_s"]) * 1e6 / max(1, r["sink_unique"])


def beside(args, what, wanted, dlr, servers):
    """One row: messages a second end to end, CPU a message, of both; and the ratio of each round."""
    seen = []
    for number in range(args.rounds):
        def over_postgresql():
            with servers() as (server, counted), on(fresh(server)):
                args.beside = (counted,)
                return targets.case(args, "aldis", "genesys", dlr=dlr)

        def over_sqlite():
            args.beside = ()
            return targets.case(args, "aldis", "genesys", dlr=dlr)

        if number % 2:
            pair = over_sqlite(), over_postgresql()
        else:
            theirs = over_postgresql()
            pair = over_sqlite(), theirs
        if all(pair):
            seen.append(pair)
    rates = [median(r["e2e_rps"] for r in column) for column in zip(*seen)]
    costs = [median(map(cost, column)) for column in zip(*seen)]
    ratio = median(theirs["e2e_rps"] / ours["e2e_rps"] for ours, theirs in seen)
    lost = sum(r["lost"] for pair in seen for r in pair)
    row(what, f"{rates[0]:,.0f}; {costs[0]:.0f}", f"{rates[1]:,.0f}; {costs[1]:.0f}", f"{ratio:.2f}", wanted, str(lost))


def end_to_end(args):
    head("end to end", "SQLite: a second; CPU, µs", "PostgreSQL: the same, with the server", "rate", "wanted", "lost")
    beside(args, "plain", "0.65", False, one_server)
    beside(args, "receipts and postbacks", "0.65", True, one_server)
    beside(args, "plain, with a synchronous standby", "0.5", False, with_a_standby)


def bulk(args):
    head("bulk, 1,000 recipients a request", "SQLite, a second", "PostgreSQL", "rate", "wanted")
    seen = []
    for _ in range(args.rounds):
        ours = targets.bulk(args)[0]
        with one_server() as (server, _counted), on(fresh(server)):
            seen.append((ours, targets.bulk(args)[0]))
    ours, theirs = (median(column) for column in zip(*seen))
    row("", f"{ours:,.0f}", f"{theirs:,.0f}", f"{median(b / a for a, b in seen):.2f}", "0.6")


def some_gateways(args, server, counted, count):
    """CPU in µs a message of so many gateways on one database, which have equal shares of one load."""
    run = pathlib.Path(tempfile.mkdtemp(prefix="bench-gateways-", dir=args.scratch))
    tools, peers = [], []
    try:
        sink = [str(TOOLS / "smsc_sink"), "--port", str(SMPP), "--stats-port", str(SMPP_STATS), "--track", "--quiet"]
        tools.append(Proc("sink", sink, run / "sink.out", group="tool"))
        tools.append(Proc("hook", [str(TOOLS / "hook_sink"), "--port", str(HOOK)], run / "hook.out", group="tool"))
        wait_for("sink", lambda: listening(SMPP_STATS))
        with on(fresh(server)):
            for number in range(count):
                (run / str(number)).mkdir()
                peer = LeanPeer("aldis", "genesys", False, run / str(number))
                port = peer.conf["http_port"] + number
                text = (run / str(number) / "aldis.toml").read_text().replace(":13080", f":{port}")
                (run / str(number) / "aldis.toml").write_text(text)
                peer.conf["http_port"] = peer.conf["proc"][0]["port"] = port
                peer.start(again=number > 0)
                peers.append(peer)
        wait_for("binds", lambda: sink_stats()["sessions"] >= count, 90)
        time.sleep(4)  # slots are divided
        loads = [each.load(90_000_000 + n * 1_000_000, conns=8, duration=1) for n, each in enumerate(peers)]
        drain(sum(json.loads(load.communicate()[0])["accepted"] for load in loads), 5, args.drain)
        get(SMPP_STATS, "/reset")
        used = [counted, *(proc for each in peers for proc in each.procs)]
        before = sum(each.usage(Tables())[0] for each in used)
        rate = args.rate // count
        loads = [
            each.load(n * 10_000_000, conns=64 // count, duration=args.duration, rate=rate)
            for n, each in enumerate(peers)
        ]
        accepted = sum(json.loads(load.communicate()[0])["accepted"] for load in loads)
        seen = drain(accepted, 6, args.drain)["unique"]
        assert seen == accepted, (seen, accepted)
        return (sum(each.usage(Tables())[0] for each in used) - before) * 1e6 / seen
    finally:
        for each in peers:
            each.stop()
        for tool in tools:
            tool.stop()
        shutil.rmtree(run, ignore_errors=True)


def second(args):
    head(f"CPU at {args.rate:,} a second, µs a message", "one gateway", "two", "ratio", "wanted")
    seen = []
    for _ in range(args.rounds):
        pair = []
        for count in (1, 2):
            with one_server() as (server, counted):
                pair.append(some_gateways(args, server, counted, count))
        seen.append(pair)
    one, two = (median(column) for column in zip(*seen))
    row("", f"{one:.0f}", f"{two:.0f}", f"{median(b / a for a, b in seen):.2f}", "1.15")


def memory(args):
    """Resident memory of a gateway whose carrier is away, once so many wait."""
    head(f"gateway with {args.backlog:,} queued", "MB", "wanted")
    with one_server() as (server, _counted), on(fresh(server)):
        gateway = targets.Gateway(args, "genesys")
        try:
            gateway.start()
            clients = [targets.Bulk(n * 20_000_000, args.backlog // 2000) for n in range(2)]
            for client in clients:
                client.start()
            for client in clients:
                client.join()
            assert sum(client.accepted for client in clients) == args.backlog
            row("PostgreSQL", f"{gateway.rss_mb():.0f}", "250")
        finally:
            gateway.stop()


ROWS = {"end": end_to_end, "bulk": bulk, "second": second, "memory": memory}


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--duration", type=float, default=5)
    ap.add_argument("--rate", type=int, default=2_000, help="requests a second in the row of two gateways")
    ap.add_argument("--backlog", type=int, default=1_000_000)
    args = ap.parse_args()
    vars(args).update(conns=64, crash_at=6, slow_ms=25, drain=60, idle=4, scratch=None, keep=False)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that finally clauses stop what was started
    for name in args.rows:
        ROWS[name](args)


if __name__ == "__main__":
    main()
