"""CSV that no spreadsheet runs, streamed."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.backends import apply
from tests.store.building import NOW, a_message

from aldis.accounts.directory import CurrentDirectory
from aldis.accounts.routing import Router
from aldis.accounts.staff import Actor, Role, audit
from aldis.admin.csv_export import cell, message_lines, row
from aldis.admin.messages import Messages, Upstreams
from aldis.store.contract.admission import Acceptance
from aldis.store.contract.search import MessageFilter
from aldis.store.contract.store import Store

BOSS = Actor("boss", Role.ADMIN, "command line")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+14805550100", "'+14805550100"),
        ("-2", "'-2"),
        (" =1", "' =1"),
        ("\t=1", "'\t'=1"),
        ("a;=1", "a;'=1"),
        ("a, +1|@x", "a,' +1|'@x"),
        ('a\n"=1', "a\n'\"=1"),
        ("a;b", "a;b"),
        ("\uff1d1", "'\uff1d1"),
        ("a=b", "a=b"),
        ("", ""),
        (-2, -2),
    ],
)
def test_formulas_are_disarmed(value: object, expected: object) -> None:
    assert cell(value) == expected


@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=2))
def test_a_line_reads_back_and_starts_no_formula(cells: list[str]) -> None:
    (read,) = csv.reader(io.StringIO(row(cells), newline=""))
    assert [text.replace("'", "") for text in read] == [text.replace("'", "") for text in cells]
    parts = [part for text in read for part in re.split(r"[,;|\t\r\n]", text)]
    assert not any(part.lstrip(' "').startswith(("=", "+", "-", "@")) for part in parts)
    assert not any(text.lstrip().startswith(("=", "+", "-", "@")) for text in read)


async def test_an_export_reads_no_further_than_it_is_read(store: Store) -> None:
    """Constant time to its first line, and memory for one page."""
    await apply(store, '[[account]]\nname = "me"\nprepaid = false\n', NOW)
    many = tuple(a_message(number) for number in range(1, 2_001))
    assert await store.admission.accept(Acceptance(1, prepaid=False, messages=many)) is None
    seen = Upstreams(Router({}, lambda _link: True), lambda _view: (), lambda _links: None)
    messages = Messages(
        store.search, store.actions, store.admission, CurrentDirectory(await store.directory.load()), seen
    )
    lines = message_lines(messages, MessageFilter())
    head = [await anext(lines) for _ in range(3)]
    assert [line.partition(",")[0] for line in head] == ["message_id", "2000", "1999"]
    assert await store.admission.accept(Acceptance(1, prepaid=False, messages=(a_message(2_001),))) is None
    for number in (1, 2, 3):  # what is read later is as it is then
        await store.actions.cancel(number, "link", audit(BOSS, NOW, "cancel message", str(number)))
    rest = [line async for line in lines]
    assert len(rest) == 1_998
    assert [",deleted," in line for line in rest[-4:]] == [False, True, True, True]
