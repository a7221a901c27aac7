"""Operations register themselves, and mean the same in the gateway and in its writer's process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any, get_args, get_origin

import apsw
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aldis.app.stores import BACK_OFFICE
from aldis.store.sqlite import writes
from aldis.store.sqlite.engine.operations import OPERATIONS, Operation, operation
from aldis.store.sqlite.process.writer_protocol import read_question, write_question


def _structs(kind: Any) -> Iterator[type[msgspec.Struct]]:
    """Give the records in a type, the inner ones first."""
    made = get_origin(kind) or kind
    if isinstance(made, type) and issubclass(made, msgspec.Struct):
        for inner in msgspec.structs.fields(kind):
            yield from _structs(inner.type)
        yield made
    for inner in get_args(kind):
        yield from _structs(inner)


@pytest.fixture(scope="module", autouse=True)
def _drawn() -> None:
    """Have Hypothesis know how records are drawn."""
    st.register_type_strategy(int, st.integers(-(2**63), 2**63 - 1))
    for struct in dict.fromkeys(struct for each in writes.ALL for struct in _structs(each.item)):
        st.register_type_strategy(struct, _built)


def _built(kind: Any) -> st.SearchStrategy[Any]:
    """Draw a record, of a generic one with what stands for its parameters."""
    fields = {each.name: st.from_type(each.type) for each in msgspec.structs.fields(kind)}
    return st.builds(get_origin(kind) or kind, **fields)


@pytest.mark.parametrize("each", writes.ALL, ids=lambda each: each.name)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_an_item_arrives_as_it_was_sent(each: Operation[Any, Any], data: st.DataObject) -> None:
    item = data.draw(st.from_type(each.item))
    ((found, arrived),) = read_question(write_question([(each, item)]))
    assert found is each
    assert arrived == item


@pytest.mark.slow
def test_two_processes_count_alike() -> None:
    program = f"""
import {BACK_OFFICE}
from aldis.store.sqlite.writes import ALL
print(*(each.name for each in ALL), sep="\\n")
"""
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert told.splitlines() == [each.name for each in writes.ALL]


def test_no_two_operations_have_one_name() -> None:
    def first(_db: apsw.Connection, items: list[None]) -> list[None]:
        return items

    made = operation()(first)
    try:
        with pytest.raises(ValueError, match="already"):
            operation()(first)
    finally:
        del OPERATIONS[made.name]
