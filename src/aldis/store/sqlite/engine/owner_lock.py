"""Makes sure that one gateway at a time serves a data directory. `aldis apply` and the listings need no
ownership.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from aldis.errors import SettingsError

RETRY_S = 0.02


class OwnerLock:
    """A lock on a data directory; the kernel lets go of it when the process dies."""

    def __init__(self, folder: Path, patience_s: float = 0.0) -> None:
        """`patience_s`: how long to wait for an owner that is just leaving."""
        self._file = os.open(folder / "owner.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        give_up_at = time.monotonic() + patience_s
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() >= give_up_at:
                    os.close(self._file)
                    raise SettingsError(
                        [f"another Aldis is serving {folder}: stop it first, or use another --data-dir"]
                    ) from None
                time.sleep(RETRY_S)

    @property
    def descriptor(self) -> int:
        """What a process must keep open to share the ownership."""
        return self._file

    def release(self) -> None:
        """Let another gateway take over."""
        os.close(self._file)


def is_owned(folder: Path) -> bool:
    """Tell whether a gateway serves a data directory now."""
    try:
        file = os.open(folder / "owner.lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:  # shared, so that it keeps no other looker out; a gateway that starts now tries again
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False
