"""The writes of receipts: match segments, move their messages, or keep until a response names the segment.

A receipt goes to the segment with exactly its id. Other spellings of the id count once no response can be
missing any more that names it exactly: then `review` is called.

A batch is read in a few statements, judged one receipt after the other on what it knows by then (two segments
of one message often come together), and written in a few statements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import apsw
import msgspec

from aldis.store.contract.inbound import MAX_REVIEWED, RecordedReceipts, ReviewedRange, ReviewedReceipts
from aldis.store.rules.endings import Ending, Telling
from aldis.store.sqlite.engine.operations import operation, operation_on_each
from aldis.store.sqlite.engine.rows import as_json, every, first, for_each, for_found, of_texts, one
from aldis.store.sqlite.reads.late_answers import segments_of
from aldis.store.sqlite.reads.other_cases import WITH_SMALL_LETTERS, in_other_cases
from aldis.store.sqlite.writes import endings
from aldis.traffic.anomalies import Anomaly
from aldis.traffic.matching import FAILURES, OPEN, Candidate, choose, choose_alike, match
from aldis.traffic.receipt import (
    Receipt,
    ReceiptState,
    Spelling,
    Spellings,
    alternative_ids,
    in_upper_case,
    is_for,
    may_mean,
)
from aldis.traffic.states import State

#: early receipts that are kept; of more the oldest are forgotten, some with each that comes
MAX_EARLY = 1_000_000
#: a carrier that gives one id to many messages must not make a lookup long
MAX_NAMESAKES = 16

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
_ROWS = msgspec.json.Decoder(list[tuple[str, int, int, str, State, int, str, str, int]])

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
_MATCHED = """
SELECT count(*) FROM (SELECT receipt_at FROM segment WHERE link = ? LIMIT 2000) WHERE receipt_at > 0
"""
_MATCHED_CASES = _MATCHED.replace("segment WHERE", f"{WITH_SMALL_LETTERS} AND")
_COUNT_RESPELLED = """
INSERT INTO respelled_receipt (link, count) VALUES (?, ?)
ON CONFLICT (link) DO UPDATE SET count = count + excluded.count
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
    respelled = counted[0] if counted else 0
    otherwise = Spelling.OTHER if respelled else Spelling.UNKNOWN
    numbers, cases = (
        Spelling.SAME if one(db, sql, (link,)) > respelled else otherwise
        for sql in (_MATCHED, _MATCHED_CASES)
    )
    return Spellings(numbers, cases)


def _forget_attempt(db: apsw.Connection, receipt: Receipt, message_id: int, number: int) -> bool:
    """Leave the ending of a segment that was taken twice to its other attempt, where one has failed: carriers
    refuse a repetition because they deliver the first. False where there is no other.
    """
    place, failed = (message_id, number), (receipt.link, receipt.smsc_message_id)
    sql = """SELECT link, smsc_message_id FROM segment
             WHERE message_id = ?1 AND number = ?2 AND smsc_message_id <> ''
             UNION SELECT link, smsc_message_id FROM late_answer WHERE message_id = ?1 AND number = ?2"""
    names = set(every(db, sql, place))
    others = names - {failed}
    if failed not in names or not others:
        return False
    of_attempt = "WHERE message_id = ? AND number = ? AND link = ? AND smsc_message_id = ?"
    db.execute(f"DELETE FROM late_answer {of_attempt}", (*place, *failed))  # noqa: S608 - a constant
    sql = f"UPDATE segment SET link = ?, smsc_message_id = ? {of_attempt}"  # noqa: S608 - as above
    db.execute(sql, (*min(others), *place, *failed))
    return True


class _Message:
    """A message under judgement, as the receipts of this batch have left it so far."""

    __slots__ = ("recipient", "segments", "state", "telling", "total")

    def __init__(self, state: State, total: int, recipient: str, telling: Telling) -> None:
        self.state = state
        self.total = total
        self.recipient = recipient
        self.telling = telling
        #: by number; of a message with several, all that were taken
        self.segments: dict[int, str] = {}


class _View:
    """The segments that a batch of receipts is about, with their messages."""

    def __init__(self, db: apsw.Connection, receipts: Sequence[Receipt]) -> None:
        self._db = db
        self._messages: dict[int, _Message] = {}
        #: by link and id: (message_id, number), the newest first
        self._named: dict[tuple[str, str], list[tuple[int, int]]] = {}
        self._reports: list[tuple[object, ...]] = []
        self._endings: list[Ending] = []
        #: whether any message has been named late, and may have been taken twice
        self._may_be_twice = first(db, "SELECT 1 FROM late_answer LIMIT 1") is not None
        #: by link and kind
        self.anomalies: Counter[tuple[str, str]] = Counter()
        for link in {receipt.link for receipt in receipts}:
            self._load(link, {receipt.smsc_message_id for receipt in receipts if receipt.link == link})

    def take(self, receipt: Receipt) -> bool:
        """Apply a receipt to the segment with exactly its id; False where there is none, or none that is to
        be preferred.
        """
        named = self._named[receipt.link, receipt.smsc_message_id]
        if len(named) == 1:  # nearly always
            (message_id, number) = named[0]
            recipient = self._messages[message_id].recipient
            if (
                recipient != receipt.recipient
                and receipt.recipient
                and not is_for(recipient, receipt.recipient)
            ):
                self.anomalies[receipt.link, Anomaly.MISNAMED_RECEIPT] += 1
            self._apply(receipt, message_id, number)
            return True
        chosen = choose(self._candidates(receipt.link, [receipt.smsc_message_id]), receipt)
        if named and not chosen:
            self.anomalies[receipt.link, Anomaly.AMBIGUOUS_RECEIPT] += 1
        return self._apply_to_all(receipt, chosen)

    def take_respelled(
        self, receipts: Sequence[tuple[int, Receipt]], known: Mapping[str, Spellings]
    ) -> set[int]:
        """Apply receipts, of which no segment has the id, to those with another spelling of it, as far as
        what is known of their links allows; returns the keys of those that were taken.
        """
        left = [(key, receipt) for key, receipt in receipts if not self.knows(receipt)]
        spelled: dict[int, list[str]] = {}
        for link in {receipt.link for _, receipt in left}:
            of_link = {key: receipt.smsc_message_id for key, receipt in left if receipt.link == link}
            cases = in_other_cases(self._db, link, of_link.values())
            for key, name in of_link.items():
                others = dict.fromkeys((*alternative_ids(name), *cases.get(in_upper_case(name), ())))
                spelled[key] = [each for each in others if may_mean(name, each, known[link])]
            self._load(link, {each for key in of_link for each in spelled[key]})
        taken: set[int] = set()
        for key, receipt in left:
            alike = self._candidates(receipt.link, spelled[key])
            if self._apply_to_all(receipt, choose_alike(alike, receipt)):
                taken.add(key)
        return taken

    def knows(self, receipt: Receipt) -> bool:
        """Tell whether a segment has exactly a receipt's id."""
        return bool(self._named[receipt.link, receipt.smsc_message_id])

    def _candidates(self, link: str, names: Sequence[str]) -> list[Candidate]:
        found = [
            (message_id, number, self._messages[message_id], name)
            for name in names
            for message_id, number in self._named[link, name]
        ]
        return [
            Candidate(message_id, number, message.segments[number], message.recipient, name)
            for message_id, number, message, name in found
        ]

    def _apply_to_all(self, receipt: Receipt, chosen: Sequence[Candidate]) -> bool:
        for each in chosen:
            self._apply(receipt, each.message_id, each.number)
        return bool(chosen)

    def _apply(self, receipt: Receipt, message_id: int, number: int) -> None:
        """Note what a receipt does to a segment and its message."""
        message = self._messages[message_id]
        if (
            self._may_be_twice
            and receipt.state in FAILURES
            and message.segments[number] in OPEN
            and _forget_attempt(self._db, receipt, message_id, number)
        ):
            return
        others = [state for other, state in message.segments.items() if other != number]
        verdict = match(message.state, message.segments[number], others, message.total, receipt.state)
        if verdict.segment_state is not None:
            message.segments[number] = verdict.segment_state
            self._reports.append(
                (message_id, number, verdict.segment_state, receipt.error_code, receipt.received_at)
            )
        if verdict.message_state is not None:
            reason = receipt.error_code if verdict.message_state is not State.DELIVERED else ""
            self._endings.append(
                Ending(message_id, message.state, verdict.message_state, reason, receipt.received_at)
            )
            message.state = verdict.message_state

    def write(self) -> None:
        """Write what the receipts changed."""
        for_found(self._db, _REPORT, self._reports)
        tellings = {ending.message_id: self._messages[ending.message_id].telling for ending in self._endings}
        endings.end_sent(self._db, self._endings, tellings)

    def _load(self, link: str, names: set[str]) -> None:
        limit = MAX_NAMESAKES * len(names)
        sql, asked = of_texts(_FIND_MANY, names)
        rows = _ROWS.decode(one(self._db, sql, (asked, link, limit)))
        if len(rows) == limit:  # some id is common: look each up by itself
            rows = [
                row for name in names for row in every(self._db, _FIND_NEWEST, (link, name, MAX_NAMESAKES))
            ]
        missing = names.difference(row[0] for row in rows)
        if missing:
            rows += segments_of(self._db, _FACTS, link, missing)
        for name in names:
            self._named[link, name] = []
        several: list[int] = []
        for name, message_id, number, state, message_state, total, recipient, lane, notify in rows:
            self._named[link, name].append((message_id, number))
            message = self._messages.get(message_id)
            if message is None:
                rows_in_all = total if number else 1  # number 0 is the whole message
                message = _Message(message_state, rows_in_all, recipient, (lane, notify))
                self._messages[message_id] = message
                if rows_in_all > 1:
                    several.append(message_id)
            message.segments.setdefault(number, state)
        if several:
            self._load_others(several, link, names)
        for name in names:
            self._named[link, name].sort(reverse=True)

    def _load_others(self, message_ids: Sequence[int], link: str, names: set[str]) -> None:
        """Add the other segments of messages with several, and what the limit left off of those named."""
        sql = """SELECT message_id, number, state, link, smsc_message_id FROM segment
                 WHERE message_id IN (SELECT value FROM json_each(?))"""
        for message_id, number, state, its_link, name in every(self._db, sql, (as_json(message_ids),)):
            self._messages[message_id].segments.setdefault(number, state)
            place = (message_id, number)
            if its_link == link and name in names and place not in self._named[link, name]:
                self._named[link, name].append(place)
