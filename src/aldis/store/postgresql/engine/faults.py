"""What a fault of the driver means to whoever called: nothing of the server's texts, which quote rows."""

from __future__ import annotations

import asyncpg

from aldis.errors import PermanentError, StoreUnavailable

#: all that the driver raises. An InternalClientError is what it makes of a server that ends the connection
#: while nothing was asked (asyncpg 0.32)
FAULTS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
#: nothing is wrong with what was asked: the connection (08), a server that became a standby (25), a conflict
#: with another transaction (40), no room (53), a lock that another one has (55), an operator (57), the
#: server's machine (58). Source: PostgreSQL 18, appendix A
TEMPORARY = frozenset({"08", "25", "40", "53", "55", "57", "58"})
#: the connection does not outlive these, and what was asked last may have been done
LOST = frozenset({"08", "57", "58", "XX"})
#: would succeed when run again: conflicts, and a statement that was planned before a migration
_AGAIN = ("40",)


def is_lost(fault: Exception) -> bool:
    """Tell whether a fault says nothing of what became of the statement that it ended."""
    if isinstance(fault, asyncpg.PostgresError):
        return fault.sqlstate[:2] in LOST
    return not isinstance(fault, asyncpg.DataError)


def is_worth_another_try(fault: Exception) -> bool:
    """Tell whether the same transaction would succeed when it is run again at once."""
    if isinstance(fault, asyncpg.InvalidCachedStatementError):
        return True
    return isinstance(fault, asyncpg.PostgresError) and fault.sqlstate[:2] in _AGAIN


def translated(fault: Exception) -> Exception:
    """Give what a caller is told instead of a fault of the driver; what an operation raised stays."""
    if not isinstance(fault, FAULTS):
        return fault
    name, is_temporary = type(fault).__name__, not isinstance(fault, asyncpg.DataError)
    if isinstance(fault, asyncpg.PostgresError):
        name = f"{name} {fault.constraint_name or ''}".rstrip()
        is_temporary = fault.sqlstate[:2] in TEMPORARY
    told = StoreUnavailable if is_temporary else PermanentError
    return told(f"PostgreSQL: {name}").with_traceback(fault.__traceback__)
