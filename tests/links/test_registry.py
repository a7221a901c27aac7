"""Kinds of links: what the registry promises, for each kind there is and each there will be."""

from __future__ import annotations

from typing import Any

import pytest
from tests.house.sources import SRC, sources

from aldis.accounts.routing import MmsRules
from aldis.links.contract import LinkKind
from aldis.links.entry import LinkEntry
from aldis.links.registry import KINDS, kind_of
from aldis.sms.fitting import TextRules

#: `aldis decode` explains PDUs of SMPP, whatever links there are
KNOWING = {SRC / "links" / "registry.py", SRC / "cli" / "decode.py"}


def folder_of(kind: LinkKind[Any]) -> str:
    return str(kind.entry.__module__).rpartition(".")[0]


def tag_of(kind: LinkKind[Any]) -> object:
    return kind.entry.__struct_config__.tag


def test_kinds_have_a_folder_and_a_tag_each() -> None:
    assert len({folder_of(kind) for kind in KINDS}) == len({tag_of(kind) for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=tag_of)
def test_only_the_registry_knows_a_kind(kind: LinkKind[Any]) -> None:
    folder = SRC.joinpath(*folder_of(kind).split(".")[1:])
    elsewhere = [each for each in sources() if folder not in each.path.parents and each.path not in KNOWING]
    assert [each.name for each in elsewhere if folder_of(kind) in each.text] == []


@pytest.mark.parametrize("kind", KINDS, ids=tag_of)
def test_a_kinds_entry_is_a_link_and_finds_its_kind(kind: LinkKind[Any]) -> None:
    entry = kind.entry(name="x")
    assert isinstance(entry, LinkEntry)
    assert kind_of(entry) is kind
    assert len(entry.address) == 2
    assert isinstance(entry.carries, TextRules | MmsRules)
    assert bool(entry.tls_means)
    assert all(
        set(path) <= {*entry.__struct_fields__} | {*getattr(entry, "quirks", entry).__struct_fields__}
        for path, _ in entry.faults()
    )


@pytest.mark.parametrize("kind", KINDS, ids=tag_of)
@pytest.mark.parametrize(("country", "is_one"), [("", True), ("US", True), ("us", False), ("XX", False)])
def test_a_link_is_at_home_in_a_country_that_there_is(
    kind: LinkKind[Any],
    country: str,
    is_one: bool,  # noqa: FBT001 - a table's column
) -> None:
    faults = kind.entry(name="x", country=country).faults()
    assert any(path == ("country",) for path, _ in faults) is not is_one
