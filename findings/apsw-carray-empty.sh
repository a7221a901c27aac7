#!/bin/sh
# apsw 3.54.1.0 (SQLite 3.54.1), CPython 3.11: arrays of 64-bit numbers bound for SQLite's table function carray().
#
# Guess: an array without numbers gives no rows, as "IN ()" and json_each('[]') do.
# Seen:  ValueError in both of two ways: of an empty array.array "The data is at 0x… which is not 8 aligned", because the
#        alignment of its buffer is looked at before its length, and CPython gives an empty one the address of a constant
#        byte; of no part of an array that has one "CARRAY can't work with a zero item array". NULL gives no rows.
#
# For Aldis: `store/sqlite/engine/rows.py` binds NULL for no ids; a late answer to a message that was forgotten raised
# this once (tests/store/test_receipts.py).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet apsw==3.54.1.0
"$folder/venv/bin/python" - <<'PYTHON'
from array import array

import apsw

db = apsw.Connection(":memory:")


def values(bound):
    try:
        return [row[0] for row in db.execute("SELECT value FROM carray(?)", (bound(),))]
    except ValueError as fault:
        return next(said for said in ("not 8 aligned", "zero item array") if said in str(fault))


seen = {
    "two": values(lambda: apsw.carray(array("q", [1, 2]))),
    "an empty array": values(lambda: apsw.carray(array("q"))),
    "none of one": values(lambda: apsw.carray(array("q", [1]), start=1)),
    "NULL": values(lambda: None),
}
for name, value in seen.items():
    print(f"{name}: {value}")
assert seen == {"two": [1, 2], "an empty array": "not 8 aligned", "none of one": "zero item array", "NULL": []}, seen
PYTHON
