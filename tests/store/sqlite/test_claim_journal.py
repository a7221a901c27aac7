"""What was in hand is known after any death of the process, wherever it stopped writing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aldis.stages.sending.shares import share
from aldis.store.memory.claim_journal import COMPACT_IDS, NAME, ClaimJournal
from aldis.store.memory.outcome_journal import OutcomeJournal
from aldis.store.sqlite.store import open_sqlite
from aldis.traffic.message import AttemptResult, SubmittedSegment
from aldis.traffic.states import Event
from tests.backends import own
from tests.fakes.clock import FakeClock
from tests.store.building import NOW, a_message, accept

#: ids, and whether they are claimed or given back
STEPS = st.lists(st.tuples(st.sets(st.integers(1, 40), max_size=30), st.booleans()), max_size=80)


def reopened(path: Path) -> frozenset[int]:
    """Look at what a process that died has left."""
    return ClaimJournal(path.parent).left_over


@given(STEPS)
def test_what_was_claimed_and_not_given_back_was_in_hand(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[set[int], bool]]
) -> None:
    path = tmp_path_factory.mktemp("journal") / NAME
    journal, in_hand = ClaimJournal(path.parent), set[int]()
    for ids, is_claim in steps:
        if is_claim:
            journal.note_claimed(ids)
            in_hand |= ids
        else:
            journal.note_released(ids)
            in_hand -= ids
    assert reopened(path) == in_hand


@given(STEPS)
def test_what_has_ended_is_written_with_the_next_claim(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[set[int], bool]]
) -> None:
    path = tmp_path_factory.mktemp("journal") / NAME
    journal, in_hand, unwritten = ClaimJournal(path.parent), set[int](), set[int]()
    for ids, is_claim in steps:
        if is_claim:
            journal.note_claimed(ids)
            in_hand, unwritten = in_hand | ids, set()
        else:
            journal.note_ended(ids)
            unwritten |= in_hand & ids
            in_hand -= ids
        copy = ClaimJournal(shutil.copytree(path.parent, path.parent / "copy", dirs_exist_ok=True))
        assert copy.left_over == in_hand | unwritten
        copy.close()
    journal.close()


def test_what_has_ended_is_written_though_nothing_is_claimed(tmp_path: Path) -> None:
    journal, many = ClaimJournal(tmp_path), range(1, 2 * COMPACT_IDS)
    journal.note_claimed(many)
    journal.note_ended(many)
    assert reopened(tmp_path / NAME) == set()


def test_it_stays_small_whatever_passes_and_keeps_what_stays(tmp_path: Path) -> None:
    path = tmp_path / NAME
    journal = ClaimJournal(path.parent)
    journal.note_claimed([1, 2])
    for number in range(3, 5_000):
        journal.note_claimed([number])
        journal.note_released([number])
        assert path.stat().st_size <= 8 * (COMPACT_IDS + 1)
    assert reopened(path) == {1, 2}


def test_a_window_larger_than_the_log_is_kept(tmp_path: Path) -> None:
    path = tmp_path / NAME
    many = range(1, 5 * COMPACT_IDS)
    journal = ClaimJournal(path.parent)
    journal.note_claimed(many)
    journal.note_released(many[::2])
    assert reopened(path) == set(many[1::2])


def test_a_death_amid_compacting_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / NAME
    journal = ClaimJournal(path.parent)
    journal.note_claimed(range(1, 600))
    journal.note_released(range(3, 600))
    whole = path.read_bytes()
    snapshot = b"".join(number.to_bytes(8, "little") for number in (1, 2))
    path.write_bytes(snapshot + whole[len(snapshot) :])  # written, and not cut yet
    assert reopened(path) == {1, 2}


def test_a_file_cut_anywhere_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / NAME
    ClaimJournal(path.parent).note_claimed([1, 2, 3])
    path.write_bytes(path.read_bytes()[:-3])
    assert reopened(path) == {1, 2}


def test_what_was_left_over_stays_until_its_link_has_recovered_it(tmp_path: Path) -> None:
    path = tmp_path / NAME
    ClaimJournal(path.parent).note_claimed([1, 2, 4])
    journal = ClaimJournal(path.parent)
    journal.note_claimed([3])
    journal.close()
    journal = ClaimJournal(path.parent)
    assert journal.left_over == {1, 2, 4}
    journal.drop_left_over([1, 2])
    assert journal.left_over == {4}
    journal.note_claimed([2])
    assert reopened(path) == {2, 4}


def test_it_is_for_its_owner_alone_and_empty_after_a_clean_end(tmp_path: Path) -> None:
    path = tmp_path / NAME
    journal = ClaimJournal(path.parent)
    journal.note_claimed([1])
    journal.close()
    assert reopened(path) == set()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_size == 0


@pytest.mark.parametrize(
    ("before", "hold", "states"),
    [
        (False, False, {"sent": 1, "queued": 4}),
        (False, True, {"sent": 1, "queued": 2, "unconfirmed": 2}),
        (True, True, {"sent": 1, "queued": 4}),  # it marks before it submits
        (None, True, {"sent": 1, "queued": 4}),  # as of a link that is new
    ],
)
async def test_what_was_in_hand_is_not_repeated_by_a_link_that_has_come_to_hold_it(
    tmp_path: Path, demo_folder: Path, *, before: bool | None, hold: bool, states: dict[str, int]
) -> None:
    """Heard and deferred, heard and taken, in hand twice; and of another link, which recovers first."""
    shutil.copy(demo_folder / "aldis.db", tmp_path)
    store = open_sqlite(tmp_path / "aldis.db", FakeClock(), journal=OutcomeJournal(tmp_path))
    if before is not None:
        await store.sending.recover(await own(store), hold=before, now=NOW)
    for number in range(1, 6):
        await accept(store, a_message(number, link="link" if number < 5 else "other"))
    lease, other = await own(store), await own(store, "other")
    assert len(await store.sending.claim(lease, 9, share, NOW)) == 4
    await store.sending.claim(other, 1, share, NOW)
    heard = [
        AttemptResult(1, Event.SUBMIT_DEFERRED, due_at=NOW),
        AttemptResult(2, Event.SUBMIT_ACCEPTED, (SubmittedSegment(1, "A1"),)),
    ]
    store.sending.journal(lease, heard, NOW)
    again = open_sqlite(tmp_path / "aldis.db", FakeClock(), journal=OutcomeJournal(tmp_path))
    await again.sending.recover(await own(again, "other"), hold=hold, now=NOW)
    await again.close()  # and it dies there, too
    once_more = open_sqlite(tmp_path / "aldis.db", FakeClock(), journal=OutcomeJournal(tmp_path))
    await once_more.sending.recover(await own(once_more), hold=hold, now=NOW)
    assert await once_more.metrics.count_by_state() == states
    await once_more.close()
    await store.close()
