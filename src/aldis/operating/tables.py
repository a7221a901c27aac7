"""Writes what operators export as CSV, so that no spreadsheet takes a cell for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

#: what spreadsheets take for the beginning of a formula, behind white space too; the wide ones as well
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def row(cells: Iterable[object]) -> str:
    """Write one line, its end included."""
    written = io.StringIO()
    csv.writer(written).writerow([cell(each) for each in cells])
    return written.getvalue()


def cell(value: object) -> object:
    """Make what strangers wrote harmless: a text that could be a formula gets an apostrophe before it."""
    if isinstance(value, str) and (value.startswith(_FORMULA) or value.lstrip().startswith(_FORMULA)):
        return "'" + value
    return value
