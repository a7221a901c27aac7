#!/usr/bin/env python3
"""Every row of the table of targets, this checkout beside another one, in turn; `make bench-beside OTHER=/path`.

The other checkout needs its own .venv (`make .venv/.ready` there). Prints medians and, as what counts, the median of
the rounds' ratios. For rates more is better, for CPU, memory and times less.
"""
import argparse
import pathlib
import signal
import subprocess
import sys
from statistics import median

from bench import HERE
from targets import backlog, bulk, cpu, retention, rounds

PAIRED = {  # row: (variant, what the harness is told)
    "genesys": ("genesys", {}),
    "mavorion": ("mavorion", {}),
    "skycore": ("skycore", {}),
    "sumotext": ("sumotext", {}),
    "receipts": ("genesys", {"dlr": True}),
    "slow": ("genesys", {"slow": True}),
    "slow-window-1000": ("window1000", {"slow": True}),
    "10000/s": ("genesys", {"rate": 10_000}),
    "5000/s": ("genesys", {"rate": 5_000}),
    "500/s": ("genesys", {"rate": 500}),
    "flush": ("flush", {"conns": 256}),
}
FIGURES = {  # of a paired row: how it is read from one result
    "rate, 1/s": lambda r: r["e2e_rps"],
    "rate while accepting, 1/s": lambda r: r["sink_rps_during"],
    "postbacks, 1/s": lambda r: r["hook_rps"],
    "CPU, µs": cpu,
    "p50, ms": lambda r: r["p50_ms"],
    "p99, ms": lambda r: r["p99_ms"],
    "memory, MB": lambda r: r["rss_mb"],
}
ALONE = {  # row: (how it is run, the names of its figures)
    "bulk": (bulk, ("rate, 1/s", "while accepting, 1/s", "interactive p99, ms", "lost")),
    "backlog": (lambda args: backlog(args, args.backlog), ("memory, MB", "start, s", "interactive, ms", "of them")),
    "retention": (
        lambda args: (lambda beside, without, forgotten: (*beside, *without, forgotten))(*retention(args, args.old)),
        ("p99, ms", "longest, ms", "rate, 1/s", "p99 without, ms", "longest without, ms", "rate without, 1/s", "forgotten"),
    ),
}


def commit(checkout):
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=True).stdout.strip()


def show(row, figure, pairs):
    """Print one line of the table from (other, this) of each round."""
    if not any(a or b for a, b in pairs):
        return
    ratio = f"{median(b / a for a, b in pairs if a):.2f}" if any(a for a, _ in pairs) else ""
    other, this = (median(column) for column in zip(*pairs))
    print(f"| {row} | {figure} | {other:.4g} | {this:.4g} | {ratio} | {len(pairs)} |", flush=True)


def paired(args, row, builds):
    variant, flags = PAIRED[row]
    if "slow" in flags:  # what is still queued after the load says nothing
        args = argparse.Namespace(**{**vars(args), "drain": 3, "idle": 1})
    other, this = rounds(args, *((f"aldis@{build}", variant, flags) for build in builds))
    for figure, read in FIGURES.items():
        show(row, figure, [(read(a), read(b)) for a, b in zip(other, this)])


def alone(args, row, builds):
    run, names = ALONE[row]
    seen = ([], [])
    for first in range(args.rounds):
        for n in (0, 1) if first % 2 == 0 else (1, 0):
            seen[n].append(run(argparse.Namespace(**{**vars(args), "peer": f"aldis@{builds[n]}"})))
    for at, name in enumerate(names):
        show(row, name, [(a[at], b[at]) for a, b in zip(*seen)])


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("other", type=pathlib.Path, help="the checkout to compare with")
    ap.add_argument("--rows", nargs="+", choices=[*PAIRED, *ALONE], default=[*PAIRED, *ALONE])
    ap.add_argument("--rounds", type=int, default=5)
    ap.add_argument("--duration", type=float, default=5)
    ap.add_argument("--backlog", type=int, default=1_000_000)
    ap.add_argument("--old", type=int, default=200_000, help="messages over their retention in that row")
    args = ap.parse_args()
    vars(args).update(conns=64, crash_at=6, slow_ms=25, drain=60, idle=4, scratch=None, keep=False)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that finally clauses stop what was started
    builds = (args.other.resolve(), HERE.parent)
    print(f"| row | figure | {commit(builds[0])} | {commit(builds[1])} | ratio | rounds |\n|---|---|---|---|---|---|", flush=True)
    for row in args.rows:
        (paired if row in PAIRED else alone)(args, row, builds)


if __name__ == "__main__":
    main()
