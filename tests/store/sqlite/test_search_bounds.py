"""How far one look goes: with bounds of a few ids, so that a few messages are more than it looks at."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.store.contract.search import Grouping, InboundFilter, MessageFilter
from aldis.store.contract.store import Store
from aldis.store.sqlite.reads import searching, walking
from tests.fakes.noting_vfs import NotingVfs
from tests.store.building import NOW, a_message, accept
from tests.store.test_inbound import an_inbound, heard
from tests.store.test_search import HOUR, ids, some


async def test_a_page_that_has_looked_at_enough_says_how_far_it_came(
    kept: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "LOOK", 3)
    await some(kept)
    page = await kept.search.messages(MessageFilter(sender="nobody"), 0, 10)
    assert (page.found, page.next_before, page.looked_back_to) == ((), 4, NOW + 3 * HOUR)
    page = await kept.search.messages(MessageFilter(sender="nobody"), page.next_before, 10)
    assert (page.found, page.next_before, page.looked_back_to) == ((), 0, 0)


async def test_ids_that_nobody_has_are_leapt_over(kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "LOOK", 10)
    await accept(kept, a_message(5))
    await accept(kept, a_message(900_000))
    assert await ids(kept, limit=10) == [900_000]
    page = await kept.search.messages(MessageFilter(), 0, 10)
    assert page.next_before
    assert await ids(kept, before=page.next_before) == [5]


async def test_a_page_of_what_handsets_wrote_says_how_far_it_came(
    kept: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "LOOK", 2)
    for number in (1, 2, 3):
        await kept.inbound.record(heard(an_inbound(number, received_at=NOW + number)))
    page = await kept.search.inbound(InboundFilter(keyword="NOTHING"), 0, 10)
    assert (page.found, page.next_before, page.looked_back_to) == ((), 2, NOW + 2)
    page = await kept.search.inbound(InboundFilter(keyword="NOTHING"), page.next_before, 10)
    assert (page.found, page.next_before, page.looked_back_to) == ((), 0, 0)


EVEN = walking.WalkedTable("thing", "id", "SELECT id FROM thing")


@given(st.sets(st.integers(1, 2_000)), st.integers(0, 500), st.integers(1, 2_100), st.integers(1, 60))
def test_a_walk_finds_what_a_look_at_all_finds(present: set[int], begin: int, end: int, limit: int) -> None:
    db = apsw.Connection(":memory:")
    db.execute("CREATE TABLE thing (id INTEGER PRIMARY KEY)")
    db.executemany("INSERT INTO thing VALUES (?)", [(number,) for number in present])
    wanted = sorted((each for each in present if begin <= each < end and each % 2 == 0), reverse=True)
    rows, reached = walking.walk(db, EVEN, (" AND id % ? = 0", (2,)), (begin, end), limit)
    assert ([number for (number,) in rows], reached) == (wanted[:limit], 0)


def test_a_walk_reads_the_file_forward(tmp_path: Path) -> None:
    path = str(tmp_path / "things.db")
    writer = apsw.Connection(path)
    writer.execute("CREATE TABLE thing (id INTEGER PRIMARY KEY, filler TEXT)")
    writer.execute("""WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
                   INSERT INTO thing SELECT i, hex(zeroblob(100)) FROM n""")
    writer.close()
    vfs = NotingVfs()
    reader = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY, vfs="noting")
    walking.walk(reader, EVEN, (" AND filler = ''", ()), (0, 20_001), 10)
    steps = [after - before for before, after in zip(vfs.offsets, vfs.offsets[1:], strict=False)]
    assert len(steps) > 500
    assert sum(step < 0 for step in steps) < 40  # where a run begins, and by the tree above the leaves
    reader.close()


async def test_sums_of_many_parts(kept: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "PART", 2)
    await some(kept)
    assert [each.accepted for each in await kept.search.sums(MessageFilter(), Grouping.COUNTRY, 1_000)] == [
        1,
        4,
        1,
    ]
