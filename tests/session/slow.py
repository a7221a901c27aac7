"""Marks the slow half of the tests, which start whole gateways or processes: whole folders, whoever asks for a
gateway, and single tests that say so. No other test can start a process.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

FOLDERS = {"journeys", "crash", "interop", "e2e", "abuse", "cluster"}
MARKS = {"journey", "crash"}
#: fixtures that start a gateway or a process
FIXTURES = {"whole", "watched", "world", "bound", "certificate", "postgres"}


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if is_slow(item):
            item.add_marker("slow")


def is_slow(item: pytest.Item) -> bool:
    """Tell whether a test starts a gateway or a process, by where it is, what it asks for, or what it says."""
    return (
        not FOLDERS.isdisjoint(item.path.relative_to(item.config.rootpath).parts)
        or not FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))
        or any(item.get_closest_marker(mark) for mark in MARKS)
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Any:
    _Guard.is_on = item.get_closest_marker("slow") is None
    try:
        return (yield)
    finally:
        _Guard.is_on = False


class _Guard:
    """Whether the test that runs may start no process."""

    is_on = False


def _refuse(event: str, _arguments: tuple[Any, ...]) -> None:
    if _Guard.is_on and event == "subprocess.Popen":
        raise RuntimeError("a test that starts a process is marked slow")


sys.addaudithook(_refuse)
