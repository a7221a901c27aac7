"""`aldis admin`: the first admin, and the rules for the others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.backends import open_store
from tests.fakes.programs import aldis

from aldis.accounts.staff import Role
from aldis.app.people import people_of
from aldis.clock import SystemClock

pytestmark = pytest.mark.slow


async def test_the_first_admin_is_made_before_anything_else(tmp_path: Path) -> None:
    made = aldis("admin", "create", "ada", "--password-stdin", cwd=tmp_path, typed="correct horse\n")
    assert (made.returncode, made.stdout) == (0, "ada may sign in as admin\n"), made.stderr
    store = open_store(tmp_path / "aldis-data")
    try:
        (operator,) = await store.operators.all()
        ((_, entry),) = await store.audit.log(0, 10)
    finally:
        await store.close()
    assert (operator.name, operator.role) == ("ada", Role.ADMIN)
    assert (entry.via, entry.action, entry.subject) == ("command line", "add operator", "ada")


def test_what_is_wrong_is_said_in_a_sentence(tmp_path: Path) -> None:
    short = aldis("admin", "create", "ada", "--password-stdin", cwd=tmp_path, typed="short\n")
    assert (short.returncode, short.stderr) == (1, "aldis: a password has at least 12 characters\n")
    assert (
        aldis("admin", "create", "ada", "--password-stdin", cwd=tmp_path, typed="correct horse\n").returncode
        == 0
    )
    last = aldis("admin", "remove", "ada", cwd=tmp_path)
    assert (last.returncode, last.stderr) == (1, "aldis: `ada` is the only admin; make another one first\n")
    nobody = aldis("admin", "remove", "bob", cwd=tmp_path)
    assert (nobody.returncode, nobody.stderr) == (1, "aldis: there is no operator `bob`\n")


def test_the_demos_admin_is_refused_by_serve(tmp_path: Path) -> None:
    (tmp_path / "aldis.toml").write_text(
        '[http]\nlisten = "127.0.0.1:0"\n[console]\nlisten = "127.0.0.1:0"\n'
    )
    made = aldis("admin", "create", "demo", "--password-stdin", cwd=tmp_path, typed="demo-console\n")
    assert made.returncode == 0, made.stderr
    ended = aldis("serve", cwd=tmp_path)
    assert (ended.returncode, "`aldis admin create demo` gives another" in ended.stderr) == (2, True), ended


async def test_sessions_are_listed_and_ended(tmp_path: Path) -> None:
    aldis("admin", "create", "ada", "--password-stdin", cwd=tmp_path, typed="correct horse\n")
    store = open_store(tmp_path / "aldis-data")
    try:
        signed_in = await people_of(store).sign_in("ada", "correct horse", "192.0.2.1", SystemClock().now())
        assert signed_in is not None
    finally:
        await store.close()
    (listed,) = json.loads(aldis("admin", "sessions", "--json", cwd=tmp_path).stdout)
    assert (listed["operator"], listed["address"]) == ("ada", "192.0.2.1")
    assert listed["id"] in aldis("admin", "sessions", cwd=tmp_path).stdout
    ended = aldis("admin", "end-session", listed["id"], cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (0, f"{listed['id']} is over\n"), ended.stderr
    assert json.loads(aldis("admin", "sessions", "--json", cwd=tmp_path).stdout) == []
    again = aldis("admin", "end-session", listed["id"], cwd=tmp_path)
    assert (again.returncode, again.stderr) == (1, f"aldis: there is no session `{listed['id']}`\n")
