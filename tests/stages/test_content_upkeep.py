"""Maintenance forgets pictures with the last message that needs them."""

from __future__ import annotations

from pathlib import Path

from aldis.accounts.directory import CurrentDirectory
from aldis.stages.follow import DirectoryFollower
from aldis.stages.maintenance.maintenance import Maintenance, MaintenanceSettings
from aldis.stages.maintenance.timekeeper import Timekeeper
from aldis.stages.owner import Holder
from aldis.store.content_files import FOLDERS, ContentFiles
from aldis.store.contract.store import Store
from aldis.telemetry import Metrics
from aldis.traffic.content import MMS, KeptPart, as_column
from tests.fakes.clock import FakeClock
from tests.fakes.upstream import NoLinks
from tests.store.building import a_message, accept

DAY_S = 86_400


async def test_a_picture_stays_for_the_retention_and_no_longer(
    demo_store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    files, current = ContentFiles(tmp_path), CurrentDirectory(await demo_store.directory.load())
    settings = MaintenanceSettings(retention_days=30, receipt_patience_s=DAY_S, failover_s=30)
    maintenance = Maintenance(
        demo_store.maintenance,
        Holder(demo_store.ownership, "test", clock),
        DirectoryFollower(demo_store.directory, current),
        Timekeeper(demo_store.time, clock, Metrics(), 360.0),
        settings,
        NoLinks(),
        files,
    )
    digest = await files.keep(b"picture")
    await accept(demo_store, a_message(1, coding=MMS, parts=as_column([KeptPart("image/png", digest, 7)])))
    files.release([digest])

    async def a_round() -> bytes | None:
        for _ in range(FOLDERS):
            await maintenance.step()
        return await files.read(digest)

    assert await a_round() == b"picture"
    clock.advance(3 * DAY_S)  # its validity ends
    assert await a_round() == b"picture"
    clock.advance(29 * DAY_S)
    assert await a_round() == b"picture"
    clock.advance(2 * DAY_S)
    assert await a_round() is None
