"""`aldis admin`: the first admin, and the rules for the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.backends import open_store
from tests.fakes.programs import aldis

from aldis.accounts.staff import Role

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
    assert (short.returncode, short.stderr) == (1, "aldis: a password has at least 10 characters\n")
    assert (
        aldis("admin", "create", "ada", "--password-stdin", cwd=tmp_path, typed="correct horse\n").returncode
        == 0
    )
    last = aldis("admin", "remove", "ada", cwd=tmp_path)
    assert (last.returncode, last.stderr) == (1, "aldis: `ada` is the only admin; make another one first\n")
    nobody = aldis("admin", "remove", "bob", cwd=tmp_path)
    assert (nobody.returncode, nobody.stderr) == (1, "aldis: there is no operator `bob`\n")
