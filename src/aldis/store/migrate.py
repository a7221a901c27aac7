"""Numbered SQL files, applied in order, each once, in one transaction; used by every backend.

A file that was applied and has changed since is an error: what stands in the database is no longer what the
file says.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from importlib.resources import files

import msgspec

from aldis.errors import SettingsError

_NAME = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")


class Migration(msgspec.Struct, frozen=True):
    """One step of a schema."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """What tells whether the file has changed."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def load(package: str) -> list[Migration]:
    """Read the migrations that ship in a package, in order; their numbers run from 1 without gaps."""
    found = sorted(_read(package), key=lambda migration: migration.number)
    numbers = [migration.number for migration in found]
    if numbers != list(range(1, len(found) + 1)):
        raise SettingsError([f"the migrations of {package} are numbered {numbers}"])
    return found


def pending(known: list[Migration], applied: dict[int, str]) -> list[Migration]:
    """Tell which are still to be applied; `applied` maps number to checksum. Raises SettingsError on a
    contradiction.
    """
    newest = len(known)
    if applied and max(applied) > newest:
        raise SettingsError(
            [f"the database is at migration {max(applied)}, this version knows {newest}: upgrade Aldis"]
        )
    changed = [m.name for m in known if m.number in applied and applied[m.number] != m.checksum]
    if changed:
        raise SettingsError([f"migration {name} was changed after it had been applied" for name in changed])
    return [migration for migration in known if migration.number not in applied]


def outdated(where: str, applied: dict[int, str], todo: list[Migration]) -> SettingsError:
    """Say that a database which a gateway serves is not changed by another version."""
    stands = f"is at migration {max(applied, default=0)}, this version needs {todo[-1].number}"
    advice = "start the gateway with this version first, or use the version that it runs"
    return SettingsError([f"{where} {stands}, and a gateway serves it: {advice}"])


def _read(package: str) -> Iterator[Migration]:
    for file in files(package).iterdir():
        if name := _NAME.match(file.name):
            yield Migration(int(name[1]), file.name, file.read_text(encoding="utf-8"))
