"""Tables as people make them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.admin import csv_import
from aldis.admin.csv_import import read_table
from aldis.errors import AdminError


@pytest.mark.parametrize(
    ("text", "columns", "rows", "number"),
    [
        ("to,text\n4512345678,Hi\n", ("to", "text"), [("4512345678", "Hi")], "to"),
        ("Name;Phone\r\nAnn;+45 12345678\r\n", ("Name", "Phone"), [("Ann", "+45 12345678")], "Phone"),
        ("a\tb\nx\t4512345678", ("a", "b"), [("x", "4512345678")], "b"),
        ("4512345678\n4512345679", ("column 1",), [("4512345678",), ("4512345679",)], "column 1"),
        ('n,t\n1234567,"two\nlines, one cell"\n', ("n", "t"), [("1234567", "two\nlines, one cell")], "n"),
        ("n,n,,{x}\n1,2,3,4567890\n\n , \n", ("n", "n'", "column 3", "x"), [("1", "2", "3", "4567890")], "x"),
        (
            "n,t\n4512345678\n4512345679,a,b",
            ("n", "t", "column 3"),
            [("4512345678",), ("4512345679", "a", "b")],
            "n",
        ),
    ],
)
def test_a_table_is_read(
    text: str, columns: tuple[str, ...], rows: list[tuple[str, ...]], number: str
) -> None:
    found = read_table(text)
    assert (found.columns, list(found.rows), found.number_column) == (columns, rows, number)


def test_a_column_that_is_called_text_is_the_text() -> None:
    assert read_table("to,Message\n4512345678,Hi").likely_text == "{Message}"
    assert read_table("to,name\n4512345678,Ann").likely_text == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "empty"), ("a,b\n", "no rows"), ("a\n\0", "UTF-8"), ("a" * 200_000 + "\nb", "cannot be read")],
)
def test_what_is_no_table(text: str, words: str) -> None:
    with pytest.raises(AdminError, match=words):
        read_table(text)


def test_a_table_has_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_import, "MAX_ROWS", 3)
    assert len(read_table("n\n" + "4512345678\n" * 3).rows) == 3
    with pytest.raises(AdminError, match="3 rows at most"):
        read_table("n\n" + "4512345678\n" * 4)


@given(st.text(max_size=300))
def test_no_text_makes_a_reader_fail(text: str) -> None:
    try:
        found = read_table(text)
    except AdminError:
        return
    assert len(set(found.columns)) == len(found.columns)
    assert found.number_column in found.columns
    assert all(len(row) <= len(found.columns) for row in found.rows)
