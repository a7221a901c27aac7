"""Rows as columns, which is how statements on sets are given them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any


def columns_of(rows: Collection[Sequence[Any]], count: int) -> Sequence[Sequence[Any]]:
    """Give the columns of rows, which have so many; there may be no rows."""
    return list(zip(*rows, strict=True)) if rows else [()] * count
