"""All the dialects there are. A new one needs one line here, and nothing else of the house changes."""

from __future__ import annotations

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

BY_NAME: dict[str, Dialect] = {dialect.name: dialect for dialect in DIALECTS}
BY_PATH: dict[str, Dialect] = {path: dialect for dialect in DIALECTS for path in dialect.paths}
TRAITS: dict[str, DialectTraits] = {dialect.name: dialect.traits for dialect in DIALECTS}
