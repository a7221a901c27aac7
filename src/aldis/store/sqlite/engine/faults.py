"""What SQLite says of itself, as the store's faults."""

import apsw

from aldis.errors import StoreUnavailable

_OURS = apsw.ConstraintError | apsw.SQLError | apsw.MismatchError
_UNREADABLE = "what is stored cannot be read"


def unavailable(fault: apsw.Error, *, reading: bool = False) -> StoreUnavailable:
    """Name a fault of the file, the disk or a lock, in the same words whether a read or a write met it."""
    unreadable = reading or isinstance(fault, apsw.CorruptError | apsw.NotADBError)
    said = StoreUnavailable(f"SQLite: {type(fault).__name__}" + (f": {_UNREADABLE}" if unreadable else ""))
    said.__cause__ = fault
    return said


def as_unavailable(fault: Exception) -> Exception:
    """Call a full disk, a lock or a lost file temporary; a constraint or a mistake of ours keeps its name."""
    if isinstance(fault, apsw.Error) and not isinstance(fault, _OURS):
        return unavailable(fault)
    return fault
