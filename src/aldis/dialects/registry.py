"""All the dialects there are. A new one needs one line here, and nothing else of the house changes."""

from __future__ import annotations

from collections.abc import Iterable

from aldis.accounts.directory_file import DialectTraits
from aldis.dialects import genesys, mavorion, native, skycore, sumotext
from aldis.dialects.contract import Dialect

DIALECTS: tuple[Dialect, ...] = (
    sumotext.DIALECT,
    mavorion.DIALECT,
    skycore.DIALECT,
    genesys.DIALECT,
    native.DIALECT,
)


def by_path(dialects: Iterable[Dialect]) -> dict[str, Dialect]:
    """Give the dialect of each path. Raises ValueError where two dialects would answer the same request."""
    found: dict[str, Dialect] = {}
    for dialect in dialects:
        for path in dialect.paths:
            for claimed, other in found.items():
                if other is not dialect and _overlap(path, claimed):
                    raise ValueError(f"the dialects {other.name} and {dialect.name} both claim {path}")
            found[path] = dialect
    return found


def _overlap(path: str, other: str) -> bool:
    """Tell whether a request could match both; "*" as the last part stands for anything."""
    (folder, _, last), (other_folder, _, other_last) = path.rpartition("/"), other.rpartition("/")
    return folder == other_folder and (last == other_last or "*" in (last, other_last))


BY_NAME: dict[str, Dialect] = {dialect.name: dialect for dialect in DIALECTS}
BY_PATH: dict[str, Dialect] = by_path(DIALECTS)
TRAITS: dict[str, DialectTraits] = {dialect.name: dialect.traits for dialect in DIALECTS}
