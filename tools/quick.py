"""Runs the tests of what changed since the branch left main, committed or not: `make quick`.

A module's tests are those that import it and those named after it in its room (tests/ mirrors src/); where
there are none, the whole room's. Arguments go to pytest.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: pytest's exit code when every test was left out
ALL_LEFT_OUT = 5


class Tree:
    """A working copy: its files of tests, and what each imports."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @cached_property
    def _tests(self) -> dict[Path, set[str]]:
        return {path: imports_of(path) for path in (self._root / "tests").rglob("test_*.py")}

    def tests_of(self, changed: Path) -> set[Path]:
        """Find the files and folders with the tests of a file; paths are relative to the root."""
        first, *inner = changed.parts
        if changed.suffix == ".py" and first in ("src", "tests", "tools"):
            found = self._tests_of_module(self._root / changed)
        elif first == "src":  # a template, a migration
            found = {self._root / "tests" / inner[1]}
        else:
            found = {self._root / "tests" / "house"} if changed.suffix == ".md" else set()
        return {path.relative_to(self._root) for path in found if path.exists()}

    def _tests_of_module(self, path: Path) -> set[Path]:
        if path in self._tests:
            return {path}
        if path.name == "conftest.py":
            return {path.parent}
        first, *inner = path.relative_to(self._root).with_suffix("").parts
        parts = inner if first == "src" else [first, *inner]
        package = parts[:-1]
        module = ".".join(package if parts[-1] == "__init__" else parts)
        room = inner[1] if first == "src" else first
        mirrors = {test for test in self._tests if test.name == f"test_{path.name}" and room in test.parts}
        if found := mirrors | self._importing(module):
            return found
        folder = self._root / "tests" / room
        return {folder} if folder.is_dir() else self._importing(".".join(package))

    def _importing(self, module: str) -> set[Path]:
        return {path for path, imported in self._tests.items() if module in imported}


def imports_of(path: Path) -> set[str]:
    """List what a file imports: modules, and names that may be modules."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def changed_files(root: Path) -> set[Path]:
    """List what is not as it was when the branch left main, and what is new."""
    left = _git(root, "merge-base", "HEAD", "main") or ["HEAD"]
    changed = _git(root, "diff", "--name-only", *left)
    new = _git(root, "ls-files", "--others", "--exclude-standard")
    return {Path(name) for name in changed + new}


def _git(root: Path, *arguments: str) -> list[str]:
    said = subprocess.run(("git", *arguments), cwd=root, capture_output=True, text=True, check=False)
    return said.stdout.splitlines()


def main(arguments: list[str]) -> int:
    """Run the tests; returns pytest's exit code, or 0 where nothing has tests."""
    tree = Tree(ROOT)
    tests = sorted({str(test) for changed in changed_files(ROOT) for test in tree.tests_of(changed)})
    if not tests:
        print("nothing that has tests has changed")
        return 0
    print("\n".join(tests), flush=True)
    ended = subprocess.run((sys.executable, "-m", "pytest", *arguments, *tests), cwd=ROOT, check=False)
    return 0 if ended.returncode == ALL_LEFT_OUT else ended.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
