"""A file system for SQLite that notes where files are read."""

from __future__ import annotations

import apsw


class NotingVfs(apsw.VFS):
    """Notes where the file is read."""

    def __init__(self) -> None:
        self.offsets: list[int] = []
        super().__init__("noting", "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        return _NotingFile(self, name, flags)


class _NotingFile(apsw.VFSFile):
    """A file whose reads are noted."""

    def __init__(self, vfs: NotingVfs, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self._offsets = vfs.offsets
        super().__init__("", name, flags)

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802 - SQLite's name
        self._offsets.append(offset)
        return super().xRead(amount, offset)
