"""The writes of receipts: match segments, move their messages, or keep until a response names the segment.

A batch is read in a few statements, judged (`rules/receipts.py`), and written in a few statements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import apsw
import msgspec

from aldis.store.contract.inbound import MAX_REVIEWED, RecordedReceipts, ReviewedRange, ReviewedReceipts
from aldis.store.rules.receipts import (
    MAX_EARLY,
    MAX_LEARNT,
    MAX_NAMESAKES,
    ForgottenAttempt,
    NamedSegment,
    ReceiptJudge,
    learnt,
    may_be_twice,
    spellings_of,
)
from aldis.store.sqlite.engine.operations import operation, operation_on_each
from aldis.store.sqlite.engine.rows import as_json, every, first, for_each, for_found, of_texts, one
from aldis.store.sqlite.reads.late_answers import segments_of
from aldis.store.sqlite.reads.other_cases import WITH_SMALL_LETTERS, in_other_cases
from aldis.store.sqlite.writes import endings
from aldis.traffic.receipt import Receipt, ReceiptState, Spellings, alternative_ids

_FACTS = "s.message_id, s.number, s.state, m.state, m.segments, m.recipient, m.lane, m.notify"
_COLUMNS = f"s.smsc_message_id, {_FACTS}"
_FIND_MANY = f"""
SELECT json_group_array(json_array({_COLUMNS})) FROM (
    SELECT s.smsc_message_id, s.message_id, s.number, s.state FROM carray(?1) name CROSS JOIN segment s
    WHERE s.link = ?2 AND s.smsc_message_id = name.value LIMIT ?3) s
CROSS JOIN message m WHERE m.message_id = s.message_id
"""  # noqa: S608 - the columns are a constant; one JSON text for the reason that sending.py gives
_FIND_NEWEST = f"""
SELECT {_COLUMNS} FROM segment s JOIN message m USING (message_id)
WHERE s.link = ? AND s.smsc_message_id = ? ORDER BY s.message_id DESC LIMIT ?
"""  # noqa: S608 - as above
_ROWS = msgspec.json.Decoder(list[NamedSegment])

_PARK = """
INSERT INTO parked_receipt (link, smsc_message_id, state, error_code, recipient, received_at, destination)
VALUES {rows}
"""
_KEPT = """
SELECT receipt_id, smsc_message_id, state, error_code, recipient, received_at, destination
FROM parked_receipt WHERE
"""
_EARLY = _KEPT + "link = ? AND smsc_message_id IN (SELECT value FROM json_each(?)) ORDER BY receipt_id"  # noqa: S608 - as above
#: of receipts that wait for an id which turns out to be spelled otherwise
_EARLY_ALIKE = _EARLY.replace("ORDER BY", "AND reviewed ORDER BY")
_NEW = f"{_KEPT} NOT reviewed AND link = ? AND receipt_id <= ? ORDER BY receipt_id LIMIT {MAX_REVIEWED}"
_FORGET = "DELETE FROM parked_receipt WHERE receipt_id IN (SELECT value FROM json_each(?))"
_FORGET_OLDEST = """
DELETE FROM parked_receipt WHERE receipt_id IN (
    SELECT receipt_id FROM parked_receipt
    WHERE receipt_id <= (SELECT max(receipt_id) FROM parked_receipt) - ? ORDER BY receipt_id LIMIT ?)
"""
_REVIEWED = "UPDATE parked_receipt SET reviewed = 1 WHERE receipt_id IN (SELECT value FROM json_each(?))"
#: how many segments of a link were reported on, of some; of those with small letters in their ids
_MATCHED = f"""
SELECT count(*) FROM (SELECT receipt_at FROM segment WHERE link = ? LIMIT {MAX_LEARNT}) WHERE receipt_at > 0
"""  # noqa: S608 - a number
_MATCHED_CASES = _MATCHED.replace("segment WHERE", f"{WITH_SMALL_LETTERS} AND")
_COUNT_RESPELLED = """
INSERT INTO respelled_receipt (link, count) VALUES (?, ?)
ON CONFLICT (link) DO UPDATE SET count = count + excluded.count
"""

_OTHERS = """
SELECT message_id, number, state, link, smsc_message_id FROM segment
WHERE message_id IN (SELECT value FROM json_each(?))
"""
_ATTEMPTS = """
SELECT message_id, number, link, smsc_message_id FROM segment
WHERE message_id IN (SELECT value FROM json_each(?1)) AND smsc_message_id <> ''
UNION SELECT message_id, number, link, smsc_message_id FROM late_answer
WHERE message_id IN (SELECT value FROM json_each(?1))
"""
_REPORT = """
WITH report (message_id, number, state, error_code, at) AS (VALUES {rows})
UPDATE segment SET state = r.state, error_code = r.error_code, receipt_at = r.at
FROM report r WHERE segment.message_id = r.message_id AND segment.number = r.number
"""


@operation(rank=2)
def record(db: apsw.Connection, batches: list[Sequence[Receipt]]) -> list[RecordedReceipts]:
    """Match or keep every receipt; returns how many of each batch were early, and with the first what was odd
    about all of them.
    """
    receipts = [receipt for batch in batches for receipt in batch]
    view = _View(db, receipts)
    early = [[receipt for receipt in batch if not view.take(receipt)] for batch in batches]
    view.write()
    rows = [
        (r.link, r.smsc_message_id, r.state, r.error_code, r.recipient, r.received_at, r.destination)
        for batch in early
        for r in batch
    ]
    forgotten = _park(db, rows) if rows else 0
    first_of_all, *others = early
    return [
        RecordedReceipts(len(first_of_all), dict(view.anomalies), forgotten),
        *(RecordedReceipts(len(batch)) for batch in others),
    ]


def _park(db: apsw.Connection, rows: Sequence[tuple[object, ...]]) -> int:
    """Keep early receipts; returns how many old ones had to go for them."""
    for_each(db, _PARK, rows)
    db.execute(_FORGET_OLDEST, (MAX_EARLY, 2 * len(rows)))
    return db.changes()


def match_early(
    db: apsw.Connection, link: str, segments: Sequence[tuple[int, int, str, str, int]], now: int
) -> None:
    """Apply the receipts that were waiting for these segments (message_id, number, link, smsc_message_id,
    submitted_at); mostly none are, then this is one lookup.
    """
    if not segments or not first(db, "SELECT 1 FROM parked_receipt WHERE link = ? LIMIT 1", (link,)):
        return
    names = {exact for _, _, _, exact, _ in segments}
    _match_kept(db, _kept(db, _EARLY, link, as_json(names), now))
    alike = {spelling for exact in names for spelling in alternative_ids(exact)}
    if alike:
        _match_kept(db, _kept(db, _EARLY_ALIKE, link, as_json(alike), now), in_every_spelling=True)


@operation_on_each()
def review(db: apsw.Connection, item: ReviewedRange) -> ReviewedReceipts:
    """Match early receipts that no missing response can name any more by other spellings of their id."""
    waiting = _kept(db, _NEW, item.link, item.up_to, item.now)
    respelled = _match_kept(db, waiting, in_every_spelling=True)
    db.execute(_REVIEWED, (as_json(receipt_id for receipt_id, _ in waiting),))
    return ReviewedReceipts(len(waiting), respelled)


def _kept(db: apsw.Connection, sql: str, link: str, chosen: str | int, now: int) -> list[tuple[int, Receipt]]:
    """Give early receipts with their keys; what they say holds from now on."""
    return [
        (
            receipt_id,
            Receipt(link, name, ReceiptState(state), error_code, recipient, max(at, now), destination),
        )
        for receipt_id, name, state, error_code, recipient, at, destination in every(db, sql, (link, chosen))
    ]


def _match_kept(
    db: apsw.Connection, waiting: list[tuple[int, Receipt]], *, in_every_spelling: bool = False
) -> int:
    """Apply early receipts and forget those that were taken; returns for how many it was by another spelling
    of their id.
    """
    if not waiting:
        return 0
    view = _View(db, [receipt for _, receipt in waiting])
    left = [each for each in waiting if not view.take(each[1])]
    respelled: set[int] = set()
    if in_every_spelling:
        known = {link: _spellings_of(db, link) for link in {receipt.link for _, receipt in left}}
        respelled = view.take_respelled(left, known)
        counts = Counter(receipt.link for receipt_id, receipt in left if receipt_id in respelled)
        db.executemany(_COUNT_RESPELLED, counts.items())
    view.write()
    kept = {receipt_id for receipt_id, _ in left} - respelled
    db.execute(_FORGET, (as_json(receipt_id for receipt_id, _ in waiting if receipt_id not in kept),))
    return len(respelled)


def _spellings_of(db: apsw.Connection, link: str) -> Spellings:
    """Find out from what was matched how a link's carrier spells ids in receipts."""
    counted = first(db, "SELECT count FROM respelled_receipt WHERE link = ?", (link,))
    matched, in_small = (int(one(db, sql, (link,))) for sql in (_MATCHED, _MATCHED_CASES))
    return learnt(matched, in_small, counted[0] if counted else 0)


class _View:
    """The segments that a batch of receipts is about, with their messages."""

    def __init__(self, db: apsw.Connection, receipts: Sequence[Receipt]) -> None:
        self._db = db
        self._judge = ReceiptJudge()
        self.take, self.anomalies = self._judge.take, self._judge.anomalies
        #: whether any message has been named late, and may have been taken twice
        self._may_be_twice = first(db, "SELECT 1 FROM late_answer LIMIT 1") is not None and may_be_twice(
            receipts
        )
        for link in {receipt.link for receipt in receipts}:
            self._load(link, {receipt.smsc_message_id for receipt in receipts if receipt.link == link})

    def take_respelled(
        self, receipts: Sequence[tuple[int, Receipt]], known: Mapping[str, Spellings]
    ) -> set[int]:
        """Apply receipts, of which no segment has the id, to those with another spelling of it, as far as
        what is known of their links allows; returns the keys of those that were taken.
        """
        left = [(key, receipt) for key, receipt in receipts if not self._judge.knows(receipt)]
        spelled: dict[int, list[str]] = {}
        for link in {receipt.link for _, receipt in left}:
            of_link = {key: receipt.smsc_message_id for key, receipt in left if receipt.link == link}
            cases = in_other_cases(self._db, link, of_link.values())
            spelled |= {key: spellings_of(name, cases, known[link]) for key, name in of_link.items()}
            self._load(link, {each for key in of_link for each in spelled[key]})
        return {key for key, receipt in left if self._judge.take_alike(receipt, spelled[key])}

    def write(self) -> None:
        """Write what the receipts changed."""
        for each in self._judge.forgotten:
            _forget_attempt(self._db, each)
        for_found(self._db, _REPORT, self._judge.reports)
        endings.end_sent(self._db, self._judge.endings, self._judge.tellings())

    def _load(self, link: str, names: set[str]) -> None:
        db, judge = self._db, self._judge
        limit = MAX_NAMESAKES * len(names)
        sql, asked = of_texts(_FIND_MANY, names)
        rows = _ROWS.decode(one(db, sql, (asked, link, limit)))
        if len(rows) == limit:  # some id is common: look each up by itself
            rows = [row for name in names for row in every(db, _FIND_NEWEST, (link, name, MAX_NAMESAKES))]
        missing = names.difference(row[0] for row in rows)
        if missing:
            rows += segments_of(db, _FACTS, link, missing)
        several = judge.add(link, names, rows)
        if several:
            judge.add_others(link, names, every(db, _OTHERS, (as_json(several),)))
        judge.arrange(link, names)
        if self._may_be_twice:
            judge.add_attempts(every(db, _ATTEMPTS, (as_json(judge.message_ids),)))


def _forget_attempt(db: apsw.Connection, attempt: ForgottenAttempt) -> None:
    place = (attempt.message_id, attempt.number, *attempt.failed)
    of_attempt = "WHERE message_id = ? AND number = ? AND link = ? AND smsc_message_id = ?"
    db.execute(f"DELETE FROM late_answer {of_attempt}", place)  # noqa: S608 - a constant
    sql = f"UPDATE segment SET link = ?, smsc_message_id = ? {of_attempt}"  # noqa: S608 - as above
    db.execute(sql, (*attempt.other, *place))
