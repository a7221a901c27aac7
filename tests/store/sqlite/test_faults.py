"""A fault is told in the same words, whoever meets it first."""

import apsw
import pytest

from aldis.errors import StoreUnavailable
from aldis.store.sqlite.engine.faults import as_unavailable, unavailable

UNREADABLE = "what is stored cannot be read"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (apsw.CorruptError("x"), f"SQLite: CorruptError: {UNREADABLE}"),
        (apsw.NotADBError("x"), f"SQLite: NotADBError: {UNREADABLE}"),
        (apsw.FullError("x"), "SQLite: FullError"),
        (apsw.IOError("x"), "SQLite: IOError"),
        (apsw.BusyError("x"), "SQLite: BusyError"),
    ],
)
def test_what_a_write_met(fault: apsw.Error, said: str) -> None:
    told = as_unavailable(fault)
    assert isinstance(told, StoreUnavailable)
    assert (str(told), told.__cause__) == (said, fault)


@pytest.mark.parametrize("fault", [apsw.CorruptError("x"), apsw.NotADBError("x"), apsw.IOError("x")])
def test_what_a_read_met(fault: apsw.Error) -> None:
    assert str(unavailable(fault, reading=True)) == f"SQLite: {type(fault).__name__}: {UNREADABLE}"


@pytest.mark.parametrize("fault", [apsw.ConstraintError("x"), apsw.SQLError("x"), ValueError("x")])
def test_a_mistake_of_ours_keeps_its_name(fault: Exception) -> None:
    assert as_unavailable(fault) is fault
