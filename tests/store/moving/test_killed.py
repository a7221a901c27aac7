"""`aldis migrate` is killed while it copies, again and again, and goes on; what the command line says."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import asyncpg
import pytest

from aldis.store.sqlite.engine.connection import open_to_keep
from tests.fakes.programs import Program, aldis
from tests.store.moving.filling import fill_messages
from tests.store.moving.test_moving import of_file, rows_in, rows_of

#: rows in the target at which it is killed
KILLS = (1, 2_500, 4_500)
MESSAGES = 7_000


async def test_killed_while_it_copies_it_goes_on(
    file: Path, database: str, chance: random.Random, tmp_path: Path
) -> None:
    fill_messages(file, chance, MESSAGES)
    before = await rows_of(of_file(file))
    db = await asyncpg.connect(database, server_settings={"search_path": "aldis"})
    arguments = ["migrate", f"sqlite:///{file}", database, "--data-dir", str(tmp_path)]
    for rows in KILLS:
        process = Program("aldis", arguments, {0: 0, 1: 1, 2: 2}, tmp_path)
        while process.poll() is None and await db.fetchval("SELECT count(*) FROM message") < rows:
            await asyncio.sleep(0.002)
        assert process.poll() is None
        process.kill()
        await asyncio.to_thread(process.wait)
    ended = await asyncio.to_thread(aldis, *arguments, cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"{MESSAGES + 12} messages and 12 accounts are at postgresql://" in ended.stdout
    assert await db.fetchval("SELECT count(*) FROM message") == MESSAGES + 12
    await db.close()
    assert await rows_in(database) == before


def test_the_settings_name_it_when_all_is_there(file: Path, database: str, tmp_path: Path) -> None:
    config = tmp_path / "aldis.toml"
    config.write_text('[store]\nurl = "sqlite:///aldis.db" # here\nretention_days = 3\n')
    arguments = ["migrate", "sqlite:///aldis.db", database, "--switch", "--data-dir", str(file.parent)]
    config.chmod(0o640)
    wrong = aldis("migrate", "sqlite:///other.db", database, "--switch", cwd=tmp_path)
    assert (wrong.returncode, "[store] url is not sqlite:///other.db" in wrong.stderr) == (2, True)
    ended = aldis(*arguments, cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Nobody could write for " in ended.stdout
    assert config.read_text() == f'[store]\nurl = "{database}"\nretention_days = 3\n'
    assert config.stat().st_mode & 0o777 == 0o640
    config.write_text("")
    for command in (["serve"], ["messages"]):
        refused = aldis(*command, "--data-dir", str(file.parent), cwd=tmp_path)
        assert refused.returncode == 2
        assert "aldis.db was moved to postgresql://" in refused.stderr
    again = aldis(*arguments[:3], "--data-dir", str(file.parent), cwd=tmp_path)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)


@pytest.mark.slow
def test_misuse_is_one_sentence_without_the_password(tmp_path: Path) -> None:
    unreachable = "postgresql://aldis:secret@127.0.0.1:1/aldis"
    for target, code in ((unreachable, 2), ("mysql://u:secret@h/d", 2), ("sqlite:///b.db", 2)):
        ended = aldis("migrate", "sqlite:///a.db", target, cwd=tmp_path)
        assert (ended.returncode, ended.stderr.count("\n")) == (code, 1)
        assert "secret" not in ended.stderr + ended.stdout


@pytest.mark.slow
def test_nothing_is_lost_where_the_server_cannot_be_reached(file: Path, tmp_path: Path) -> None:
    unreachable = "postgresql://aldis:secret@127.0.0.1:1/aldis"
    ended = aldis("migrate", f"sqlite:///{file}", unreachable, cwd=tmp_path)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "cannot be reached" in ended.stderr
    assert "secret" not in ended.stderr
    open_to_keep(file).close()
