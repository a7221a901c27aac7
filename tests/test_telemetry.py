"""The log: one entry a line, which nothing that is in it can break or colour."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import structlog

from aldis.telemetry import configure_logs

#: a new line, a colour, a bell, a C1 control, a change of direction, half of a pair
EVIL = "a\nb\x1b[31m\x07\x9b2J\u202e\ud800"


@contextmanager
def logging_as(style: str) -> Iterator[None]:
    """Log as a process of ours does; afterwards as before."""
    configuration, handlers, level = structlog.get_config(), logging.root.handlers[:], logging.root.level
    logging.root.handlers.clear()
    try:
        configure_logs("info", style)
        yield
    finally:
        structlog.configure(**configuration)
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)


def lines(capsys: pytest.CaptureFixture[str], style: str) -> list[str]:
    """Log the same by all ways, and give what was written."""
    library = logging.getLogger("some.library")
    with logging_as(style):
        structlog.get_logger().warning(EVIL, link=EVIL)
        library.warning("%s came", EVIL)
        library.error("%d came", EVIL)
        library.info("chatter")
    return capsys.readouterr().err.splitlines()


def test_json_is_one_object_a_line_with_an_instant_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    entries = [json.loads(line) for line in lines(capsys, "json")]
    assert [(each["level"], each["event"]) for each in entries] == [
        ("warning", EVIL),
        ("warning", f"{EVIL} came"),
        ("error", "%d came"),
    ]
    assert entries[0]["link"] == EVIL
    assert [each.get("logger") for each in entries] == [None, "some.library", "some.library"]
    assert all(each["timestamp"].endswith("Z") for each in entries)


def test_nothing_controls_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    told = lines(capsys, "console")
    assert len(told) == 3
    assert all(line.isprintable() for line in told)
    assert told[0].count(r"a\nb\x1b[31m\x07\x9b2J\u202e\ud800") == 2


def test_a_traceback_keeps_its_lines_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_as("console"):
        try:
            int(EVIL)
        except ValueError:
            structlog.get_logger().exception("failed")
    told = capsys.readouterr().err.splitlines()
    assert "Traceback (most recent call last):" in told
    assert all(line.isprintable() for line in told)
