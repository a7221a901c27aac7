"""The list of docs/security.md: every requirement of ASVS 5.0.0 at levels 1 and 2 once, and no test that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "security.md"

#: section → its requirements of levels 1 and 2, from the standard's own table (OWASP ASVS 5.0.0, English, CSV)
POINTS = {
    "1.1": "1-2", "1.2": "1-9", "1.3": "1-11", "1.4": "1-3", "1.5": "1-2",
    "2.1": "1-3", "2.2": "1-3", "2.3": "1-4", "2.4": "1",
    "3.2": "1-2", "3.3": "1-4", "3.4": "1-6", "3.5": "1-5", "3.7": "1-2",
    "4.1": "1-3", "4.2": "1", "4.3": "1-2", "4.4": "1-4",
    "5.1": "1", "5.2": "1-3", "5.3": "1-2", "5.4": "1-3",
    "6.1": "1-3", "6.2": "1-12", "6.3": "1-4", "6.4": "1-4", "6.5": "1-5", "6.6": "1-3", "6.8": "1-4",
    "7.1": "1-3", "7.2": "1-4", "7.3": "1-2", "7.4": "1-5", "7.5": "1-2", "7.6": "1-2",
    "8.1": "1-2", "8.2": "1-3", "8.3": "1", "8.4": "1",
    "9.1": "1-3", "9.2": "1-4",
    "10.1": "1-2", "10.2": "1-2", "10.3": "1-4", "10.4": "1-11", "10.5": "1-5", "10.6": "1-2", "10.7": "1-3",
    "11.1": "1-2", "11.2": "1-3", "11.3": "1-3", "11.4": "1-4", "11.5": "1", "11.6": "1",
    "12.1": "1-3", "12.2": "1-2", "12.3": "1-4",
    "13.1": "1", "13.2": "1-5", "13.3": "1-2", "13.4": "1-5",
    "14.1": "1-2", "14.2": "1-4", "14.3": "1-3",
    "15.1": "1-3", "15.2": "1-3", "15.3": "1-7",
    "16.1": "1", "16.2": "1-5", "16.3": "1-4", "16.4": "1-3", "16.5": "1-3",
    "17.1": "1", "17.2": "1-4", "17.3": "1-2",
}  # fmt: skip
ANSWERS = {"yes", "part", "no", "yours", "none"}


def spread(section: str, numbers: str) -> list[str]:
    """Give each point of `1-4`, or of `3`, in a section."""
    first, _, last = numbers.partition("-")
    return [f"{section}.{number}" for number in range(int(first), int(last or first) + 1)]


def rows() -> list[tuple[list[str], str, str]]:
    """Give (points, the answer, how) of each row."""
    found = []
    for line in PAGE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not re.match(r"\| \d", line) or len(cells) < 3:
            continue
        points: list[str] = []
        for part in cells[0].split(", "):
            first, _, last = part.partition("–")
            section, _, number = first.rpartition(".")
            points += spread(section, f"{number}-{last.rpartition('.')[2]}" if last else number)
        found.append((points, cells[1], " | ".join(cells[2:])))
    return found


def test_each_point_of_the_standard_has_one_answer() -> None:
    wanted = [point for section, numbers in POINTS.items() for point in spread(section, numbers)]
    assert [point for points, _, _ in rows() for point in points] == wanted
    assert {answer for _, answer, _ in rows()} == ANSWERS


@pytest.mark.parametrize("page", ["security.md", "threat-model.md"])
def test_each_test_that_is_named_is_there(page: str) -> None:
    text = (ROOT / "docs" / page).read_text("utf-8")
    there = "\n".join(file.read_text("utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", text))
    assert named
    assert {name for name in named if f"def {name}(" not in there} == set()
    assert {path for path in re.findall(r"tests/[\w/.]+\w", text) if not (ROOT / path).exists()} == set()


def test_who_is_not_met_says_why() -> None:
    assert [points for points, answer, how in rows() if answer in ("no", "part", "yours") and not how] == []
