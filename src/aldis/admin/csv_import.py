"""Reads a table that a person made: CSV with commas, semicolons or tabs, with or without a first row of
names. Pure.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import msgspec

from aldis.errors import AdminError
from aldis.sms.address import as_dialled, is_digits

MAX_ROWS = 200_000
MAX_COLUMNS = 50
MAX_NAME = 60
DELIMITERS = ",;\t|"
#: what columns with the number, and with the text, are called by those who make tables
NUMBERS = ("to", "msisdn", "mobile", "number", "phone", "phone_number", "recipient")
TEXTS = ("text", "message", "msg")
#: how a file says itself what stands between its cells
_SEPARATOR = re.compile(r"sep=([,;\t|])\s*$", re.IGNORECASE)
#: digits from which on a cell is taken for a number
_LEAST_DIGITS = 7


class Table(msgspec.Struct, frozen=True):
    """Columns with their names, and rows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def number_column(self) -> str:
        """The column that most likely holds the numbers."""
        return self.columns[number_column(self.columns, self.rows[0] if self.rows else ())]

    @property
    def likely_text(self) -> str:
        """A template: of the column that is named so; "" where none is."""
        return next((f"{{{name}}}" for name in self.columns if name.lower() in TEXTS), "")


def read_table(text: str) -> Table:
    """Read a file; raises AdminError that says what is wrong with it."""
    rows: list[tuple[str, ...]] = []
    for _, row in read_rows(io.StringIO(text, newline="")):
        rows.append(row)
        if len(rows) > MAX_ROWS + 1:
            raise AdminError(f"a table has {MAX_ROWS:,} rows at most: cut it into several")
    return table_of(rows)


def read_rows(lines: Iterable[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Read the rows of a file that say anything, each with the line on which it ends. The first line tells
    what stands between cells; Excel's `sep=;` there says so itself. Raises AdminError where it is no table.
    """
    source: Iterator[str] = map(_legible, lines)
    skipped, head = 0, next(source, "").removeprefix("\ufeff")
    said = _SEPARATOR.match(head)
    if said is not None:
        skipped, delimiter = 1, said[1]
    else:
        delimiter = max(DELIMITERS, key=head.count)
        source = chain((head,), source)
    reader, count = csv.reader(source, delimiter=delimiter), 0
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                count += 1
                yield reader.line_num + skipped, tuple(row)
    except csv.Error as fault:
        raise AdminError(f"the table cannot be read behind row {count}: {fault}") from None


def _legible(line: str) -> str:
    if "\ufffd" in line or "\0" in line:
        raise AdminError("this is no text in UTF-8: save the table as “CSV UTF-8”")
    return line


def table_of(rows: list[tuple[str, ...]]) -> Table:
    """Take the first row for names where it looks so; raises AdminError."""
    if not rows:
        raise AdminError("the table is empty")
    width = max(len(row) for row in rows)
    if width > MAX_COLUMNS:
        raise AdminError(f"a table has {MAX_COLUMNS} columns at most")
    names = rows[0] if has_names(rows[0]) else ()
    rows = rows[1:] if names else rows
    if not rows:
        raise AdminError("the table has names of columns and no rows")
    return Table(_unique([*names, *[""] * (width - len(names))]), tuple(rows))


def has_names(row: Sequence[str]) -> bool:
    """Tell whether a first row names columns: it holds letters, and no number."""
    return not any(map(_is_number, row)) and any(map(str.isalpha, "".join(row)))


def number_column(names: Sequence[str], sample: Sequence[str]) -> int:
    """Find the column that most likely holds the numbers: by its name, else by a row."""
    named = next((place for place, name in enumerate(names) if name.strip().lower() in NUMBERS), None)
    if named is not None:
        return named
    return next((place for place, cell in enumerate(sample) if _is_number(cell)), 0)


def _is_number(cell: str) -> bool:
    digits = as_dialled(cell).removeprefix("+")
    return is_digits(digits) and len(digits) >= _LEAST_DIGITS


def _unique(names: list[str]) -> tuple[str, ...]:
    """Give every column a name of its own, in which no braces stand."""
    found: list[str] = []
    for position, given in enumerate(names, start=1):
        name = given.strip().translate({ord("{"): None, ord("}"): None})[:MAX_NAME] or f"column {position}"
        while name in found:
            name += "'"
        found.append(name)
    return tuple(found)
