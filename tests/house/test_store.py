"""The rooms of a store hold what their names say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STORE = Path(__file__).parents[2] / "src/aldis/store"
READS = sorted(STORE.glob("*/reads/*.py"))


def test_there_are_reads() -> None:
    assert READS


@pytest.mark.parametrize("path", READS, ids=lambda path: f"{path.parts[-3]}/{path.stem}")
def test_reads_write_nothing(path: Path) -> None:
    assert not re.findall(r"\b(?:INSERT|UPDATE|DELETE|REPLACE)\b.*", path.read_text())
