"""Hears of every plan by which a server ran a statement, and tells those that get dearer as tables grow.

The tests' tables are nearly empty, as a gateway's are on its first day; there the planner takes what is cheap then,
and a session keeps a plan that it has made. So a statement whose plan reads a whole table here does so for ever.
auto_explain writes plans into the server's log. Source: PostgreSQL 18 §F.3.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

#: settings of a session, as a part of its URL, that has its plans written into the log
EXPLAINING = (
    "session_preload_libraries=auto_explain&auto_explain.log_min_duration=0&auto_explain.log_format=json"
    "&auto_explain.log_nested_statements=on"
)
#: tables that stay small, whatever the traffic
SMALL = {
    "account", "gateway", "lease", "link_order", "schema_migration", "operator", "api_token", "session",
    "directory", "directory_applied", "directory_change", "directory_history", "directory_version", "command",
    "respelled_receipt", "purse", "id_block", "clock", "node", "opt_out_release", "poison_message", "ended_webhook",
    "message_order", "refused_request", "account_move", "account_release",
}  # fmt: skip
#: parts of tables that do
SMALL_PARTS = {"queue_marked", "bulk_running"}
_PLAN = re.compile(r"^(?P<who>.*?): LOG:  duration: [\d.]+ ms  plan:\n", re.MULTILINE)
#: another relation's column
_OF_ANOTHER = re.compile(r"\w\.\w")
_JOINS = {"Hash Join", "Merge Join"}


class Faulty(NamedTuple):
    """A statement whose plan gets dearer, and why."""

    statement: str
    why: str


class Plans:
    """What is written into a server's log from now on."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._begin = log.stat().st_size

    def heard(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Give each plan with the name of its session."""
        with self._log.open("rb") as log:
            log.seek(self._begin)
            text = log.read().decode()
        for found in _PLAN.finditer(text):
            yield found["who"], json.JSONDecoder().raw_decode(text, found.end() + 1)[0]

    def faulty(self) -> set[Faulty]:
        """Give the statements of the hot path whose plans get dearer; those of a session that searches may."""
        return {
            Faulty(" ".join(plan["Query Text"].split()), why)
            for who, plan in self.heard()
            if who.endswith((" writing", " reading"))
            for why in _faults(plan["Plan"], is_limited=False)
        }


def _grows(node: dict[str, Any]) -> bool:
    table = node.get("Relation Name", "pg_")
    return table not in SMALL and not table.startswith("pg_")  # the driver asks for types


def _is_small_part(node: dict[str, Any]) -> bool:
    return node.get("Index Name") in SMALL_PARTS


def _is_read_again(node: dict[str, Any]) -> bool:
    """Tell whether all rows of a join need the same rows of a table that grows."""
    return _grows(node) and not _OF_ANOTHER.search(node.get("Index Cond", ""))


def _inner(node: dict[str, Any]) -> dict[str, Any]:
    """Give what a join reads for each row, or keeps to read it again."""
    (found,) = (each for each in node["Plans"] if each["Parent Relationship"] == "Inner")
    read: dict[str, Any] = found["Plans"][0] if found["Node Type"] in {"Materialize", "Memoize"} else found
    return read


def _faults(node: dict[str, Any], *, is_limited: bool) -> Iterator[str]:
    """Tell what reads a table that grows without going by what is asked for."""
    kind, table = node["Node Type"], node.get("Relation Name")
    if kind in _JOINS:
        yield f"{kind} of all that both sides have"
    if kind == "Nested Loop" and "Join Filter" in node and _is_read_again(inner := _inner(node)):
        yield f"{inner['Relation Name']} read by a part of what is asked for"
    if _grows(node):
        if kind in {"Seq Scan", "Bitmap Heap Scan"}:
            yield f"{kind} on {table}"
        elif (
            kind.startswith("Index") and "Index Cond" not in node and not (is_limited or _is_small_part(node))
        ):
            yield f"{kind} of all of {node['Index Name']} on {table}"
    for inner in node.get("Plans", ()):
        yield from _faults(inner, is_limited=is_limited or kind == "Limit")
