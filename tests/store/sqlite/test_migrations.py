"""What migrations make of the rows that they find."""

from __future__ import annotations

from pathlib import Path

import apsw
import msgspec
import pytest

from aldis.sms.dcs import Alphabet
from aldis.sms.reading import Piece
from aldis.sms.reassembly import LongMessage
from aldis.sms.subscribers import spellings
from aldis.sms.udh import Concatenation
from aldis.store import migrate
from aldis.store.sqlite.engine.connection import open_writer
from aldis.store.sqlite.reads.inbound import segments_of, unreviewed_receipts
from aldis.traffic.inbound import InboundPart
from tests.sms.test_subscribers import SUBSCRIBERS
from tests.store.building import NOW

#: what each migration was when it was first applied: a store that has it refuses another text
DIGESTS = {
    "0001_start.sql": "9bc0ad86aa4833c2",
    "0002_labels_and_backups.sql": "32c6c8c1211dbe5e",
    "0003_inbound_and_consent.sql": "a4a401b472d57b31",
    "0004_staff.sql": "701033d6d5795ca7",
    "0005_minutes.sql": "642200b467f2b70d",
    "0006_mms.sql": "3cc0a7992584cca6",
    "0007_bulk.sql": "cf213f3d565b2584",
    "0008_finding.sql": "4ba40634dcdfe4cb",
    "0009_directory_history.sql": "051e65d939ce0b20",
    "0010_cheaper_checks.sql": "9d8a670d4f39e37e",
    "0011_leases.sql": "7ff6e28d6d9147d4",
    "0012_shared_references.sql": "2dc50bead3633342",
    "0013_doubts.sql": "5bdceca311016f75",
    "0014_poison_messages.sql": "1cd93404068f7685",
    "0015_applied_directory.sql": "78bb6013945a0853",
    "0016_postbacks.sql": "51ead478e91c2f0b",
    "0017_early_receipts.sql": "461980488ea2e9b0",
    "0018_spellings.sql": "00908e64a09fe556",
    "0019_respelled_receipts.sql": "ffcf76b933b3934e",
    "0020_refused_requests.sql": "9b02a9b6577420f3",
    "0021_crashes.sql": "f0451379c54e379e",
    "0022_sessions_and_keys.sql": "7d27215e61c25f87",
    "0023_larger_blocks.sql": "011d97152820bc03",
    "0024_more_spellings.sql": "758a441408b13573",
    "0025_small_letters.sql": "5198079f4fda8f76",
    "0026_in_doubt_policies.sql": "20d6ad2c7464dce6",
    "0027_still_more_spellings.sql": "1ba9b2696d6727f0",
    "0028_staged_submissions.sql": "80a60cb4b4d87b1d",
    "0029_moving.sql": "6bcfc396e0eb6f2a",
    "0030_consent_imports.sql": "c5e751d561a960b9",
}


def test_a_migration_stays_as_it_was_first_applied() -> None:
    known = migrate.load("aldis.store.sqlite.migrations")
    assert {each.name: each.checksum[:16] for each in known} == DIGESTS


def before(folder: Path, name: str) -> tuple[apsw.Connection, str]:
    """Make a store as it was before a migration; gives that one's SQL, too."""
    db = open_writer(folder / "x.db")
    known = migrate.load("aldis.store.sqlite.migrations")
    this = next(each.number for each in known if each.name == name)
    for migration in known[: this - 1]:
        db.execute(migration.sql)
    return db, known[this - 1].sql


def test_segments_of_before_references_were_shared_wait_on(tmp_path: Path) -> None:
    db, upgrade = before(tmp_path, "0012_shared_references.sql")
    piece = Piece(Alphabet.UCS2, b"\x04\x36", place=Concatenation(7, 2, 2))
    row = ("link", "4512345678", "74700", 7, 2, 2, msgspec.msgpack.encode(piece), NOW, 0)
    db.execute("INSERT INTO inbound_part VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    db.execute(upgrade)
    found = segments_of(db, InboundPart("link", "4512345678", "74700", piece, NOW))
    assert found.messages == [LongMessage({2: piece}, NOW)]


def test_early_receipts_of_before_wait_on_and_are_reviewed(tmp_path: Path) -> None:
    db, upgrade = before(tmp_path, "0017_early_receipts.sql")
    row = (7, "link", "A1", "delivered", "000", "447700900001", NOW)
    db.execute("INSERT INTO parked_receipt VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    db.execute(upgrade)
    assert list(db.execute("SELECT * FROM parked_receipt")) == [(*row, "", 0)]
    assert unreviewed_receipts(db, ["link", "other"]) == {"link": 7}


def test_what_a_file_said_before_is_known_afterwards(tmp_path: Path) -> None:
    """Of records from before the history, of a file's, of a person's, and of those that a person changed since."""
    db, upgrade = before(tmp_path, "0015_applied_directory.sql")
    for key, change in (("old", 0), ("file", 1), ("hand", 2), ("both", 4)):
        db.execute("INSERT INTO directory VALUES ('account', ?, ?, ?)", (key, b"now " + key.encode(), change))
        db.execute("INSERT INTO account (name, credited) VALUES (?, 1500000)", (key,))
    history = [
        (1, "command line", "account", "file", None, b"now file", 0),
        (2, "console", "account", "hand", None, b"now hand", 0),
        (3, "command line", "account", "both", b"older both", b"file both", 0),
        (4, "console", "account", "both", b"file both", b"now both", 0),
        (5, "console", "carrier", "gone", b"old gone", None, 0),
        (6, "command line", "credit", "both", b"0", b"file's", 0),
        (7, "command line", "credit", "both", b"file's", b"0", 6),
    ]
    for change, via, kind, key, was, became, undoes in history:
        row = (change, NOW, "x", via, kind, key, was, became, undoes)
        db.execute("INSERT INTO directory_history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    db.execute(upgrade)
    assert dict(db.execute("SELECT kind || ' ' || key, body FROM directory_applied")) == {
        "account old": b"now old",
        "account file": b"now file",
        "account both": b"file both",
        "carrier gone": b"old gone",
        "credit old": b'{"credit":"1.500000"}',
        "credit file": b'{"credit":"1.500000"}',
        "credit hand": b'{"credit":"1.500000"}',
        "credit both": b"file's",
    }


def test_consents_of_before_are_known_under_every_spelling(tmp_path: Path) -> None:
    db, of_the_rest = before(tmp_path, "0027_still_more_spellings.sql")
    known = migrate.load("aldis.store.sqlite.migrations")
    sql = next(each.sql for each in known if each.name == "0024_more_spellings.sql")
    numbers = [spelling for now, _ in SUBSCRIBERS for spelling in spellings(now)]
    for position, number in enumerate(numbers):
        sender = str(1000 + position)
        said = [(sender, "t", number, "opt_in"), (f"{sender}9", "", number, "opt_out")]
        for row in said:
            db.execute("INSERT INTO consent VALUES (NULL, ?, ?, ?, ?, 'handset', 'so', 1)", row)
        db.execute("INSERT INTO opt_in VALUES (?, 't', ?, 1)", (sender, number))
        db.execute("INSERT INTO opt_out VALUES (?, ?, 1)", (f"{sender}9", number))
    db.execute(sql)
    db.execute(of_the_rest)
    for position, number in enumerate(numbers):
        for table, sender in (("opt_in", str(1000 + position)), ("opt_out", f"{1000 + position}9")):
            for name in (table, "consent"):
                found = db.execute(f"SELECT msisdn FROM {name} WHERE sender = ?", (sender,))
                assert sorted(row[0] for row in found) == sorted(spellings(number)), (table, name)


@pytest.mark.parametrize("name", ["0018_spellings.sql", "0024_more_spellings.sql"])
def test_a_stop_of_before_counts_under_every_spelling(tmp_path: Path, name: str) -> None:
    db, sql = before(tmp_path, name)
    db.execute("INSERT INTO opt_in VALUES ('74700', 't', '525512345678', 1)")
    db.execute("INSERT INTO opt_out VALUES ('74700', '5215512345678', 2)")
    db.execute(sql)
    assert list(db.execute("SELECT msisdn FROM opt_in")) == []
    assert sorted(db.execute("SELECT msisdn FROM opt_out")) == [("5215512345678",), ("525512345678",)]


def test_keys_of_before_end_with_the_admin_who_made_them(tmp_path: Path) -> None:
    db, upgrade = before(tmp_path, "0022_sessions_and_keys.sql")
    for name, role in (("ada", 3), ("vera", 1)):
        db.execute("INSERT INTO operator VALUES (?, ?, '', 0)", (name, role))
    for made_by, via, key in (
        ("gone", "console", "first"),
        ("ada", "console", "first"),
        ("vera", "console", "second"),
        ("ada", "command line", "third"),
        ("ada", "api", "fourth"),
    ):
        db.execute(
            "INSERT INTO audit (at, actor, via, action, subject, detail) VALUES (0, ?, ?, 'add api key', ?, '')",
            (made_by, via, key),
        )
    for key in ("first", "second", "third", "fourth", "fifth"):
        db.execute("INSERT INTO api_token VALUES (?, ?, '', 3, 0, 0)", (key, key))
    db.execute("INSERT INTO session VALUES ('d', 'ada', 1, 2)")
    db.execute(upgrade)
    assert dict(db.execute("SELECT name, made_by FROM api_token")) == {
        "first": "ada",
        "second": "",
        "third": "",
        "fourth": "",
        "fifth": "",
    }
    assert list(db.execute("SELECT address FROM session")) == [("",)]
