"""What migrations make of the rows that they find."""

from __future__ import annotations

from pathlib import Path

import msgspec

from aldis.sms.dcs import Alphabet
from aldis.sms.reading import Piece
from aldis.sms.reassembly import LongMessage
from aldis.sms.udh import Concatenation
from aldis.store import migrate
from aldis.store.sqlite.engine.connection import open_writer
from aldis.store.sqlite.reads.inbound import segments_of
from aldis.traffic.inbound import InboundPart
from tests.store.building import NOW


def test_segments_of_before_references_were_shared_wait_on(tmp_path: Path) -> None:
    db = open_writer(tmp_path / "x.db")
    known = migrate.load("aldis.store.sqlite.migrations")
    this = next(each.number for each in known if each.name == "0012_shared_references.sql")
    for migration in known[: this - 1]:
        db.execute(migration.sql)
    piece = Piece(Alphabet.UCS2, b"\x04\x36", place=Concatenation(7, 2, 2))
    row = ("link", "4512345678", "74700", 7, 2, 2, msgspec.msgpack.encode(piece), NOW, 0)
    db.execute("INSERT INTO inbound_part VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    db.execute(known[this - 1].sql)
    found = segments_of(db, InboundPart("link", "4512345678", "74700", piece, NOW))
    assert found.messages == [LongMessage({2: piece}, NOW)]
