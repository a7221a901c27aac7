"""What a dead owner had journalled is recorded by the next one, each link's under its own lease."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from aldis.errors import LeaseLost
from aldis.store.memory.outcome_journal import JournaledResults, OutcomeJournal
from aldis.traffic.message import AttemptResult, SubmittedSegment
from aldis.traffic.states import Event
from tests.backends import open_store, own, own_maintenance
from tests.store.building import NOW, a_message, accept

LINKS = ("link", "other", "gone")


def sent(number: int) -> list[AttemptResult]:
    return [AttemptResult(number, Event.SUBMIT_ACCEPTED, (SubmittedSegment(1, f"A{number}"),))]


async def test_each_link_is_recorded_by_its_new_owner(tmp_path: Path, demo_folder: Path) -> None:
    shutil.copy(demo_folder / "aldis.db", tmp_path)
    dead = open_store(tmp_path, journal=OutcomeJournal(tmp_path))
    for number, link in enumerate(LINKS, start=1):
        await accept(dead, a_message(number, link=link))
        assert dead.sending.journal(await own(dead, link), sent(number), NOW)
    old = await own(dead)
    journal = OutcomeJournal(tmp_path)
    assert [(each.link, each.epoch) for each in journal.left_over] == [(link, 1) for link in LINKS]
    store = open_store(tmp_path, journal=journal)
    new = await own(store)
    with pytest.raises(LeaseLost):
        await store.sending.recover(old, hold=False, now=NOW)
    assert await store.metrics.count_by_state() == {"queued": 3}
    assert len(journal.left_over) == 3
    await store.sending.recover(new, hold=False, now=NOW)
    assert await store.metrics.count_by_state() == {"sent": 1, "queued": 2}
    await store.sending.recover(await own(store, "other"), hold=False, now=NOW)
    assert await store.metrics.count_by_state() == {"sent": 2, "queued": 1}
    assert (tmp_path / "heard-1.journal").stat().st_size
    await store.sending.recover_orphans(await own_maintenance(store), ["link", "other"], NOW)
    assert await store.metrics.count_by_state() == {"sent": 3}
    assert not (tmp_path / "heard-1.journal").stat().st_size
    for each in (store, dead):
        await each.close()


async def test_what_was_journalled_before_there_were_leases_is_read(
    tmp_path: Path, demo_folder: Path
) -> None:
    shutil.copy(demo_folder / "aldis.db", tmp_path)
    octets = msgspec.msgpack.encode([1, ["results", "link", sent(1), NOW]])
    (tmp_path / "heard-1.journal").write_bytes(len(octets).to_bytes(4, "big") + octets)
    store = open_store(tmp_path, journal=OutcomeJournal(tmp_path))
    await accept(store, a_message(1))
    await store.sending.recover(await own(store), hold=False, now=NOW)
    assert await store.metrics.count_by_state() == {"sent": 1}
    await store.close()


@pytest.mark.parametrize(
    ("damage", "left"),
    [
        (lambda octets: octets[:-1], 2),
        (lambda octets: octets[: len(octets) // 2], 1),
        (lambda octets: octets + b"\0\0\0", 3),
        (lambda octets: octets + b"\0" * 5000, 3),
        (lambda octets: octets + b"\xff" * 64, 3),
        (lambda octets: octets[:6] + b"\xc1" + octets[7:], 0),
    ],
    ids=["cut short", "half", "torn length", "zeros", "noise", "flipped"],
)
def test_a_damaged_journal_is_read_as_far_as_it_goes_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: Callable[[bytes], bytes], left: int
) -> None:
    journal = OutcomeJournal(tmp_path)
    for number in (1, 2, 3):
        assert journal.note(JournaledResults("link", tuple(sent(number)), NOW))
    file = tmp_path / "heard-1.journal"
    damaged = damage(file.read_bytes())
    file.write_bytes(damaged)
    again = OutcomeJournal(tmp_path)
    assert [each.results[0].message_id for each in again.left_over] == [1, 2, 3][:left]
    assert capsys.readouterr().out.count("a journal of outcomes is damaged") == 1
    assert (tmp_path / "heard-1.damaged").read_bytes() == damaged
    for each in (journal, again):
        each.close()


def test_a_sound_journal_is_read_without_a_word(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = OutcomeJournal(tmp_path)
    assert journal.note(JournaledResults("link", tuple(sent(1)), NOW))
    again = OutcomeJournal(tmp_path)
    assert len(again.left_over) == 1
    assert "damaged" not in capsys.readouterr().out
    for each in (journal, again):
        each.close()
