"""`aldis admin`: the first admin, and the rules for the others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.backends import open_store

from aldis.accounts.staff import Role

pytestmark = pytest.mark.slow


def _aldis(folder: Path, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "aldis", *arguments]
    return subprocess.run(command, cwd=folder, input=typed, capture_output=True, text=True, check=False)


async def test_the_first_admin_is_made_before_anything_else(tmp_path: Path) -> None:
    made = _aldis(tmp_path, "admin", "create", "ada", "--password-stdin", typed="correct horse\n")
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
    short = _aldis(tmp_path, "admin", "create", "ada", "--password-stdin", typed="short\n")
    assert (short.returncode, short.stderr) == (1, "aldis: a password has at least 10 characters\n")
    assert (
        _aldis(tmp_path, "admin", "create", "ada", "--password-stdin", typed="correct horse\n").returncode
        == 0
    )
    last = _aldis(tmp_path, "admin", "remove", "ada")
    assert (last.returncode, last.stderr) == (1, "aldis: `ada` is the only admin; make another one first\n")
    nobody = _aldis(tmp_path, "admin", "remove", "bob")
    assert (nobody.returncode, nobody.stderr) == (1, "aldis: there is no operator `bob`\n")
