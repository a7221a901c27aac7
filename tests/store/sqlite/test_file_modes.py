"""Whatever the folder and the umask let others do, what is kept is its owner's alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from aldis.store.content_files import ContentFiles
from aldis.store.memory.outcome_journal import OutcomeJournal
from tests.backends import open_store


@pytest.fixture
def _careless() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> dict[str, int]:
    """Give the files that anybody else may do something with."""
    modes = {path.name: path.stat().st_mode & 0o077 for path in folder.rglob("*") if path.is_file()}
    assert len(modes) >= 5
    return {name: mode for name, mode in modes.items() if mode}


@pytest.mark.usefixtures("_careless")
async def test_files_in_a_folder_that_exists_are_for_their_owner(tmp_path: Path) -> None:
    store = open_store(tmp_path, journal=OutcomeJournal(tmp_path))
    await ContentFiles(tmp_path / "content").keep(b"x")
    assert open_to_others(tmp_path) == {}
    await store.close()
