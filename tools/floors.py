"""Prints what a test of pyproject's floors installs: each dependency of Aldis at the lowest version that it
names, and the programs that test it at their locked ones. What those need in turn is the newest that fits.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: what runs the tests; the others of the group look at the source alone
RUNNERS = {"hypothesis", "pytest", "pytest-asyncio", "pytest-cov", "pytest-timeout", "pytest-xdist"}
BUILDERS = {"editables", "hatchling"}


def main() -> None:
    """Print one requirement a line."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    floors = [
        *project["dependencies"],
        *(each for extra in project["optional-dependencies"].values() for each in extra),
    ]
    for floor in floors:
        print(re.sub(r">=([^,; ]+)[^; ]*", r"==\1", floor))
    for name, version in re.findall(r"^(\S+)==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE):
        if name in RUNNERS | BUILDERS:
            print(f"{name}=={version}")


if __name__ == "__main__":
    main()
