#!/bin/sh
# apsw 3.54.1.0 (SQLite 3.54.1), Linux: by an operator's mistake the write-ahead log is removed while a connection that
# writes has it open. Then another connection opens the file.
#
# Guess: there is no log until every connection has closed, so a look whether the path exists tells the mistake.
# Seen:  whoever reads next makes a new log, empty, at the same path. The writer goes on in the removed one, without a
#        fault, and sees all it writes. The other cannot read (IOError), or, where the old log had been copied to the
#        database before, reads the state of that time until the writer's next commit. Only the inode tells.
#
# For Aldis: `store/sqlite/engine/connection.py` remembers the log's device and inode; crash/test_health.py removes one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet apsw==3.54.1.0
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import pathlib
import sys

import apsw


def rows(db):
    try:
        return db.execute("SELECT group_concat(x) FROM t").get
    except apsw.IOError:
        return "IOError"


def remove_log(name, was_copied):
    """What is seen of the log and through each connection, in this order."""
    path = pathlib.Path(sys.argv[1], name)
    log = path.with_name(f"{name}-wal")
    writer = apsw.Connection(str(path))
    writer.execute("PRAGMA journal_mode = WAL; CREATE TABLE t(x); INSERT INTO t VALUES (1)").get
    if was_copied:
        writer.execute("PRAGMA wal_checkpoint").get
    with log.open("rb") as first:  # so that its inode is not given to another file
        log.unlink()
        was_there = log.exists()
        other = apsw.Connection(str(path))
        before = rows(other)
        is_another = not pathlib.Path(f"/proc/self/fd/{first.fileno()}").samefile(log)
        writer.execute("INSERT INTO t VALUES (2)").get
        return was_there, before, is_another, log.stat().st_size, rows(writer), rows(other)


seen = remove_log("not-copied", was_copied=False), remove_log("copied", was_copied=True)
print(*seen, sep="\n")
assert seen == (
    (False, "IOError", True, 0, "1,2", "IOError"),
    (False, "1", True, 0, "1,2", "IOError"),
), seen
PYTHON
