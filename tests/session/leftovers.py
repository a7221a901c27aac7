"""A run has a temporary directory of its own, and fails if a file or a process is left when it ends.

Processes are known by that directory, which each inherits as TMPDIR. What failed tests kept stays to be looked at.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import pytest

#: pytest's own folder, in which tests have theirs; it removes those of tests that passed
OF_PYTEST = "pytest-of-"
#: how long processes may take to end once they were told to
PATIENCE_S = 5.0
POLL_S = 0.05
SHOWN = 10
#: set where other people's programs run, which may leave what they like: it is told, and removed
OTHERS = ("ALDIS_INTEROP", "ALDIS_E2E")

_FOLDER = pytest.StashKey[Path]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Make the directory before the workers start, which inherit it."""
    if not hasattr(session.config, "workerinput"):
        folder = Path(tempfile.mkdtemp(prefix="aldis-tests-"))
        os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
        session.config.stash[_FOLDER] = folder


@pytest.hookimpl(wrapper=True, tryfirst=True)  # after pytest has removed its folders, and xdist its workers
def pytest_sessionfinish(session: pytest.Session) -> Generator[None]:
    yield
    folder = session.config.stash.get(_FOLDER, None)
    if folder is None:
        return
    left = [*_lasting_processes(folder), *files_in(folder)]
    if left:
        if not any(os.environ.get(name) for name in OTHERS):
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED
        _tell(session, f"{len(left)} left behind: " + ", ".join(left[:SHOWN]))
    if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        shutil.rmtree(folder)
    else:
        _tell(session, f"kept {folder}")


def files_in(folder: Path) -> list[str]:
    """List what was left in the temporary directory itself."""
    return sorted(str(path) for path in folder.iterdir() if not path.name.startswith(OF_PYTEST))


def processes_in(folder: Path) -> list[str]:
    """List the other processes that have this temporary directory, where the system tells."""
    mark, found = f"TMPDIR={folder}".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                found.append(f"process {process.name} ({command.strip()})")
        except OSError:  # it has ended, or is somebody else's
            continue
    return sorted(found)


def _lasting_processes(folder: Path) -> list[str]:
    deadline = time.monotonic() + PATIENCE_S
    while (found := processes_in(folder)) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    return found


def _tell(session: pytest.Session, text: str) -> None:
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None:
        terminal.write_line(text)
