"""What a fault of the driver means to whoever called: nothing of the server's texts, which quote rows."""

from __future__ import annotations

import asyncpg

from aldis.errors import PermanentError, StoreUnavailable

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
    return not isinstance(fault, asyncpg.PostgresError) or fault.sqlstate[:2] in LOST


def is_worth_another_try(fault: Exception) -> bool:
    """Tell whether the same transaction would succeed when it is run again at once."""
    if isinstance(fault, asyncpg.InvalidCachedStatementError):
        return True
    return isinstance(fault, asyncpg.PostgresError) and fault.sqlstate[:2] in _AGAIN


def translated(fault: Exception) -> Exception:
    """Give what a caller is told instead of a fault of the driver; what an operation raised stays."""
    if isinstance(fault, OSError):
        return _bare(StoreUnavailable(f"PostgreSQL: {type(fault).__name__}"), fault)
    if isinstance(fault, asyncpg.PostgresError):
        name = " ".join(filter(None, (type(fault).__name__, fault.constraint_name)))
        told = StoreUnavailable if fault.sqlstate[:2] in TEMPORARY else PermanentError
        return _bare(told(f"PostgreSQL: {name}"), fault)
    if isinstance(fault, asyncpg.InterfaceError):
        told = PermanentError if isinstance(fault, asyncpg.DataError) else StoreUnavailable
        return _bare(told(f"PostgreSQL: {type(fault).__name__}"), fault)
    return fault


def _bare(told: Exception, fault: Exception) -> Exception:
    """Show where it came from, and not what it said."""
    return told.with_traceback(fault.__traceback__)
