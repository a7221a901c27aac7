"""Reads a table that a person made: CSV with commas, semicolons or tabs, with or without a first row of
names. Pure.
"""

from __future__ import annotations

import csv
import io

import msgspec

from aldis.errors import AdminError

MAX_ROWS = 200_000
MAX_COLUMNS = 50
MAX_NAME = 60
DELIMITERS = ",;\t|"
#: what columns with the number, and with the text, are called by those who make tables
NUMBERS = ("to", "msisdn", "mobile", "number", "phone", "phone_number", "recipient")
TEXTS = ("text", "message", "msg")
#: digits from which on a cell is taken for a number
_LEAST_DIGITS = 7


class Table(msgspec.Struct, frozen=True):
    """Columns with their names, and rows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def number_column(self) -> str:
        """The column that most likely holds the numbers."""
        named = next((name for name in self.columns if name.lower() in NUMBERS), None)
        if named is not None:
            return named
        sample = self.rows[0] if self.rows else ()
        return next(
            (n for n, cell in zip(self.columns, sample, strict=False) if _is_number(cell)), self.columns[0]
        )

    @property
    def likely_text(self) -> str:
        """A template: of the column that is named so; "" where none is."""
        return next((f"{{{name}}}" for name in self.columns if name.lower() in TEXTS), "")


def read_table(text: str) -> Table:
    """Read a file; raises AdminError that says what is wrong with it."""
    if "\ufffd" in text or "\0" in text:
        raise AdminError("this is no text in UTF-8: save the table as “CSV UTF-8”")
    head = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=head.count)
    rows: list[tuple[str, ...]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if any(cell.strip() for cell in row):
                rows.append(tuple(row))
            if len(rows) > MAX_ROWS + 1:
                raise AdminError(f"a table has {MAX_ROWS:,} rows at most: cut it into several")
    except csv.Error as fault:
        raise AdminError(f"the table cannot be read behind row {len(rows)}: {fault}") from None
    return table_of(rows)


def table_of(rows: list[tuple[str, ...]]) -> Table:
    """Take the first row for names unless it holds a number; raises AdminError."""
    if not rows:
        raise AdminError("the table is empty")
    width = max(len(row) for row in rows)
    if width > MAX_COLUMNS:
        raise AdminError(f"a table has {MAX_COLUMNS} columns at most")
    has_names = not any(_is_number(cell) for cell in rows[0])
    names = rows[0] if has_names else ()
    rows = rows[1:] if has_names else rows
    if not rows:
        raise AdminError("the table has names of columns and no rows")
    return Table(_unique([*names, *[""] * (width - len(names))]), tuple(rows))


def _is_number(cell: str) -> bool:
    digits = cell.strip().removeprefix("+").replace(" ", "")
    return digits.isascii() and digits.isdigit() and len(digits) >= _LEAST_DIGITS


def _unique(names: list[str]) -> tuple[str, ...]:
    """Give every column a name of its own, in which no braces stand."""
    found: list[str] = []
    for position, given in enumerate(names, start=1):
        name = given.strip().translate({ord("{"): None, ord("}"): None})[:MAX_NAME] or f"column {position}"
        while name in found:
            name += "'"
        found.append(name)
    return tuple(found)
