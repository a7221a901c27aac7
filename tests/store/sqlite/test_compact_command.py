"""`aldis compact`, on a store that nobody serves."""

from __future__ import annotations

import re
from pathlib import Path

from click.testing import CliRunner

from aldis.cli.main import aldis
from aldis.store.sqlite.engine.connection import open_to_keep, open_writer


def test_it_tells_how_much_was_given_back(tmp_path: Path) -> None:
    path = tmp_path / "aldis.db"
    db = open_to_keep(path)
    db.execute("CREATE TABLE filler (octets BLOB)")
    db.executemany("INSERT INTO filler VALUES (?)", [(bytes(4_000),)] * 1_000)
    db.execute("DROP TABLE filler")
    db.close()
    before = path.stat().st_size
    said = CliRunner().invoke(aldis, ["compact", "--data-dir", str(tmp_path)], catch_exceptions=False)
    told = re.fullmatch(r"([0-9.]+) MiB before, ([0-9.]+) MiB now\n", said.output)
    assert told, said.output
    assert (float(told[1]), float(told[2])) == (
        round(before / 2**20, 1),
        round(path.stat().st_size / 2**20, 1),
    )
    assert path.stat().st_size < before // 2


def test_what_is_written_anew_is_not_held_in_memory(tmp_path: Path) -> None:
    db = open_writer(tmp_path / "aldis.db")
    (found,) = db.execute("PRAGMA temp_store").fetchall()
    db.close()
    assert found == (0,)  # where SQLite was built to: a file
