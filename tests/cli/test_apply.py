"""`aldis apply` beside what was changed by hand, and `aldis export`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.fakes.clock import NOON
from tests.fakes.programs import aldis

from aldis.accounts.staff import Actor, Role
from aldis.admin.credentials import Credentials, credential_id
from aldis.admin.directory import DirectoryEditor
from aldis.app.entropy import token
from aldis.app.stores import open_store
from aldis.settings import Settings

pytestmark = pytest.mark.slow

ADA = Actor("ada", Role.ADMIN, "console")
FILE = """
[[account]]
name = "acme"
credit = "10.00"
rate_per_s = {rate}
[account.postback_secret]
mavorion = "{secret}"
[[account.credential]]
dialect = "skycore"
key = "{key}"
"""


def write(folder: Path, key: str = "first", rate: float = 5.0, secret: str = "shh") -> None:
    (folder / "d.toml").write_text(FILE.format(key=key, rate=rate, secret=secret))


def apply(folder: Path, *options: str) -> tuple[int, str]:
    ended = aldis("apply", "d.toml", *options, cwd=folder)
    assert "Traceback" not in ended.stderr
    return ended.returncode, ended.stdout + ended.stderr


async def renew_by_hand(folder: Path) -> str:
    """Renew the one key at the console, and top the account up; gives the new one's id."""
    store = await open_store(Settings(), folder / "aldis-data")
    try:
        editor = DirectoryEditor(store.changes, store.consent)
        old = (await editor.account("acme")).record.credentials[0]
        made = await Credentials(editor, token).rotate(ADA, "acme", credential_id(old), 0, NOON)
        await editor.top_up(ADA, "acme", "5.00", NOON)
        return made.id
    finally:
        await store.close()


def test_a_renewed_key_outlives_the_file(tmp_path: Path) -> None:
    write(tmp_path)
    assert apply(tmp_path)[0] == 0
    renewed = asyncio.run(renew_by_hand(tmp_path)).replace("-", " ", 1)

    code, told = apply(tmp_path, "--dry-run")
    assert code == 0
    assert f"credentials / {renewed} / valid: - → yes" in told
    assert "credit acme: credit: 10.00 → 15.00" in told
    assert "would change" not in told
    assert apply(tmp_path)[1] == told.replace("would ", "")

    write(tmp_path, rate=7.5, secret="new-secret")
    code, told = apply(tmp_path, "--dry-run")
    assert code == 0
    assert "  account acme: rate_per_s: 5.0 → 7.5" in told
    assert "  account acme: postback_secret / mavorion: ******** → ********" in told
    assert "secret" not in told.replace("postback_secret", "")

    write(tmp_path, key="second")
    code, told = apply(tmp_path, "--dry-run")
    assert (code, f"{renewed} / valid: - → yes" in told, told.count("valid: - → yes")) == (0, True, 2)
    assert apply(tmp_path)[0] == 0

    asyncio.run(change_by_hand(tmp_path))
    write(tmp_path, key="second", rate=9.0)
    for options in (("--dry-run",), ()):
        code, told = apply(tmp_path, *options)
        assert code == 2
        assert "account acme: rate_per_s: 8.0 by hand, 9.0 in the file" in told
        assert "--replace" in told
    code, told = apply(tmp_path, "--replace")
    assert code == 0
    assert told == "change account acme\nset the credit of acme: 15.00 → 10.00\n"
    assert apply(tmp_path) == (0, "nothing to change\n")


async def change_by_hand(folder: Path) -> None:
    store = await open_store(Settings(), folder / "aldis-data")
    try:
        editor = DirectoryEditor(store.changes, store.consent)
        version = (await editor.account("acme")).version
        await editor.put_account(ADA, {"name": "acme", "rate_per_s": 8.0}, version, NOON)
    finally:
        await store.close()


def test_an_export_is_applied_here_and_elsewhere(tmp_path: Path) -> None:
    write(tmp_path)
    apply(tmp_path)
    asyncio.run(renew_by_hand(tmp_path))
    exported = aldis("export", cwd=tmp_path)
    assert exported.returncode == 0
    assert aldis("export", "d2.toml", cwd=tmp_path).returncode == 0
    assert (tmp_path / "d2.toml").read_text() == exported.stdout
    assert (tmp_path / "d2.toml").stat().st_mode & 0o777 == 0o600
    assert aldis("export", "d2.toml", cwd=tmp_path).stderr == "aldis: d2.toml: File exists\n"
    (tmp_path / "d.toml").write_text(exported.stdout)
    assert apply(tmp_path) == (0, "nothing to change\n")
    there = ("--data-dir", "elsewhere")
    assert "add account acme" in apply(tmp_path, *there)[1]
    assert aldis("export", *there, cwd=tmp_path).stdout == exported.stdout
