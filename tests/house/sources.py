"""What the house rules read: each file of the source and of the tests, read and parsed once for all rules."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src" / "aldis"


class Source(NamedTuple):
    """One file."""

    path: Path
    text: str
    #: every node of its tree, the module first
    nodes: tuple[ast.AST, ...]

    @property
    def name(self) -> str:
        """Name the file from the root of the repository."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def module(self) -> ast.Module:
        """Give the whole tree."""
        module = self.nodes[0]
        assert isinstance(module, ast.Module)
        return module

    @property
    def imported(self) -> set[str]:
        """Name the modules that it imports."""
        found: set[str] = set()
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module or "")
        return found


@cache
def source(path: Path) -> Source:
    """Read a file."""
    text = path.read_text(encoding="utf-8")
    return Source(path, text, tuple(ast.walk(ast.parse(text))))


@cache
def sources(folder: Path = SRC) -> tuple[Source, ...]:
    """Read all files below a folder."""
    return tuple(source(path) for path in sorted(folder.rglob("*.py")))
