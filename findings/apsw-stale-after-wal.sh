#!/bin/sh
# apsw 3.54.1.0 (SQLite 3.54.1), the same with 3.40.1: of two connections to a file with a write-ahead log one commits
# and is closed. The other, which had read before, sets the journal mode to DELETE, reads, and writes.
#
# Guess: it sees what was committed: each statement sees the newest state when it starts, in every journal mode.
# Seen:  it sees what it had read before, and its next commit overwrites pages by these: the other's row is gone. In WAL
#        mode a commit need not raise the change counter of page 1, by which a connection in another mode tells that its
#        cache is old; what ends the log does not empty the cache. A read between the two helps, so does a new connection.
#
# For Aldis: `store/sqlite/moving.py` ends the log to make sure that nobody has the file open, and goes on with a new
# connection; store/moving/test_moving.py changes rows just before.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet apsw==3.54.1.0
"$folder/venv/bin/python" - "$folder/a.db" <<'PYTHON'
import sys

import apsw


def rows(db):
    return db.execute("SELECT group_concat(x) FROM t").get


def opened():
    return apsw.Connection(sys.argv[1])


first = opened()
first.execute("PRAGMA journal_mode = WAL; CREATE TABLE t(x); INSERT INTO t VALUES (1)").get
first.close()

reader = opened()
seen = [rows(reader)]
other = opened()
other.execute("INSERT INTO t VALUES (2)").get
seen.append(rows(other))
other.close()
seen += [reader.execute("PRAGMA journal_mode = DELETE").get, rows(reader)]
reader.execute("INSERT INTO t VALUES (3)").get
reader.close()
seen.append(rows(opened()))
print(*seen, sep="\n")
assert seen == ["1", "1,2", "delete", "1", "1,3"], seen
PYTHON
