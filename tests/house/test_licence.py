"""Who may run Aldis is said in its LICENSE, in what a package index reads, and for what it ships of others."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
VENDOR = ROOT / "src" / "aldis" / "console" / "static" / "vendor"


def test_the_licence_and_its_metadata_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == "Apache-2.0"
    assert "Apache License\n                           Version 2.0" in (ROOT / "LICENSE").read_text(
        encoding="utf-8"
    )
    for name in project["license-files"]:
        assert (ROOT / name).is_file(), name


def test_all_that_is_shipped_of_others_has_its_licence_and_its_line_in_the_notice() -> None:
    licences = (VENDOR / "LICENSES.txt").read_text(encoding="utf-8")
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    shipped = {path.name for path in VENDOR.iterdir()} - {"LICENSES.txt"}
    assert shipped
    for name in shipped:
        assert name in licences, name
        assert name.split(".")[0] in notice, name
