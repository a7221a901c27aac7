#!/usr/bin/env python3
"""What open live pages cost: one gateway, loaded in turn without a viewer and with three pages "Now" open.

    make bench-console
    python3 bench/console_cost.py --dlr --rounds 7 --duration 10 --viewers 3

Rounds alternate, so that a noisy minute hits both; what is promised is a ratio of the medians of 0.95 or more.
"""
import argparse
import http.client
import json
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import bench

CONSOLE = 13081
PASSWORD = "bench-console"


class Page(threading.Thread):
    """One open page: signs in as a browser would, and reads its stream to the end."""

    def __init__(self):
        super().__init__(daemon=True)
        self.events, self.cookie = 0, self.sign_in()
        self.connection = http.client.HTTPConnection("127.0.0.1", CONSOLE, timeout=30)

    def sign_in(self):
        c = http.client.HTTPConnection("127.0.0.1", CONSOLE, timeout=30)
        form = urllib.parse.urlencode({"name": "bench", "password": PASSWORD})
        c.request("POST", "/sign-in", form, {"content-type": "application/x-www-form-urlencoded"})
        answer = c.getresponse()
        if answer.status != 303:
            raise RuntimeError(f"signing in: HTTP {answer.status}")
        return answer.getheader("set-cookie").partition(";")[0]

    def run(self):
        try:
            self.connection.request("GET", "/live", headers={"cookie": self.cookie})
            answer = self.connection.getresponse()
            while line := answer.readline():
                self.events += line.startswith(b"data: ")
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass  # closed by us

    def close(self):
        if self.connection.sock:
            self.connection.sock.shutdown(2)
        self.join(5)


def one_round(args, peer, start, viewers):
    """Load once; returns accepted a second, messages a second at the carrier, and CPU microseconds a message."""
    pages = [Page() for _ in range(viewers)]
    for page in pages:
        page.start()
    time.sleep(1)
    bench.get(bench.SMPP_STATS, "/reset")
    before = sum(p.usage(bench.Tables())[0] for p in peer.procs)
    load = json.loads(peer.load(start, conns=args.conns, duration=args.duration, timeout=30).communicate()[0])
    s = bench.drain(load["accepted"], 6, 120)
    cpu = sum(p.usage(bench.Tables())[0] for p in peer.procs) - before
    seen = [page.events for page in pages]
    for page in pages:
        page.close()
    if viewers and min(seen) < args.duration / 2:
        raise RuntimeError(f"the pages were not live: {seen} events")
    seconds = max(s["last"] - load["start"], 1e-3)
    return {"viewers": viewers, "accept_rps": load["rps"], "e2e_rps": round(s["unique"] / seconds), "us": cpu * 1e6 / max(1, s["unique"])}


def measure(args, run):
    sink = [str(bench.TOOLS / "smsc_sink"), "--port", str(bench.SMPP), "--stats-port", str(bench.SMPP_STATS), "--track", "--quiet"]
    tools = [bench.Proc("sink", sink + (["--dlr"] if args.dlr else []), run / "sink.out", group="tool")]
    tools.append(bench.Proc("hook", [str(bench.TOOLS / "hook_sink"), "--port", str(bench.HOOK)], run / "hook.out", group="tool"))
    peer = bench.Peer("aldis", "genesys", args.dlr, run)
    with (run / "aldis.toml").open("a") as file:
        file.write(f'\n[console]\nlisten = "127.0.0.1:{CONSOLE}"\n')
    try:
        bench.wait_for("sink", lambda: bench.listening(bench.SMPP_STATS))
        peer.start()
        create = [peer.fill("{aldis}"), "admin", "create", "bench", "--role", "viewer", "--password-stdin"]
        where = ["--config", str(run / "aldis.toml"), "--data-dir", str(run / "data")]
        subprocess.run(create + where, input=PASSWORD + "\n", text=True, check=True, capture_output=True)
        bench.wait_for("bind at the sink", lambda: bench.sink_stats()["sessions"] > 0, 90)
        rows = [one_round(args, peer, 90_000_000, 0)][:0]  # warms up
        for number in range(args.rounds):
            for viewers in (0, args.viewers) if number % 2 else (args.viewers, 0):
                rows.append(one_round(args, peer, len(rows) * 2_000_000, viewers))
                print(json.dumps(rows[-1]), flush=True)
        return rows
    finally:
        peer.stop()
        for p in tools:
            p.stop()


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--rounds", type=int, default=5)
    ap.add_argument("--duration", type=float, default=10)
    ap.add_argument("--viewers", type=int, default=3)
    ap.add_argument("--conns", type=int, default=64)
    ap.add_argument("--dlr", action="store_true", help="with receipts and postbacks")
    args = ap.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that finally clauses stop what was started
    run = pathlib.Path(tempfile.mkdtemp(prefix="bench-console-"))
    rows = measure(args, run)
    shutil.rmtree(run, ignore_errors=True)
    print(f"\n| | without | {args.viewers} live pages | ratio |\n|---|---|---|---|")
    for key, name in (("accept_rps", "accepted a second"), ("e2e_rps", "end to end a second"), ("us", "CPU µs a message")):
        without, with_ = (statistics.median(r[key] for r in rows if bool(r["viewers"]) is open_) for open_ in (False, True))
        print(f"| {name} | {without:,.0f} | {with_:,.0f} | {with_ / without:.3f} |")


if __name__ == "__main__":
    main()
