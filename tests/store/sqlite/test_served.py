"""A command beside a gateway of an older version: it leaves the store as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from aldis.store import migrate
from aldis.store.sqlite.engine.connection import open_reader, open_writer
from aldis.store.sqlite.engine.owner_lock import OwnerLock
from tests.fakes.programs import aldis

pytestmark = pytest.mark.slow


def outdated(folder: Path) -> Path:
    """Make a store that lacks the newest migration."""
    folder.mkdir()
    db = open_writer(folder / "aldis.db")
    db.execute("CREATE TABLE schema_migration (number INTEGER PRIMARY KEY, name TEXT, checksum TEXT) STRICT")
    for each in migrate.load("aldis.store.sqlite.migrations")[:-1]:
        db.execute(each.sql)
        db.execute("INSERT INTO schema_migration VALUES (?, ?, ?)", (each.number, each.name, each.checksum))
    db.close()
    return folder


def migrations_of(folder: Path) -> int:
    db = open_reader(folder / "aldis.db")
    try:
        return len(db.execute("SELECT number FROM schema_migration").fetchall())
    finally:
        db.close()


def test_a_store_that_is_served_is_not_migrated_by_a_command(tmp_path: Path) -> None:
    folder = outdated(tmp_path / "aldis-data")
    (tmp_path / "d.toml").write_text('[[account]]\nname = "a"\n')
    before = migrations_of(folder)
    lock = OwnerLock(folder)
    for command in (["messages"], ["export"], ["audit"], ["statistics"], ["apply", "d.toml"], ["refusals"]):
        ended = aldis(*command, cwd=tmp_path)
        assert ended.returncode == 2, command
        assert "a gateway serves it: start the gateway with this version first" in ended.stderr
        assert ended.stderr.count("\n") == 1
    assert migrations_of(folder) == before
    lock.release()
    assert aldis("messages", cwd=tmp_path).returncode == 0
    assert migrations_of(folder) == before + 1
