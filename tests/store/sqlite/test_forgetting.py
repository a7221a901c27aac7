"""What retention changes far apart in the file is read beside the writer first."""

from __future__ import annotations

from pathlib import Path

import apsw

from aldis.store.sqlite.engine.connection import open_writer, upgrade
from aldis.store.sqlite.reads import forgetting
from aldis.store.sqlite.writes import maintenance, recipients
from tests.fakes.noting_vfs import NotingVfs
from tests.store.building import NOW

COUNT, PAGE, FRAME = 3_000, 4_096, 4_096 + 24
MESSAGES = f"""
WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {COUNT})
INSERT INTO message (message_id, submission_id, account_id, dialect, reference, duplicate_scope, link, priority, sender,
    recipient, country, coding, octets, segments, price_micros, notify, lane, callback_url, echo, accepted_at, due_at,
    expires_at, review_at, state, attempts, sent_at, ended_at, reason, label)
SELECT i, i, 1, 'genesys', printf('%08x%024d', i * 2654435761 % 4294967296, i), '', 'north',
    1, '74700', '1480' || i * 7919007 % 10000000, 'US', 0, x'00', 1, 0, 0, '', '', x'7b7d', {NOW} + i, {NOW}, {NOW}, NULL, 'delivered', 1, {NOW}, {NOW}, '', '' FROM n
"""
SEGMENTS = """
INSERT INTO segment (message_id, number, link, smsc_message_id, submitted_at)
SELECT message_id, 1, 'north', printf('%08x%024d', message_id * 2246822519 % 4294967296, message_id),
    accepted_at FROM message
"""
FAR_APART = ("message_reference", "message_recipient", "segment_smsc")


def changed_pages(path: Path) -> set[int]:
    """Give the numbers of the pages that the log holds. Source: sqlite.org/fileformat2.html §4.1."""
    log = Path(f"{path}-wal").read_bytes()
    return {int.from_bytes(log[at : at + 4]) for at in range(32, len(log), FRAME)}


def test_each_page_of_an_index_that_a_purge_changes_was_read_before(tmp_path: Path) -> None:
    path = tmp_path / "aldis.db"
    db = open_writer(path)
    upgrade(db)
    db.execute("INSERT INTO account (account_id, name, credited) VALUES (1, 'demo', 0)")
    db.execute(MESSAGES)
    db.execute(SEGMENTS)
    recipients.file(db, [recipients.Filing(COUNT, 0)])
    leaves = {
        page
        for (page,) in db.execute(
            "SELECT pageno FROM dbstat WHERE name IN (?, ?, ?) AND pagetype = 'leaf'", FAR_APART
        )
    }
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    vfs = NotingVfs()
    reader = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY, vfs="noting")
    assert forgetting.read_ahead(reader, 200, NOW + COUNT, 1_000)
    reader.close()
    db.execute("BEGIN IMMEDIATE")
    (purged,) = maintenance.purge(db, [maintenance.Purge(200, NOW + COUNT, 1_000)])
    db.execute("COMMIT")
    assert purged.forgotten == 200
    changed = changed_pages(path) & leaves
    assert len(changed) > 60
    assert changed <= {offset // PAGE + 1 for offset in vfs.offsets}
    db.close()


def test_nothing_is_read_ahead_where_nothing_is_old(tmp_path: Path) -> None:
    db = open_writer(tmp_path / "aldis.db")
    upgrade(db)
    db.execute("INSERT INTO account (account_id, name, credited) VALUES (1, 'demo', 0)")
    db.execute(MESSAGES)
    assert not forgetting.read_ahead(db, 200, NOW, 0)
    assert forgetting.read_ahead(db, 200, NOW + 1, 0)
    assert not forgetting.read_ahead(db, 200, NOW + 1, 1)
    db.close()
