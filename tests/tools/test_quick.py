"""`make quick`: what changed, and which tests that has."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tools.quick import ROOT, Tree, changed_files

FILES = {
    "src/aldis/errors.py": "",
    "src/aldis/sms/segments.py": "from aldis.errors import Wrong",
    "src/aldis/sms/udh.py": "",
    "src/aldis/sms/__init__.py": "",
    "src/aldis/settings/checks.py": "",
    "src/aldis/sms/tables/gsm.csv": "a,b",
    "tests/conftest.py": "import aldis.errors",
    "tests/fakes/clock.py": "",
    "tests/sms/conftest.py": "",
    "tests/sms/test_segments.py": "from tests.fakes import clock",
    "tests/sms/test_writing.py": "from aldis.sms import segments",
    "tests/house/test_house.py": "import aldis.settings.sections",
    "tests/cli/test_segments.py": "from aldis.settings import read",
    "docs/README.md": "",
    "Makefile": "",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("changed", "tests"),
    [
        ("src/aldis/sms/segments.py", {"tests/sms/test_segments.py", "tests/sms/test_writing.py"}),
        ("src/aldis/sms/udh.py", {"tests/sms"}),
        ("src/aldis/sms/__init__.py", {"tests/sms/test_writing.py"}),
        ("src/aldis/sms/tables/gsm.csv", {"tests/sms"}),
        ("src/aldis/settings/checks.py", {"tests/cli/test_segments.py"}),
        ("src/aldis/errors.py", set()),
        ("tests/fakes/clock.py", {"tests/sms/test_segments.py"}),
        ("tests/sms/conftest.py", {"tests/sms"}),
        ("tests/sms/test_writing.py", {"tests/sms/test_writing.py"}),
        ("tests/sms/test_gone.py", set()),
        ("docs/README.md", {"tests/house"}),
        ("Makefile", set()),
    ],
)
def test_the_tests_of_a_file(root: Path, changed: str, tests: set[str]) -> None:
    assert Tree(root).tests_of(Path(changed)) == {Path(name) for name in tests}


def test_nearly_every_module_has_tests() -> None:
    tree = Tree(ROOT)
    modules = [path.relative_to(ROOT) for path in (ROOT / "src" / "aldis").rglob("*.py")]
    without = {path.parts[2] for path in modules if path.name != "__init__.py" and not tree.tests_of(path)}
    assert without <= {"__main__.py", "demo"}  # which whole runs try


@pytest.mark.slow
def test_changed_is_what_the_branch_and_the_working_copy_add(root: Path) -> None:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=x", "-c", "user.email=x@example.com")
        subprocess.run(("git", *identity, *arguments), cwd=root, check=True, capture_output=True)

    git("init", "--initial-branch", "main")
    git("add", ".")
    git("commit", "--message", "first")
    assert changed_files(root) == set()
    git("checkout", "-b", "work")
    (root / "Makefile").write_text("all:")
    git("commit", "--all", "--message", "second")
    (root / "docs" / "README.md").write_text("changed")
    (root / "docs" / "new.md").write_text("")
    assert changed_files(root) == {Path("Makefile"), Path("docs/README.md"), Path("docs/new.md")}
    git("branch", "-D", "main")
    assert changed_files(root) == {Path("docs/README.md"), Path("docs/new.md")}
