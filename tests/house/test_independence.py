"""Each stage and each dialect stands in its independence contract, so that none can lean on another unseen."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.house.sources import ROOT, SRC

KINDS = {"stages": "stages do not know each other", "dialects": "dialects do not know each other"}
each_kind = pytest.mark.parametrize("kind", KINDS)


def contract_named(name: str) -> dict[str, Any]:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts: list[dict[str, Any]] = document["tool"]["importlinter"]["contracts"]
    (found,) = [contract for contract in contracts if contract["name"] == name]
    return found


def contract_of(kind: str) -> set[str]:
    return set(contract_named(KINDS[kind])["modules"])


def packages_in(folder: Path) -> set[str]:
    return {f"aldis.{folder.name}.{init.parent.name}" for init in folder.glob("*/__init__.py")}


@each_kind
def test_every_folder_is_in_its_contract(kind: str) -> None:
    assert packages_in(SRC / kind) == contract_of(kind)


@each_kind
def test_a_new_folder_would_be_missed(kind: str, tmp_path: Path) -> None:
    made_up = tmp_path / kind
    for name in packages_in(SRC / kind) | {"telegraph"}:
        folder = made_up / name.rpartition(".")[2]
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
    assert packages_in(made_up) - contract_of(kind) == {f"aldis.{kind}.telegraph"}


def test_every_dialect_is_hidden_from_all_rooms_that_could_import_it() -> None:
    hidden = contract_named("only the registry and app know a dialect by name")
    assert set(hidden["forbidden_modules"]) == packages_in(SRC / "dialects")
    rooms = {f"aldis.{init.parent.name}" for init in SRC.glob("*/__init__.py")}
    lower = {"aldis.sms", "aldis.smpp", "aldis.mms"}
    assert set(hidden["source_modules"]) == rooms - lower - {"aldis.app", "aldis.dialects"}
