"""Implements `ContentStore` with files beside the store: one process at a time owns them, as it owns that."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from pathlib import Path

from aldis.errors import StoreUnavailable
from aldis.store.contract.content import digest_of

#: folders are named by the first octet of the hash
FOLDERS = 256
_DIGEST_LENGTH = 64
_UNFINISHED = ".new"
#: of files that this process has seen on disk for good
MAX_KNOWN = 100_000


class ContentFiles:
    """The files of one data directory; made and used inside one event loop."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "content"
        #: digests that somebody holds, by how many do
        self._held: Counter[str] = Counter()
        #: held at any time since the sweep under way began
        self._held_since: set[str] = set()
        #: on disk for good
        self._known: set[str] = set()
        self._writing: dict[str, asyncio.Task[None]] = {}
        self._next_folder = 0

    async def keep(self, octets: bytes) -> str:
        digest = await asyncio.to_thread(digest_of, octets)
        self._held[digest] += 1
        self._held_since.add(digest)
        if digest not in self._known:
            task = self._writing.get(digest)
            if task is None:
                task = self._writing[digest] = asyncio.create_task(self._write(digest, octets))
            try:
                await asyncio.shield(task)
            except OSError as fault:
                self.release([digest])
                raise StoreUnavailable(f"content: {fault.strerror}") from fault
            except BaseException:
                self.release([digest])
                raise
        return digest

    def release(self, digests: Iterable[str]) -> None:
        for digest in digests:
            self._held[digest] -= 1
            if self._held[digest] <= 0:
                del self._held[digest]

    async def read(self, digest: str) -> bytes | None:
        return await asyncio.to_thread(self._read, digest)

    async def sweep(self, unused: Callable[[list[str]], Awaitable[set[str]]]) -> int:
        """Look through one of the folders, and count files."""
        if self._next_folder == 0 and not self._folder.exists():
            return 0
        folder = self._folder / f"{self._next_folder:02x}"
        self._next_folder = (self._next_folder + 1) % FOLDERS
        self._held_since = set(self._held)
        names = await asyncio.to_thread(_names, folder)
        if not names:
            return 0
        digests = [name for name in names if len(name) == _DIGEST_LENGTH]
        doomed = await unused(digests) if digests else set()
        doomed |= {name for name in names if name.endswith(_UNFINISHED)}
        swept = 0
        for name in doomed:
            digest = name.removesuffix(_UNFINISHED)
            if digest not in self._held_since and digest not in self._writing:
                self._known.discard(digest)
                with suppress(OSError):
                    (folder / name).unlink()  # at once: nobody may begin to hold it meanwhile
                    swept += 1
        return swept

    async def _write(self, digest: str, octets: bytes) -> None:
        try:
            await asyncio.to_thread(self._put, digest, octets)
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known.add(digest)
        finally:
            del self._writing[digest]

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest

    def _put(self, digest: str, octets: bytes) -> None:
        """Write a file, or see to it that one of an earlier process is on disk for good."""
        path = self._path(digest)
        is_new = not path.parent.exists()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._read(digest) is None:
            unfinished = path.with_name(path.name + _UNFINISHED)
            with open(unfinished, "wb", opener=_for_us_alone) as file:
                file.write(octets)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        else:
            _sync(path)
        _sync(path.parent)
        if is_new:
            _sync(self._folder)
            _sync(self._folder.parent)

    def _read(self, digest: str) -> bytes | None:
        try:
            octets = self._path(digest).read_bytes()
        except OSError:
            return None
        return octets if digest_of(octets) == digest else None


def _names(folder: Path) -> list[str]:
    with suppress(FileNotFoundError):
        return [path.name for path in folder.iterdir()]
    return []


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
