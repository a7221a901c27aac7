"""All the dialects there are. A new one needs one line here, and nothing else of the house changes."""

from __future__ import annotations

from collections.abc import Iterable

from aldis.accounts.directory_file import DialectTraits
from aldis.dialects import genesys, mavorion, native, skycore, sumotext
from aldis.dialects.contract import Dialect, Policy
from aldis.dialects.http_face import HttpDialect

#: spoken over HTTP
HTTP: tuple[HttpDialect, ...] = (
    sumotext.DIALECT,
    mavorion.DIALECT,
    skycore.DIALECT,
    genesys.DIALECT,
    native.DIALECT,
)

DIALECTS: tuple[Dialect[object], ...] = (*HTTP,)


def by_path(dialects: Iterable[HttpDialect]) -> dict[str, HttpDialect]:
    """Give the dialect of each path. Raises ValueError where two dialects would answer the same request."""
    found: dict[str, HttpDialect] = {}
    for dialect in dialects:
        for path in dialect.face.paths:
            for claimed, other in found.items():
                if other is not dialect and _overlap(path, claimed):
                    names = f"{other.policy.name} and {dialect.policy.name}"
                    raise ValueError(f"the dialects {names} both claim {path}")
            found[path] = dialect
    return found


def _overlap(path: str, other: str) -> bool:
    """Tell whether a request could match both; "*" as the last part stands for anything."""
    (folder, _, last), (other_folder, _, other_last) = path.rpartition("/"), other.rpartition("/")
    return folder == other_folder and (last == other_last or "*" in (last, other_last))


POLICIES: dict[str, Policy] = {dialect.policy.name: dialect.policy for dialect in DIALECTS}
BY_PATH: dict[str, HttpDialect] = by_path(HTTP)
TRAITS: dict[str, DialectTraits] = {name: policy.traits for name, policy in POLICIES.items()}
