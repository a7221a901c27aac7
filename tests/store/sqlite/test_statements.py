"""What comes again and again is prepared once: preparing a statement takes longer than running it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from aldis.stages.sending.shares import share
from aldis.store.contract.admission import Acceptance
from aldis.store.sqlite.engine.connection import open_reader, open_to_keep, open_writer
from aldis.store.sqlite.engine.operations import Call
from aldis.store.sqlite.engine.rows import for_each, for_found, for_ids
from aldis.store.sqlite.reads import claiming
from aldis.store.sqlite.reads import postbacks as postback_reads
from aldis.store.sqlite.writes import admission, ownership, postbacks, receipts, sending
from aldis.traffic.message import AttemptResult, SubmittedSegment
from aldis.traffic.postback import Notify, PostbackResult
from aldis.traffic.receipt import Receipt, ReceiptState
from aldis.traffic.states import Event
from tests.store.building import LEASE, NOW, a_message

#: messages of one transaction each
COUNTS = (30, 1, 17, 64, 100)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[apsw.Connection]:
    path = tmp_path / "aldis.db"
    kept = open_to_keep(path)
    kept.execute("INSERT INTO account (account_id, name, credited) VALUES (1, 'rich', 1000000000)")
    db = open_writer(path)
    ownership.acquire(db, [ownership.Acquire(LEASE.resource, LEASE.holder)])
    yield db
    db.close()
    kept.close()


def _life(ids: range) -> list[Call]:
    """Each step of the lives of these messages; a postback's number is its message's, for each has one."""
    messages = [
        a_message(
            number, reference=f"r{number}", duplicate_scope="s", notify=Notify.ENDED, lane="http://c:80"
        )
        for number in ids
    ]
    sent = tuple(
        AttemptResult(number, Event.SUBMIT_ACCEPTED, (SubmittedSegment(1, f"A{number}"),)) for number in ids
    )
    heard = tuple(
        Receipt("link", f"A{number}", ReceiptState.DELIVERED, "", "447700900001", NOW) for number in ids
    )
    told = tuple(PostbackResult(number, NOW, 200, "", None, done=True) for number in ids)
    return [
        *((admission.accept, Acceptance(1, prepaid=True, messages=(message,))) for message in messages),
        (sending.record_results, sending.RecordResults(LEASE, "link", sent, NOW)),
        (receipts.record, heard),
        (postbacks.finish, told),
    ]


def _run(db: apsw.Connection, calls: list[Call]) -> None:
    for operation in (admission.accept, sending.record_results, receipts.record, postbacks.finish):
        operation(db, [item for wanted, item in calls if wanted is operation])


class Preparing:
    """Hears of all that a connection prepares."""

    def __init__(self, db: apsw.Connection) -> None:
        self.asked: list[tuple[Any, ...]] = []
        db.authorizer = self._authorize

    def _authorize(self, *asked: Any) -> int:
        """Be told of each table and column that a statement is about, when it is prepared."""
        self.asked.append(asked)
        return apsw.SQLITE_OK


def test_no_statement_of_a_messages_life_is_prepared_twice(db: apsw.Connection) -> None:
    preparing = Preparing(db)
    begin = 1
    for is_first in (True, False):
        preparing.asked.clear()
        for count in COUNTS:
            _run(db, _life(range(begin, begin + count)))
            begin += count
        assert bool(preparing.asked) == is_first
    assert db.execute("SELECT DISTINCT state FROM message").fetchall() == [("delivered",)]
    assert db.execute("SELECT count(*) FROM postback WHERE done").fetchall() == [(begin - 1,)]


def test_no_read_of_the_senders_or_the_posters_is_prepared_twice(db: apsw.Connection, tmp_path: Path) -> None:
    _run(db, _life(range(1, 9))[:-1])
    reader = open_reader(tmp_path / "aldis.db")
    preparing = Preparing(reader)
    for link, lane, limit in [("link", "http://c:80", 4), ("other", "http://d:80", 8)]:
        preparing.asked.clear()
        claiming.claim(reader, link, limit, share, NOW, claimed={limit})
        postback_reads.due_lanes(reader, "", limit, NOW)
        postback_reads.due(reader, lane, limit, NOW, [limit])
        postback_reads.due_inbound(reader, lane, limit, NOW, [limit])
        assert bool(preparing.asked) == (link == "link")
    reader.close()


@pytest.mark.parametrize("count", [0, 1, 5, 63, 64, 65, 200])
def test_every_row_of_a_list_is_met_once(count: int) -> None:
    db = apsw.Connection(":memory:")
    db.execute("CREATE TABLE thing (number INTEGER PRIMARY KEY, met INTEGER NOT NULL DEFAULT 0)")
    numbers = range(1, count + 1)
    for_each(db, "INSERT INTO thing (number) VALUES {rows}", [(number,) for number in numbers])
    sql = """WITH wanted (number, add_) AS (VALUES {rows})
             UPDATE thing SET met = met + add_ FROM wanted WHERE thing.number = wanted.number"""
    for_found(db, sql, [(number, 1) for number in numbers])
    for_ids(db, "UPDATE thing SET met = met + ? WHERE number IN ({ids})", (10,), list(numbers))
    assert db.execute("SELECT number, met FROM thing").fetchall() == [(number, 11) for number in numbers]
