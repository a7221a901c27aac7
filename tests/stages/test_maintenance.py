"""Maintenance's part in finding numbers: it writes down who got what, in batches, and not the newest."""

from __future__ import annotations

from pathlib import Path

from aldis.accounts.directory import CurrentDirectory
from aldis.stages.follow import DirectoryFollower
from aldis.stages.maintenance.maintenance import FILED, Maintenance, MaintenanceSettings
from aldis.stages.maintenance.timekeeper import Timekeeper
from aldis.stages.owner import Holder
from aldis.store.content_files import ContentFiles
from aldis.store.contract.search import MessageFilter
from aldis.store.contract.store import Store
from aldis.telemetry import Metrics
from tests.fakes.clock import NOON, FakeClock
from tests.fakes.upstream import NoLinks
from tests.store.building import a_message, accept


async def test_upkeep_makes_numbers_findable_while_there_is_more(demo_store: Store, tmp_path: Path) -> None:
    for message_id in (1, 3_000, 30_000):
        await accept(demo_store, a_message(message_id, expires_at=NOON + 10**9))
    current = CurrentDirectory(await demo_store.directory.load())
    settings = MaintenanceSettings(7, 86_400, 60)
    clock = FakeClock()
    maintenance = Maintenance(
        demo_store.maintenance,
        Holder(demo_store.ownership, "test", clock),
        DirectoryFollower(demo_store.directory, current),
        Timekeeper(demo_store.time, clock, Metrics(), 360.0),
        settings,
        NoLinks(),
        ContentFiles(tmp_path),
    )
    assert [await maintenance.step() for _ in range(3)] == [FILED, FILED, 0]  # the third is among the newest
    page = await demo_store.search.messages(MessageFilter(number="447700900001"), 0, 10)
    assert [each.message.message_id for each in page.found] == [30_000, 3_000, 1]
