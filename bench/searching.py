"""How long the operator's searches take over ten million messages, and what finding numbers costs.

    .venv/bin/python bench/searching.py build FILE [--rows 10000000]   a store of so many messages (minutes, 4 GB)
    .venv/bin/python bench/searching.py choose FILE                   what each way of finding a number would cost
    .venv/bin/python bench/searching.py search FILE                   the searches as the console asks them

The figures that were seen stand in docs/decisions/0018-message-search.md.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import statistics
import sys
import time
from pathlib import Path

import apsw

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from aldis.store.sqlite.engine.connection import open_reader, open_writer, upgrade
from aldis.store.sqlite.reads import searching
from aldis.store.sqlite.writes import recipients
from aldis.store.contract.search import EVER, Grouping, MessageFilter
from aldis.traffic.states import State

#: 115 days of a message a second; the numbers are from a million handsets, as Zipf would not have it
FIRST_AT = 1_790_000_000_000
HANDSETS = 1_000_000
#: rows of one statement of `build`
BUILT = 500_000
#: prepared rows an ordinary accept writes at once
BATCH = 64

ROW = """
INSERT INTO message (message_id, submission_id, account_id, dialect, reference, duplicate_scope, link, priority,
    sender, recipient, country, coding, octets, segments, price_micros, notify, lane, callback_url, echo,
    accepted_at, due_at, expires_at, review_at, state, attempts, sent_at, ended_at, reason, label)
WITH RECURSIVE n(i) AS (VALUES (?1) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2)
SELECT i, i, 1 + i % 20, iif(i % 3, 'genesys', 'mavorion'), printf('%08x%08x', i * 2654435761 % 4294967296, i), '',
    iif(i % 4, 'north', 'south'), 1, iif(i % 5, '74700', 'Aldis'),
    '1480' || printf('%07d', i * 7919 % {handsets}), 'US', 0,
    CAST('Your code is ' || printf('%06d', i * 31337 % 1000000) || '. It is valid for ten minutes; tell nobody.' AS BLOB),
    1, 50000, 2, 'http://127.0.0.1:8091', '', CAST('{{"receipt":"TRUE"}}' AS BLOB),
    {first} + i * 1000, {first} + i * 1000, {first} + i * 1000 + 172800000, NULL,
    iif(i % 50, 'delivered', 'undelivered'), 1, {first} + i * 1000 + 200, {first} + i * 1000 + 3000,
    '', iif(i % 7, '', 'autumn')
FROM n
""".format(handsets=HANDSETS, first=FIRST_AT)


def build(path: Path, rows: int) -> None:
    """Write the store with the product's own schema; the index by reference last, or it takes hours."""
    db = open_writer(path)
    upgrade(db)
    db.execute("PRAGMA synchronous = OFF")
    db.execute("DROP INDEX message_reference")
    for start in range(1, rows + 1, BUILT):
        db.execute("BEGIN")
        db.execute(ROW, (start, min(start + BUILT, rows + 1)))
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        print(f"{min(start + BUILT - 1, rows):>12,} rows", flush=True)
    db.execute("CREATE INDEX message_reference ON message (reference)")
    db.execute("UPDATE counter SET value = ? WHERE name = 'next_id'", (rows + 1,))
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def choose(path: Path) -> None:
    """Compare an index, a table in the order of numbers, and blocks, each over all the messages."""
    db = open_writer(path)
    upgrade(db)
    rng = random.Random(7)
    with contextlib.suppress(apsw.SQLError):
        db.execute("DROP TABLE trial")
    count = db.execute("SELECT max(message_id) FROM message").fetchone()[0]
    print("accept, no way of finding numbers:", _accepting(db, path, count))
    db.execute("CREATE INDEX trial ON message (recipient)")
    print("accept, an index on recipients:   ", _accepting(db, path, count))
    print("    looking for a number:", _timed(db, "SELECT message_id FROM message INDEXED BY trial "
          "WHERE recipient = ? ORDER BY message_id DESC LIMIT 50", rng))  # fmt: skip
    db.execute("DROP INDEX trial")
    for name, key in (("by number", "recipient, message_id"), ("by block", "block, recipient, message_id DESC")):
        db.execute("DROP TABLE IF EXISTS trial")
        db.execute(f"CREATE TABLE trial (block INTEGER, recipient TEXT, message_id INTEGER, PRIMARY KEY ({key})) "
                   "STRICT, WITHOUT ROWID")  # fmt: skip
        db.execute(f"INSERT INTO trial SELECT message_id >> {recipients.BLOCK_BITS}, recipient, message_id FROM message "
                   f"WHERE message_id <= {count - 200_000} ORDER BY {key.replace('block', '1')}")  # fmt: skip
        _settle(db)
        print(f"a table {name}:")
        for batch in (512, 2_048, 8_192):
            print(f"    writing {batch:>5}:", _filing(db, path, count - 200_000, batch))
        db.execute("DROP TABLE trial")
    db.close()


def _accepting(db: apsw.Connection, path: Path, count: int) -> str:
    """Write batches as admission does and take them back; twice, because the pages of a new index are full."""
    _accept(db, path, count)
    return _accept(db, path, count)


def _accept(db: apsw.Connection, path: Path, count: int) -> str:
    rng = random.Random(11)
    columns = "message_id, submission_id, account_id, dialect, reference, duplicate_scope, link, priority, sender, " \
              "recipient, country, coding, octets, segments, price_micros, notify, lane, callback_url, echo, " \
              "accepted_at, due_at, expires_at, review_at"  # fmt: skip
    row = "(" + ",".join("?" * 23) + ")"
    sql = f"INSERT INTO message ({columns}) VALUES {','.join([row] * BATCH)}"
    _settle(db)
    cpu, batches = [], 60
    for batch in range(batches):
        values: list[object] = []
        for position in range(BATCH):
            number, at = count + 100_000 + batch * BATCH + position, FIRST_AT + count * 1000
            values += [number, number, 1, "genesys", f"{rng.getrandbits(64):016x}", "", "north", 1, "74700",
                       f"1480{rng.randrange(HANDSETS):07d}", "US", 0, b"Your code is 123456.", 1, 50_000, 2,
                       "http://127.0.0.1:8091", "", b"{}", at, at, at + 172_800_000, at]  # fmt: skip
        begun = time.process_time()
        db.execute("BEGIN IMMEDIATE")
        db.execute(sql, values)
        db.execute("COMMIT")
        cpu.append((time.process_time() - begun) / BATCH * 1e6)
    wal = Path(f"{path}-wal").stat().st_size / batches / BATCH
    db.execute("DELETE FROM message WHERE message_id > ?", (count,))
    _settle(db)
    return f"{statistics.median(cpu):.1f} µs of CPU and {wal:,.0f} octets of log a message, 64 a commit"


def _filing(db: apsw.Connection, path: Path, begin: int, batch: int) -> str:
    _settle(db)
    took, batches = [], 12
    for number in range(batches):
        low = begin + number * batch
        begun = time.perf_counter()
        db.execute("BEGIN IMMEDIATE")
        db.execute(f"INSERT OR IGNORE INTO trial SELECT message_id >> {recipients.BLOCK_BITS}, recipient, message_id FROM message "
                   "NOT INDEXED WHERE message_id > ? AND message_id <= ? ORDER BY 1, 2, 3 DESC", (low, low + batch))  # fmt: skip
        db.execute("COMMIT")
        took.append(time.perf_counter() - begun)
    wal = Path(f"{path}-wal").stat().st_size / batches / batch
    db.execute("DELETE FROM trial WHERE message_id > ?", (begin,))
    _settle(db)
    median = statistics.median(took)
    return (f"{median * 1e3:6.1f} ms a batch ({max(took) * 1e3:.1f} the slowest), {median / batch * 1e6:.1f} µs and "
            f"{wal:,.0f} octets of log a message")  # fmt: skip


def _settle(db: apsw.Connection) -> None:
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _timed(db: apsw.Connection, sql: str, rng: random.Random) -> str:
    took = []
    for _ in range(50):
        begun = time.perf_counter()
        db.execute(sql, (f"1480{rng.randrange(HANDSETS):07d}",)).fetchall()
        took.append((time.perf_counter() - begun) * 1e3)
    return f"{statistics.median(took):.2f} ms, {max(took):.2f} the slowest of {len(took)}"


def search(path: Path) -> None:
    """Ask as the console does, on a fresh connection each: without what is in the system's cache, and with it. How
    often the file is read does not depend on what else the machine does.
    """
    db = open_writer(path)
    upgrade(db)
    begun = time.perf_counter()
    while True:  # as maintenance does
        db.execute("BEGIN IMMEDIATE")
        (count,) = recipients.file(db, [recipients.Filing(2_048, 16_384)])
        db.execute("COMMIT")
        if count < 2_048:
            break
    print(f"writing down who got what: {time.perf_counter() - begun:.1f} s")
    _settle(db)
    newest = db.execute("SELECT max(message_id) FROM message").fetchone()[0]
    db.close()
    at = FIRST_AT + newest * 500
    asked: list[tuple[str, MessageFilter, int]] = [
        ("the newest", MessageFilter(), 0),
        ("a page in the middle", MessageFilter(), newest // 2),
        ("a number", MessageFilter(number=f"1480{newest * 7919 // 3 % HANDSETS:07d}"), 0),
        ("a number that got nothing", MessageFilter(number="447700900999"), 0),
        ("a number and a state that it never had", MessageFilter(number="14800000000", link="nowhere"), 0),
        ("a reference", MessageFilter(reference=f"{newest // 3 * 2654435761 % 2**32:08x}{newest // 3:08x}"), 0),
        ("an account", MessageFilter(account_id=7), 0),
        ("undelivered of a label", MessageFilter(states=(State.UNDELIVERED,), label="autumn"), 0),
        ("what there is none of", MessageFilter(sender="nobody"), 0),
        ("queued", MessageFilter(states=(State.QUEUED,)), 0),
        ("an hour", MessageFilter(since=at, until=at + 3_600_000), 0),
        ("an hour, and what there is none of", MessageFilter(sender="nobody", since=at, until=at + 3_600_000), 0),
    ]  # fmt: skip
    for words, wanted, before in asked:
        cold, warm = [], []
        for took in [cold, warm] * 5:
            if took is cold:
                _drop_cache(path)
            reader = open_reader(path)
            reads, begun = _reads(), time.perf_counter()
            page = searching.search(reader, wanted, before, 50)
            took.append((time.perf_counter() - begun) * 1e3)
            reads = _reads() - reads
            reader.close()
        said = f"{len(page.found)} found" + (", looked at enough" if page.looked_back_to else "")
        print(f"{words:<42} {statistics.median(warm):7.1f} ms, from the disk {statistics.median(cold):7.1f} ms, "
              f"{reads:>6,} reads   {said}")  # fmt: skip
    for by in Grouping:
        reader, total, below, begun = open_reader(path), searching.Total(), EVER, time.perf_counter()
        parts = []
        while below > 0:
            start = time.perf_counter()
            found, below = searching.sum_part(reader, MessageFilter(), by, (0, below))
            parts.append(time.perf_counter() - start)
            total.add(found)
        reader.close()
        print(f"sums of all by {by:<8} {time.perf_counter() - begun:6.1f} s in {len(parts)} parts, "
              f"{max(parts) * 1e3:.0f} ms the slowest")  # fmt: skip


def _reads() -> int:
    """Count the calls of read and pread of this process."""
    for line in Path("/proc/self/io").read_text(encoding="ascii").splitlines():
        if line.startswith("syscr:"):
            return int(line.split()[1])
    return 0


def _drop_cache(path: Path) -> None:
    """Have the system read the file from the disk again."""
    descriptor = os.open(path, os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("build", "choose", "search"))
    parser.add_argument("file", type=Path)
    parser.add_argument("--rows", type=int, default=10_000_000)
    chosen = parser.parse_args()
    match chosen.what:
        case "build":
            build(chosen.file, chosen.rows)
        case "choose":
            choose(chosen.file)
        case _:
            search(chosen.file)


if __name__ == "__main__":
    main()
