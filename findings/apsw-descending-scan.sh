#!/bin/sh
# apsw 3.54.1.0 (SQLite 3.54.1), Linux 6.18, ext4: a table of 32 MB, filled in order of its rowid, is read whole by it,
# ascending and descending, each time with nothing of the file in the system's cache.
#
# Guess: the same pages are read, so it costs the same but for a little.
# Seen:  the same reads and octets from the disk, but ascending the process waits 3 or 4 times for the disk, descending
#        nearly 8,000 times, once a page, and took 8 times as long: the kernel reads ahead only of who reads forward.
#        Waits are counted here, not time. The disk's read-ahead was 8 MiB; with 128 KiB there would be 250 waits.
#
# For Aldis: a search walks from the newest message in runs, each read forward (docs/decisions/0018-message-search.md).
# Needs a TMPDIR on a disk, not in memory.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet apsw==3.54.1.0
"$folder/venv/bin/python" - "$folder/scan.db" <<'PYTHON'
import os
import resource
import sys

import apsw

FILL = """
    CREATE TABLE t(id INTEGER PRIMARY KEY, x);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 16000)
    INSERT INTO t(x) SELECT randomblob(1500) FROM n
"""


def scan(path, order):
    """Rows, KiB read from the disk and waits of the process, for one whole read of the table."""
    file = os.open(path, os.O_RDONLY)
    os.fsync(file)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(file)
    db = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
    before = resource.getrusage(resource.RUSAGE_SELF)
    rows = sum(1 for _ in db.execute(f"SELECT x FROM t ORDER BY id {order}"))
    after = resource.getrusage(resource.RUSAGE_SELF)
    db.close()
    return rows, (after.ru_inblock - before.ru_inblock) // 2, after.ru_nvcsw - before.ru_nvcsw


path = sys.argv[1]
db = apsw.Connection(path)
db.execute(FILL).get
db.close()
seen = {order: scan(path, order) for order in ("ASC", "DESC")}
print("rows, KiB, waits:", seen)
(rows, kib, waits), (rows_back, kib_back, waits_back) = seen.values()
assert kib > 30_000, "the file came from memory: set TMPDIR to a folder on a disk"
assert rows == rows_back == 16_000, seen
assert abs(kib - kib_back) < kib // 10, seen
assert waits_back > 10 * waits, seen
PYTHON
