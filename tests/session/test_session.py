"""What a whole run of tests promises, tried on small runs of their own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PLUGINS = ("seed", "slow", "leftovers")
DRAWS = """
import random
from hypothesis import given, strategies as st

def test_draw(chance):
    print("drawn", chance.random())

@given(st.integers(0, 2**64))
def test_example(number):
    print("drawn", number)
"""
LEAVES_A_FILE = """
import tempfile

def test_it(tmp_path):
    (tmp_path / "kept").touch()
    tempfile.mkdtemp(prefix="forgotten")
"""
LEAVES_A_PROCESS = """
import subprocess, pytest

@pytest.mark.slow
def test_it():
    process = subprocess.Popen(["sleep", "20"])
    process.returncode = 0  # so that nobody warns
"""
CLEANS_UP = """
def test_it(tmp_path):
    (tmp_path / "kept").touch()
"""
STARTS_A_PROCESS = """
import subprocess

def test_it():
    subprocess.run(["true"])
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary directory below which a run has its own."""
    made = tmp_path / "temporary"
    made.mkdir()
    monkeypatch.setenv("TMPDIR", str(made))
    return made


def run(folder: Path, text: str, *arguments: str) -> tuple[int, str]:
    """Run the tests in a text; returns the exit code and what was said."""
    (folder / "pytest.ini").write_text(
        "[pytest]\nmarkers = slow\ntmp_path_retention_policy = failed\n"
        f"pythonpath = {ROOT}\naddopts = -q -s " + " ".join(f"-p tests.session.{name}" for name in PLUGINS)
    )
    (folder / "test_it.py").write_text(text)
    command = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments)
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout + ended.stderr


def drawn(folder: Path, *arguments: str) -> list[str]:
    code, said = run(folder, DRAWS, *arguments)
    assert code == 0, said
    return re.findall(r"drawn (\S+)", said)


# Hypothesis looks for CI's variables
@pytest.mark.parametrize("runs_in", ["", "CI"], ids=["by-hand", "in-ci"])
def test_a_seed_decides_all_that_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runs_in: str
) -> None:
    if runs_in:
        monkeypatch.setenv(runs_in, "true")
    first = drawn(tmp_path, "--seed", "7")
    assert len(first) > 50
    assert drawn(tmp_path, "--seed", "7") == first
    other = drawn(tmp_path, "--seed", "8")
    assert other[0] != first[0]
    assert other[1:] != first[1:]  # single examples may be the same: some numbers are favourites


def test_the_seed_is_told(tmp_path: Path) -> None:
    _, said = run(tmp_path, DRAWS)
    found = re.search(r"^seed (\d+) ", said, re.MULTILINE)
    assert found, said
    assert found[1] not in ("7", "")


def test_a_run_that_leaves_a_file_fails(tmp_path: Path) -> None:
    code, said = run(tmp_path, LEAVES_A_FILE)
    assert (code, "1 passed" in said, "/forgotten" in said) == (1, True, True), said


def test_a_run_that_leaves_a_process_fails(tmp_path: Path) -> None:
    code, said = run(tmp_path, LEAVES_A_PROCESS)
    assert (code, "1 passed" in said) == (1, True), said
    found = re.search(r"process (\d+) \(sleep 20\)", said)
    assert found, said
    os.kill(int(found[1]), signal.SIGKILL)


def test_a_run_that_cleans_up_leaves_nothing(tmp_path: Path, temporary: Path) -> None:
    assert run(tmp_path, CLEANS_UP, "-n", "2")[0] == 0
    assert list(temporary.iterdir()) == []


def test_a_test_that_starts_a_process_says_so(tmp_path: Path) -> None:
    code, said = run(tmp_path, STARTS_A_PROCESS)
    assert (code, "a test that starts a process is marked slow" in said) == (1, True), said
