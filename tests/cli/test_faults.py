"""What a command says when the system is in its way: one sentence each."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from tests.fakes.programs import aldis

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["apply", "d.toml", "--data-dir", "/proc/nowhere"], "/proc/nowhere: No such file or directory"),
        (["apply", "d.toml", "--data-dir", "d.toml/x"], "d.toml/x/owner.lock: Not a directory"),
        (
            ["admin", "create", "ada", "--password-stdin", "--data-dir", "d.toml/x"],
            "d.toml/x: Not a directory",
        ),
        (["demo", "--files", "/proc/nowhere"], "/proc/nowhere: No such file or directory"),
        (["serve", "--config", "s.toml", "--data-dir", "d.toml/x"], "d.toml/x: Not a directory"),
        (["export", "d.toml/x", "--data-dir", "data"], "d.toml/x: Not a directory"),
    ],
)
def test_what_the_system_refuses_is_one_sentence(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    (tmp_path / "d.toml").write_text('[[account]]\nname = "a"\n')
    (tmp_path / "s.toml").write_text('[http]\nlisten = "127.0.0.1:0"\n')
    aldis("apply", "d.toml", "--data-dir", "data", cwd=tmp_path)
    ended = aldis(*arguments, cwd=tmp_path, typed="a long password\n")
    assert (ended.returncode, ended.stderr) == (1, f"aldis: {sentence}\n")


@pytest.mark.parametrize("name", ["NotADBError", "CorruptError"])
@pytest.mark.parametrize("arguments", [["messages"], ["compact"], ["apply", "d.toml"], ["serve"]])
def test_a_store_that_is_damaged_is_one_sentence(tmp_path: Path, arguments: list[str], name: str) -> None:
    (tmp_path / "d.toml").write_text('[[account]]\nname = "a"\n')
    (tmp_path / "aldis.toml").write_text('[http]\nlisten = "127.0.0.1:0"\n')
    aldis("apply", "d.toml", cwd=tmp_path)
    store = tmp_path / "aldis-data" / "aldis.db"
    store.write_bytes(store.read_bytes()[:4096] if name == "CorruptError" else b"no store" * 1000)
    ended = aldis(*arguments, cwd=tmp_path)
    assert ended.returncode in {1, 2}
    assert ended.stderr.startswith("aldis: ")
    assert (ended.stderr.count("\n"), name in ended.stderr) == (1, True)


def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        (tmp_path / "aldis.toml").write_text(f'[http]\nlisten = "127.0.0.1:{port}"\n')
        ended = aldis("serve", cwd=tmp_path)
    assert ended.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_environment_says_where_files_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "d.toml").write_text('[[account]]\nname = "a"\n')
    (tmp_path / "s.toml").write_text('[http]\nlisten = "nowhere"\n')
    monkeypatch.setenv("ALDIS_DATA_DIR", "elsewhere")
    assert aldis("apply", "d.toml", cwd=tmp_path).returncode == 0
    assert (tmp_path / "elsewhere" / "aldis.db").exists()
    assert not (tmp_path / "aldis-data").exists()
    monkeypatch.setenv("ALDIS_CONFIG", "s.toml")
    ended = aldis("config", "check", cwd=tmp_path)
    assert (ended.returncode, "s.toml:2" in ended.stderr) == (2, True)
    monkeypatch.setenv("ALDIS_CONFIG", "gone.toml")
    assert aldis("messages", cwd=tmp_path).stderr == "aldis: gone.toml: No such file or directory\n"
