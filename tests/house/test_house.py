"""The house rules that a linter does not know: sizes, names, docstrings, and tables that must agree."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src" / "aldis"
FILES = sorted(SRC.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
FORBIDDEN = {
    *(
        "util",
        "utils",
        "helper",
        "helpers",
        "common",
        "misc",
        "base",
        "core",
        "types",
        "constants",
        "impl",
        "lib",
    ),
    *("manager", "managers", "service", "services", "handler", "handlers"),
}


@pytest.mark.parametrize("path", FILES + TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_keeps_the_house_rules(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert len(text.splitlines()) <= MAX_FILE_LINES
    assert not FORBIDDEN & set(path.relative_to(ROOT).with_suffix("").parts)
    assert ast.get_docstring(tree), "open with one sentence saying what this file is for"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < MAX_FUNCTION_LINES, node.name


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SRC)))
def test_public_names_say_what_they_are(path: Path) -> None:
    """Asyncio's and uvicorn's callbacks are named by their protocols and excused."""
    callbacks = re.compile(
        r"^(on_|connection_|data_received|pause_writing|resume_writing|send_400_response|capture_signals|read$|write$)"
    )
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            private = node.name.startswith("_") or callbacks.match(node.name)
            inner = isinstance(node, ast.FunctionDef) and node.name in {"due", "stop", "wake_senders", "hold"}
            assert private or inner or ast.get_docstring(node), f"{node.name} has no docstring"


def test_every_folder_says_what_it_is_for() -> None:
    for folder in {path.parent for path in FILES}:
        assert (folder / "__init__.py").exists(), folder


def test_pure_floors_do_no_io_and_read_no_clock() -> None:
    pure = ("sms", "smpp", "traffic", "accounts", "dialects")
    forbidden = {
        "asyncio",
        "socket",
        "time",
        "random",
        "secrets",
        "os",
        "threading",
        "aiohttp",
        "apsw",
        "uvicorn",
    }
    for floor in pure:
        for path in sorted((SRC / floor).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = []
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom):
                    names = [node.module or ""]
                assert not forbidden & {name.partition(".")[0] for name in names}, path


def test_no_path_of_a_machine_and_no_registry_is_committed() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert "--hash=sha256:" in lock
