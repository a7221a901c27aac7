"""What a dead owner had journalled is recorded by the next one, each link's under its own lease."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from aldis.errors import LeaseLost
from aldis.store.memory.outcome_journal import OutcomeJournal
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
