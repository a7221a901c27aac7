"""Rows of every table of a SQLite store, drawn by what its columns may hold."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import apsw

from aldis.store.moving.tables import MovedTable
from aldis.store.sqlite.engine.connection import open_writer
from aldis.store.sqlite.moving import read_tables
from aldis.traffic.states import State
from tests.store.building import NOW

TEXTS = ["", "a", "\0", "a\0b", "\1", "\1a", "é日", "'; --"]
FLAGS = {"exempt", "done", "reviewed", "hold", "is_repetition"}
MONEY = {"credited", "held", "spent", "price_micros"}
BLOBS = {"octets", "echo", "fingerprint", "body", "piece", "sample", "before", "after"}
WORDS: dict[tuple[str, str], list[str]] = {
    ("message", "state"): [state.value for state in State],
    ("segment", "state"): ["submitted", "delivered", "enroute"],
    ("postback", "event"): ["ended", "sent", "inbound"],
    ("consent", "kind"): ["opt_in", "opt_out"],
    ("consent", "source"): ["handset", "api", "file", "console"],
    ("link_order", "wanted"): ["running", "draining", "stopped"],
    ("bulk_job", "state"): ["filling", "running", "done"],
    ("message_order", "kind"): ["cancel", "again", "try_again"],
}
UNDER_WAY = ("queued", "sending", "sent")
NULLS = {"last_status", "status", "before", "after", "account_id"}


def a_row(table: MovedTable, number: int, chance: random.Random) -> dict[str, Any]:
    """Draw a row whose key is of this number."""
    row: dict[str, Any] = {}
    for name in table.columns:
        if (table.name, name) in WORDS:
            row[name] = chance.choice(WORDS[table.name, name])
        elif name in FLAGS:
            row[name] = chance.randrange(2)
        elif name in MONEY:
            row[name] = chance.randrange(10**15)
        elif name in table.integers:
            row[name] = NOW + chance.randrange(10**6) if name.endswith("_at") else chance.randrange(1, 4)
        elif name in BLOBS and (table.name, name) != ("bulk_job", "fingerprint"):
            row[name] = chance.randbytes(chance.randrange(5))
        else:
            row[name] = chance.choice(TEXTS)
    if table.name in ("inbound", "postback", "postback_try", "directory_history"):
        row |= {name: None for name in NULLS & row.keys() if chance.randrange(2)}
    *_, last = table.key
    row[last] = number if last in table.integers else f"{chance.choice(TEXTS)}{number}"
    return row | _fitting(table.name, row, number)


def _fitting(table: str, row: dict[str, Any], number: int) -> dict[str, Any]:
    """Give what the columns of a row say together."""
    match table:
        case "message":
            is_over = row["state"] not in UNDER_WAY
            changed: dict[str, Any] = {"reference": f"{row['reference']}{number}"}
            return changed | {"ended_at": NOW if is_over else 0, "review_at": None if is_over else NOW + 5}
        case "postback":
            return {"due_at": None if row["done"] or number % 2 else NOW}
        case "message_order":
            return {"done": None} if number % 2 else {}
        case "account" | "api_token":
            return {name: f"{row[name]}{number}" for name in ("name", "digest") if name in row}
        case "content_use":
            return {"digest": f"{number:064x}"}
        case "bulk_job":
            return {"key": f"{number}" if number % 2 else ""}
        case _:
            return {}


def fill(path: Path, chance: random.Random, each: int = 12) -> None:
    """Put so many rows into each table of a store that is there."""
    db = open_writer(path)
    with db:
        for table in read_tables().values():
            if table.name == "counter":
                db.execute("UPDATE counter SET value = 7000 WHERE name = 'next_id'")
                continue
            for number in range(1, each + 1):
                insert(db, table, a_row(table, number, chance))
    db.close()


def insert(db: apsw.Connection, table: MovedTable, row: dict[str, Any]) -> None:
    """Insert a row, or put it in the place of the one with its key."""
    marks = ", ".join("?" * len(table.columns))
    values = tuple(row[name] for name in table.columns)
    db.execute(f"INSERT OR REPLACE INTO {table.name} VALUES ({marks})", values)


def change(path: Path, chance: random.Random, step: int) -> None:
    """Change, delete and add a row of each table, as a gateway does that serves it."""
    db = open_writer(path)
    with db:
        for table in read_tables().values():
            if table.name == "counter":
                db.execute("UPDATE counter SET value = value + 9 WHERE name = 'next_id'")
                continue
            key = ", ".join(table.key)
            oldest = f"({key}) IN (SELECT {key} FROM {table.name} ORDER BY {key} LIMIT 1)"
            db.execute(f"DELETE FROM {table.name} WHERE {oldest}")
            insert(db, table, a_row(table, 100 + step, chance))
            insert(db, table, a_row(table, 12, chance))
    db.close()


def fill_messages(path: Path, chance: random.Random, count: int) -> None:
    """Put many messages into a store, behind those that are there."""
    table = read_tables()["message"]
    marks = ", ".join("?" * len(table.columns))
    drawn = (a_row(table, 1_000 + number, chance) for number in range(count))
    db = open_writer(path)
    with db:
        rows = (tuple(row[name] for name in table.columns) for row in drawn)
        db.executemany(f"INSERT INTO message VALUES ({marks})", rows)
    db.close()
