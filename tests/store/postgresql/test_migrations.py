"""The schema of PostgreSQL's store is made once, step by step."""

from __future__ import annotations

from aldis.store import migrate
from aldis.store.postgresql.engine.migrations import MIGRATIONS

#: what each migration was when it was first applied: a store that has it refuses another text
DIGESTS = {
    "0001_start.sql": "d89f0b1da51651ba",
    "0002_links_and_audit.sql": "601b62ed943e0b78",
    "0003_messages.sql": "30a48cd600a35f6f",
    "0004_inbound_and_consent.sql": "88f791824f7b5784",
    "0005_operators.sql": "1e9dc074b0cbff7a",
}


def test_a_migration_stays_as_it_was_first_applied() -> None:
    assert {each.name: each.checksum[:16] for each in migrate.load(MIGRATIONS)} == DIGESTS
