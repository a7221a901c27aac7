"""What may be written: operations, which register themselves where they are defined.

An operation is a function of a module, so that its name is enough for another process to find it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, get_args, get_type_hints

import apsw
import msgspec

from aldis.store.memory.postback_cache import PostbackCache

Item = TypeVar("Item")
Result = TypeVar("Result")

#: works on a list of items inside an open transaction and returns one result for each; may be run again after
#: a rollback
Run = Callable[[apsw.Connection, list[Item]], list[Result]]


@dataclass(frozen=True, slots=True, eq=False)
class Operation(Generic[Item, Result]):
    """One kind of write."""

    #: the module's and the function's, such as `sending.record`
    name: str
    run: Run[Item, Result]
    #: the type of an item, and what reads one that another process wrote
    item: Any
    decode: Callable[[bytes], Item]
    #: those of a lower rank run first when they meet in one transaction
    rank: int
    #: tells the cache what has become due by an item, where that is more than the new postbacks
    owes: Callable[[PostbackCache, Any], None] | None

    def __call__(self, db: apsw.Connection, items: list[Item]) -> list[Result]:
        """Run as a part of another operation."""
        return self.run(db, items)


#: an operation and one item for it
Call = tuple[Operation[Any, Any], Any]

#: all that were defined, by name
OPERATIONS: dict[str, Operation[Any, Any]] = {}


def operation(
    *, rank: int = 0, owes: Callable[[PostbackCache, Any], None] | None = None
) -> Callable[[Run[Item, Result]], Operation[Item, Result]]:
    """Register a function as an operation. The list of items that it takes says what one of them is."""

    def _register(run: Run[Item, Result]) -> Operation[Item, Result]:
        (item,) = get_args(_second(run))
        return _registered(run, run, item, rank, owes)

    return _register


def operation_on_each(
    *, owes: Callable[[PostbackCache, Any], None] | None = None
) -> Callable[[Callable[[apsw.Connection, Item], Result]], Operation[Item, Result]]:
    """Register a function of one item as an operation: it runs for one item after the other."""

    def _register(run_one: Callable[[apsw.Connection, Item], Result]) -> Operation[Item, Result]:
        def _run(db: apsw.Connection, items: list[Item]) -> list[Result]:
            return [run_one(db, item) for item in items]

        return _registered(run_one, _run, _second(run_one), 0, owes)

    return _register


def _second(function: Callable[..., object]) -> Any:  # noqa: ANN401 - a type
    """Give the type of what a function takes besides the connection."""
    return list(get_type_hints(function).values())[1]


def _registered(
    function: Callable[..., object],
    run: Run[Item, Result],
    item: Any,  # noqa: ANN401 - a type
    rank: int,
    owes: Callable[[PostbackCache, Any], None] | None,
) -> Operation[Item, Result]:
    name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
    if name in OPERATIONS:
        raise ValueError(f"there is an operation {name} already")
    made = OPERATIONS[name] = Operation(name, run, item, msgspec.msgpack.Decoder(item).decode, rank, owes)
    return made
