"""Makes sure that one gateway at a time serves a data directory. `aldis apply` and the listings need no
ownership.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from aldis.errors import SettingsError


class OwnerLock:
    """A lock on a data directory; the kernel lets go of it when the process dies."""

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / "owner.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise SettingsError(
                [f"another Aldis is serving {folder}: stop it first, or use another --data-dir"]
            ) from None

    def release(self) -> None:
        """Let another gateway take over."""
        os.close(self._file)
