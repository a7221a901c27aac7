"""What a fault of the driver means to whoever called: nothing of the server's texts, which quote rows."""

from __future__ import annotations

from typing import TypeGuard

import asyncpg

from aldis.errors import PermanentError, StoreUnavailable

#: all that the driver raises. An InternalClientError is what it makes of a server that ends the connection
#: while nothing was asked (asyncpg 0.32)
FAULTS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
#: what a connection does not outlive, and what was asked last may have been done: the connection itself (08),
#: an operator (57), the server's machine (58), the server (XX), a server that became a standby (25006), a
#: transaction that idled (25P03) or took too long (25P04). Source: PostgreSQL 18, appendix A
LOST = ("08", "57", "58", "XX", "25006", "25P03", "25P04")
#: nothing is wrong with what was asked: those, a conflict with another transaction (40), no room (53), and a
#: lock that another one has (55P03)
TEMPORARY = (*LOST, "40", "53", "55P03")


def is_lost(fault: Exception) -> bool:
    """Tell whether a fault says nothing of what became of the statement that it ended."""
    if isinstance(fault, asyncpg.PostgresError):
        return fault.sqlstate.startswith(LOST)
    return not isinstance(fault, asyncpg.DataError)


def is_worth_another_try(fault: Exception) -> bool:
    """Tell whether the same transaction would succeed when it is run again at once: after a conflict, or when
    a statement had been planned before a migration.
    """
    if isinstance(fault, asyncpg.InvalidCachedStatementError):
        return True
    return isinstance(fault, asyncpg.PostgresError) and fault.sqlstate.startswith("40")


def is_rangeless(fault: Exception) -> TypeGuard[asyncpg.CheckViolationError]:
    """Tell whether a row has an id that no range is made for (`ranges.py`): no constraint is named then."""
    return isinstance(fault, asyncpg.CheckViolationError) and fault.constraint_name is None


def translated(fault: Exception) -> Exception:
    """Give what a caller is told instead of a fault of the driver; what an operation raised stays."""
    if not isinstance(fault, FAULTS):
        return fault
    name, is_temporary = type(fault).__name__, not isinstance(fault, asyncpg.DataError)
    if is_rangeless(fault):
        name, is_temporary = f"{name}: no range of {fault.table_name} has room for these ids", True
    elif isinstance(fault, asyncpg.PostgresError):
        where = (fault.constraint_name, fault.table_name, fault.column_name)
        name = " ".join(filter(None, (name, *where)))
        is_temporary = fault.sqlstate.startswith(TEMPORARY)
    told = StoreUnavailable if is_temporary else PermanentError
    return told(f"PostgreSQL: {name}").with_traceback(fault.__traceback__)
