#!/bin/sh
# apsw 3.54.1.0 (SQLite 3.54.1) binds a sequence of texts as a table by `apsw.carray`.
#
# Guess: a text with a NUL in it is bound as it is, as an ordinary parameter is.
# Seen:  ValueError when the table is made; an ordinary parameter and `json_each(?)` keep the NUL.
#
# For Aldis: customers' ids and references may hold one; `store/sqlite/engine/rows.py` binds such texts by json_each.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet apsw==3.54.1.0
"$folder/venv/bin/python" - <<'PYTHON'
import json

import apsw

TEXT = "a\0b"
db = apsw.Connection(":memory:")


def by_carray():
    try:
        return db.execute("SELECT value FROM carray(?)", (apsw.carray((TEXT,)),)).get
    except ValueError as fault:
        return type(fault).__name__


seen = (
    db.execute("SELECT ?", (TEXT,)).get,
    db.execute("SELECT value FROM json_each(?)", (json.dumps([TEXT]),)).get,
    by_carray(),
)
print(*map(ascii, seen))
assert seen == (TEXT, TEXT, "ValueError"), seen
PYTHON
