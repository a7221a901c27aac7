#!/usr/bin/env python3
"""Runs Aldis and Kannel in turn and prints what was promised beside what was seen; `make bench`.

Every row compares figures of the same round. Needs Debian's `kannel`, a C compiler and cargo; see README.md.
"""
import argparse
import datetime
import http.client
import json
import os
import pathlib
import platform
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import bench
from bench import HERE, HOOK, SMPP, SMPP_STATS, TOOLS, Peer, Proc, Tables, get, listening, sink_stats, wait_for

median = statistics.median


def case(args, name, variant, **flags):
    """One run of the harness; `conns` and `slow_ms` may differ from the others'."""
    options = argparse.Namespace(**{**vars(args), **{k: flags.pop(k) for k in ("conns", "slow_ms") if k in flags}})
    for attempt in (1, 2):
        try:
            return bench.one_run(options, name, variant, **flags)
        except (RuntimeError, OSError) as fault:
            print(f"  {name}/{variant}: {str(fault)[:150]}" + (", again" if attempt == 1 else ""), file=sys.stderr)
    return None


def rounds(args, *cases):
    """Run cases in turn, round by round; returns their results as columns. Each round begins with another case:
    what one leaves the disk to do is in the way of the next, and Kannel without its store leaves nothing."""
    columns = [[] for _ in cases]
    for first in range(args.rounds):
        row = {}
        for n in range(len(cases)):
            at = (first + n) % len(cases)
            name, variant, *flags = cases[at]
            row[at] = case(args, name, variant, **(flags[0] if flags else {}))
        row = [row[at] for at in range(len(cases))]
        if all(row):
            for column, result in zip(columns, row):
                column.append(result)
    return columns


def mid(column, key):
    return median(r[key] if isinstance(key, str) else key(r) for r in column)


def ratio(ours, theirs, key):
    """Median of the rounds' ratios."""
    return median(a[key] / max(1, b[key]) for a, b in zip(ours, theirs))


def cpu(r):
    return r["cpu_s"] * 1e6 / max(1, r["sink_unique"])


class Gateway:
    """Aldis with a sink, for what the harness has no case for."""

    def __init__(self, args, variant, sink=(), window=None, tps=""):
        self.run = pathlib.Path(tempfile.mkdtemp(prefix="bench-aldis-", dir=args.scratch))
        self.peer = Peer(getattr(args, "peer", "aldis"), variant, False, self.run)
        self.sink_options, self.tools = sink, []
        if window or tps:
            text = (self.run / "aldis.toml").read_text()
            text = text.replace("window = 100", f"window = {window or 100}\n{tps}")
            (self.run / "aldis.toml").write_text(text)

    def start_sink(self):
        cmd = [str(TOOLS / "smsc_sink"), "--port", str(SMPP), "--stats-port", str(SMPP_STATS), "--track", "--quiet"]
        self.tools.append(Proc("sink", cmd + list(self.sink_options), self.run / "sink.out", group="tool"))
        wait_for("sink", lambda: listening(SMPP_STATS))

    def start(self):
        self.peer.start()
        time.sleep(2)  # the directory is followed once a second
        return self

    def greet(self):
        """Send one request: to verify a password for the first time takes some 50 ms, on purpose."""
        self.peer.load(99_000_000, conns=1, duration=0.5, rate=2).communicate()

    def stop(self):
        self.peer.stop()
        for tool in self.tools:
            tool.stop()
        shutil.rmtree(self.run, ignore_errors=True)

    def rss_mb(self):
        t = Tables()
        return sum(p.usage(t)[1] for p in self.peer.procs) / 2**20


class Bulk(threading.Thread):
    """Posts requests of a thousand recipients in the Mavorion dialect, one after the other."""

    def __init__(self, first, requests, seconds=1e9):
        super().__init__(daemon=True)
        self.first, self.requests, self.seconds, self.accepted = first, requests, seconds, 0

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", 13080, timeout=60)
        end = time.monotonic() + self.seconds
        for request in range(self.requests):
            if time.monotonic() > end:
                break
            first = 467_000_000_000 + self.first + request * 1000
            body = {"sender": "4670000", "message": "Hello to all of you, and a text of sixty characters in all..",
                    "recipients": [{"msisdn": first + n} for n in range(1000)]}
            headers = {"Content-Type": "application/json"}
            connection.request("POST", "/rest/mtsms?token=bench-mavorion", json.dumps(body), headers)
            if connection.getresponse().read().find(b'"ids"') > 0:
                self.accepted += 1000


def bulk(args):
    """(messages a second end to end, the same while accepting, p99 of interactive requests meanwhile)."""
    gateway = Gateway(args, "genesys", window=1000)
    try:
        gateway.start_sink()
        gateway.start()
        wait_for("bind", lambda: sink_stats()["sessions"] > 0)
        gateway.greet()
        greeted = sink_stats()["unique"]
        clients = [Bulk(n * 10_000_000, 10_000, args.duration) for n in range(2)]
        load = gateway.peer.load(0, conns=2, duration=args.duration, rate=50)
        started = time.time()
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        during, seconds = sink_stats()["submits"] - greeted, time.time() - started
        probe = json.loads(load.communicate()[0])
        expected = sum(c.accepted for c in clients) + probe["accepted"]
        s = bench.drain(expected + greeted, 6, args.drain)
        lost = expected + greeted - s["unique"]
        return (s["unique"] - greeted) / (s["last"] - started), during / seconds, probe["p99_ms"], lost
    finally:
        gateway.stop()


def backlog(args, count):
    """(resident MB with a backlog, seconds from start after kill -9 to serving, p99 ms of interactive ones)."""
    gateway = Gateway(args, "genesys", tps="tps = 500")
    try:
        gateway.start()
        clients = [Bulk(n * 20_000_000, count // 2000) for n in range(2)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        rss = gateway.rss_mb()
        gateway.peer.kill9(infra=False)
        started = time.monotonic()
        gateway.peer.start(again=True)
        restart = time.monotonic() - started
        gateway.start_sink()
        wait_for("bind", lambda: sink_stats()["sessions"] > 0)
        time.sleep(2)
        options = gateway.peer.conf["load"]
        options["args"] = [a.replace("&message_id=", "&priority=INTERACTIVE&message_id=") for a in options["args"]]
        gateway.peer.load(0, conns=4, duration=args.duration, rate=50).communicate()
        time.sleep(1)
        db = sqlite3.connect(f"file:{gateway.run}/data/aldis.db?mode=ro", uri=True)
        waits = sorted(w for (w,) in db.execute(
            "SELECT sent_at - accepted_at FROM message WHERE dialect = 'genesys' AND sent_at > 0"))
        return rss, restart, waits[int(len(waits) * 0.99)] if waits else float("inf"), len(waits)
    finally:
        gateway.stop()


def kill(args):
    """Messages lost and repeated by kill -9 under load with a carrier that answers after 25 ms."""
    options = argparse.Namespace(**{**vars(args), "crash_at": 2})
    r = bench.one_run(options, "aldis", "genesys", slow=True, crash="gateway")
    return r["lost"], r["dups"]


def retention(args, count):
    """((p99, longest answer, answers a second) under full load while old messages are forgotten, the same without,
    how many were forgotten meanwhile); there are `count` old ones."""
    gateway = Gateway(args, "genesys", window=1000)

    def load(first):
        r = json.loads(gateway.peer.load(first, conns=64, duration=args.duration).communicate()[0])
        return r["p99_ms"], r["max_ms"], r["accepted"] / args.duration

    def old():
        db = sqlite3.connect(f"file:{gateway.run}/data/aldis.db?mode=ro", uri=True)
        (left,) = db.execute("SELECT count(*) FROM message WHERE dialect = 'mavorion'").fetchone()
        db.close()
        return left

    try:
        gateway.start_sink()
        gateway.start()
        wait_for("bind", lambda: sink_stats()["sessions"] > 0)
        clients = [Bulk(n * 20_000_000, count // 2000) for n in range(2)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        bench.drain(sum(client.accepted for client in clients), 3, args.drain)
        gateway.greet()
        without = load(0)
        bench.drain(10**9, 3, args.drain)
        gateway.peer.stop()
        db = sqlite3.connect(gateway.run / "data/aldis.db")
        with db:
            db.execute("UPDATE message SET state = 'delivered', review_at = NULL, accepted_at = accepted_at - 40 * 86400000,"
                       " ended_at = accepted_at - 39 * 86400000 WHERE dialect = 'mavorion'")
        db.close()
        gateway.peer.start(again=True)
        wait_for("bind", lambda: sink_stats()["sessions"] > 0)
        gateway.greet()
        before = old()
        beside = load(1_000_000)
        return beside, without, before - old()
    finally:
        gateway.stop()


def throughput(args, change=None, text="", variant="genesys"):
    """Messages a second end to end, and idle CPU as a share of one core, with changed files or another text."""
    gateway = Gateway(args, variant)
    try:
        if change:
            change(gateway.run)
        if text:
            load = gateway.peer.conf["load"]
            load["args"] = [a.replace("abcdefghijklmnopqrstuvwxyz", text) for a in load["args"]]
        gateway.start_sink()
        gateway.start()
        wait_for("bind", lambda: sink_stats()["sessions"] > 0)
        before = sum(p.usage(Tables())[0] for p in gateway.peer.procs)
        time.sleep(2)
        idle = (sum(p.usage(Tables())[0] for p in gateway.peer.procs) - before) / 2
        load = json.loads(gateway.peer.load(0, conns=64, duration=args.duration, timeout=30).communicate()[0])
        s = bench.drain(load["accepted"], 3, args.drain)
        return s["unique"] / max(1e-3, s["last"] - load["start"]), s["submits"] / max(1e-3, s["last"] - load["start"]), idle
    finally:
        gateway.stop()


def growth(args):
    """How cost grows with accounts, with links, with segments: one after the other, the first is the base."""

    def accounts(count):
        def change(run):
            more = "".join(
                f'\n[[account]]\nname = "a{n}"\nnetworks = ["127.0.0.0/8"]\n[[account.sender]]\nvalue = "{10_000_000 + n}"\n'
                f'[[account.credential]]\ndialect = "mavorion"\nkey = "key-{n}"\n' for n in range(count - 1))
            (run / "directory.toml").write_text((run / "directory.toml").read_text() + more)
        return change

    def links(count):
        def change(run):
            text = (run / "aldis.toml").read_text()
            link = text[text.index("[[link]]"):text.index("[log]")]
            more = "".join(link.replace('"sink"', f'"sink{n}"') for n in range(count - 1))
            (run / "aldis.toml").write_text(text + "\n" + more)
        return change

    for name, change in [*((f"{n} accounts", accounts(n)) for n in (2, 100, 10_000)), *((f"{n} links", links(n)) for n in (1, 10, 100))]:
        rate, _, idle = throughput(args, change)
        print(f"{name}: {rate:.0f} messages/s, {idle * 100:.1f} % of a core when idle", flush=True)
    for segments, length in ((1, 26), (3, 400), (10, 1480)):
        _, wire, _ = throughput(args, text="a" * length)
        print(f"{segments} segments a message: {wire:.0f} segments/s", flush=True)


def machine():
    cpu_name = next((x.split(":")[1].strip() for x in open("/proc/cpuinfo") if x.startswith("model name")), "?")
    kannel = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "kannel"], capture_output=True, text=True).stdout
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True).stdout
    python = subprocess.run([HERE.parent / ".venv/bin/python", "-c", "import sys; print(sys.version.split()[0], sys.base_prefix)"],
                            capture_output=True, text=True).stdout
    return (f"{len(os.sched_getaffinity(0))} cores ({cpu_name}), Linux {platform.release()}, Python "
            f"{' of '.join(python.split())}, Kannel {kannel or '?'}, commit {commit.strip()}")


def quick(args):
    plain = rounds(args, ("kannel", "none"), ("aldis", "genesys"))
    receipts = rounds(args, ("kannel", "none", {"dlr": True}), ("aldis", "genesys", {"dlr": True}))
    e2e, during, p99, _ = bulk(args)
    lost, repeated = kill(args)
    print(f"kannel ratio: plain {ratio(plain[1], plain[0], 'e2e_rps'):.2f}, "
          f"receipts {ratio(receipts[1], receipts[0], 'e2e_rps'):.2f} | bulk {e2e:.0f}/s | "
          f"kill -9: lost {lost}, repeated {repeated}")


def full(args):
    rows = []

    def row(work, promised, kannel, aldis):
        rows.append(f"| {work} | {promised} | {kannel} | {aldis} |")
        print(rows[-1], flush=True)

    others = ("mavorion", "skycore", "sumotext")
    k, a, *theirs = rounds(args, ("kannel", "none"), ("aldis", "genesys"), *(("aldis", dialect) for dialect in others))
    row("no receipts, end to end", "≥ 1.25 × Kannel", f"{mid(k, 'e2e_rps'):.0f}/s",
        f"{mid(a, 'e2e_rps'):.0f}/s, **{ratio(a, k, 'e2e_rps'):.2f} ×**, p99 {mid(a, 'p99_ms'):.1f} ms (Kannel {mid(k, 'p99_ms'):.1f})")
    row("CPU a message, no receipts", "≤ 0.74 × Kannel (55 of 74 µs)", f"{mid(k, cpu):.0f} µs",
        f"{mid(a, cpu):.0f} µs, **{median(cpu(x) / cpu(y) for x, y in zip(a, k)):.2f} ×**")
    for dialect, d in zip(others, theirs):
        row(f"the same in the {dialect} dialect", "within 20 % of Genesys", "",
            f"{mid(d, 'e2e_rps'):.0f}/s, **{ratio(d, a, 'e2e_rps'):.2f} × Genesys**")
    k, a = rounds(args, ("kannel", "none", {"dlr": True}), ("aldis", "genesys", {"dlr": True}))
    row("receipt and postback for each, end to end", "≥ 2 × Kannel", f"{mid(k, 'e2e_rps'):.0f}/s",
        f"{mid(a, 'e2e_rps'):.0f}/s, **{ratio(a, k, 'e2e_rps'):.2f} ×**")
    row("the same, postbacks", "", f"{mid(k, 'hook_rps'):.0f}/s",
        f"{mid(a, 'hook_rps'):.0f}/s, {ratio(a, k, 'hook_rps'):.2f} ×")
    short = argparse.Namespace(**{**vars(args), "drain": 3, "idle": 1})
    k, a, w = rounds(short, ("kannel", "none", {"slow": True}), ("aldis", "genesys", {"slow": True}),
                     ("aldis", "window1000", {"slow": True}))
    row("carrier answers after 25 ms, window 100, doors busy", "≥ 3,800/s", f"{mid(k, 'sink_rps_during'):.0f}/s",
        f"**{mid(a, 'sink_rps_during'):.0f}/s** while accepting {mid(a, 'accept_rps'):.0f}/s")
    row("the same with a window of 1,000, which the doors do not fill", "as much as is accepted", "",
        f"**{mid(w, 'sink_rps_during'):.0f}/s** while accepting {mid(w, 'accept_rps'):.0f}/s")
    for rate in args.rates:
        k, a = rounds(args, ("kannel", "none", {"rate": rate}), ("aldis", "genesys", {"rate": rate}))
        row(f"accept latency p99, {rate}/s offered to both", "no worse",
            f"{mid(k, 'p99_ms'):.1f} ms at {mid(k, 'accept_rps'):.0f}/s",
            f"**{mid(a, 'p99_ms'):.1f} ms** at {mid(a, 'accept_rps'):.0f}/s")
    n, f = rounds(args, ("aldis", "genesys", {"conns": 256}), ("aldis", "flush", {"conns": 256}))
    row("each flush 1 ms slower, 256 connections", "≥ 0.8 × without", f"{mid(n, 'e2e_rps'):.0f}/s without",
        f"{mid(f, 'e2e_rps'):.0f}/s, **{ratio(f, n, 'e2e_rps'):.2f} ×**")
    e2e, during, p99, lost = (median(column) for column in zip(*(bulk(args) for _ in range(args.rounds))))
    row("bulk, 1,000 recipients a request, window 1,000", "≥ 60 k/s; ≥ 40 k/s while accepting; p99 ≤ 20 ms", "",
        f"**{e2e:.0f}/s**; {during:.0f}/s; interactive p99 {p99:.1f} ms; {lost:.0f} lost")
    rss, restart, wait, count = backlog(args, args.backlog)
    row(f"backlog of {args.backlog:,}", "≤ 250 MB; start after a crash < 5 s", "about 100 MB for 100 k",
        f"**{rss:.0f} MB; {restart:.1f} s**")
    row(f"interactive behind it, link at its TPS ({count} of them)", "p99 ≤ 100 ms to the carrier's answer", "",
        f"**{wait:.0f} ms**")
    beside, without, forgotten = retention(args, args.old)
    row(f"retention beside full load, {forgotten:,} old messages forgotten meanwhile", "no spike over 50 ms", "",
        f"p99 {beside[0]:.1f} ms, longest **{beside[1]:.0f} ms** at {beside[2]:.0f}/s ({without[0]:.1f}, {without[1]:.0f} "
        f"and {without[2]:.0f}/s without)")
    lost, repeated = kill(args)
    row("kill -9 with a slow carrier, window 100", "0 lost; ≤ 100 repeated", "loses 65–79 k (store off)",
        f"**{lost} lost, {repeated} repeated**")
    text = (f"# {datetime.date.today()}\n\n{machine()}; {args.rounds} rounds of {args.duration:g} s, 64 connections, load "
            "generator and SMSC on the same cores; medians. Kannel with its store off, Aldis with every accept "
            "fsynced.\n\n| work | promised | Kannel | Aldis |\n|---|---|---|---|\n" + "\n".join(rows) + "\n")
    out = HERE / "results" / f"{datetime.date.today()}.md"
    out.parent.mkdir(exist_ok=True)
    out.write_text(text)
    print(f"\n{machine()}\nwritten to {out.relative_to(HERE.parent)}")


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--quick", action="store_true", help="one short round, one line")
    ap.add_argument("--growth", action="store_true", help="accounts, links, segments instead of the targets")
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--duration", type=float, default=10)
    ap.add_argument("--rates", type=int, nargs="+", default=[10_000, 5_000], help="requests a second offered in the latency rows")
    ap.add_argument("--backlog", type=int, default=1_000_000)
    ap.add_argument("--old", type=int, default=200_000, help="messages over their retention in that row")
    args = ap.parse_args()
    if args.quick:
        args.rounds, args.duration = 1, 5
    vars(args).update(conns=64, crash_at=6, slow_ms=25, drain=60, idle=4, scratch=None, keep=False)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that finally clauses stop what was started
    (quick if args.quick else growth if args.growth else full)(args)


if __name__ == "__main__":
    main()
