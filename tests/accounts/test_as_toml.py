"""A record as TOML: read again, it is the same."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aldis.accounts.as_toml import written

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
PLAIN = st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | TEXT
VALUE = PLAIN | st.lists(TEXT, max_size=3) | st.dictionaries(TEXT, TEXT, max_size=3)
ROW = st.dictionaries(TEXT, PLAIN | st.lists(TEXT, max_size=2), max_size=3)
RECORD = st.dictionaries(TEXT, VALUE | st.lists(ROW, min_size=1, max_size=3), max_size=5)


@given(RECORD)
def test_what_is_written_reads_the_same(record: dict[str, Any]) -> None:
    assert tomllib.loads(written(record, "account")) == {"account": [record]}
