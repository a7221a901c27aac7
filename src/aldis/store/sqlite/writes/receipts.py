"""The writes of receipts: match segments, move their messages, or keep until a response names the segment.

A batch is read in a few statements, judged one receipt after the other on what it knows by then (two segments
of one message often come together), and written in a few statements.
"""

from __future__ import annotations

from collections.abc import Sequence

import apsw
import msgspec

from aldis.store.sqlite.engine.operations import operation
from aldis.store.sqlite.engine.rows import as_json, every, first, for_each, for_found, of_texts, one
from aldis.store.sqlite.reads.late_answers import segments_of
from aldis.store.sqlite.writes import endings
from aldis.store.sqlite.writes.endings import Ending, Telling
from aldis.traffic.matching import match
from aldis.traffic.receipt import Receipt, ReceiptState, alternative_ids, is_for
from aldis.traffic.states import State

#: a carrier that gives one id to many messages must not make a lookup long
MAX_NAMESAKES = 4

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
INSERT INTO parked_receipt (link, smsc_message_id, state, error_code, recipient, received_at) VALUES {rows}
"""

_REPORT = """
WITH report (message_id, number, state, error_code, at) AS (VALUES {rows})
UPDATE segment SET state = r.state, error_code = r.error_code, receipt_at = r.at
FROM report r WHERE segment.message_id = r.message_id AND segment.number = r.number
"""


@operation(rank=2)
def record(db: apsw.Connection, batches: list[Sequence[Receipt]]) -> list[int]:
    """Match or keep every receipt; returns how many of each batch were early."""
    receipts = [receipt for batch in batches for receipt in batch]
    view = _View(db, receipts)
    early = [[receipt for receipt in batch if not view.take(receipt)] for batch in batches]
    view.write()
    rows = [
        (r.link, r.smsc_message_id, r.state, r.error_code, r.recipient, r.received_at)
        for batch in early
        for r in batch
    ]
    for_each(db, _PARK, rows)
    return [len(batch) for batch in early]


def match_early(
    db: apsw.Connection, link: str, segments: Sequence[tuple[int, int, str, str, int]], now: int
) -> None:
    """Apply the receipts that were waiting for these segments (message_id, number, link, smsc_message_id,
    submitted_at); mostly none are, then this is one lookup.
    """
    if not segments or not first(db, "SELECT 1 FROM parked_receipt WHERE link = ? LIMIT 1", (link,)):
        return
    spellings = {
        spelling: message_id
        for message_id, _, _, exact, _ in segments
        for spelling in (exact, *alternative_ids(exact))
    }
    sql = """SELECT receipt_id, smsc_message_id, state, error_code, recipient, received_at
             FROM parked_receipt
             WHERE link = ? AND smsc_message_id IN (SELECT value FROM json_each(?)) ORDER BY receipt_id"""
    waiting = [
        (receipt_id, Receipt(link, name, ReceiptState(state), error_code, recipient, max(received_at, now)))
        for receipt_id, name, state, error_code, recipient, received_at in every(
            db, sql, (link, as_json(spellings))
        )
    ]
    view = _View(db, [receipt for _, receipt in waiting])
    taken = [
        receipt_id
        for receipt_id, receipt in waiting
        if view.take(receipt, only=spellings[receipt.smsc_message_id])
    ]
    view.write()
    db.execute(
        "DELETE FROM parked_receipt WHERE receipt_id IN (SELECT value FROM json_each(?))", (as_json(taken),)
    )


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
        for link in {receipt.link for receipt in receipts}:
            self._load(link, {receipt.smsc_message_id for receipt in receipts if receipt.link == link})

    def take(self, receipt: Receipt, only: int | None = None) -> bool:
        """Apply a receipt; False when no segment (of the message `only`) answers to its name."""
        found = self._find(receipt)
        if found is None or (only is not None and found[0] != only):
            return False
        message_id, number = found
        message = self._messages[message_id]
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
        return True

    def write(self) -> None:
        """Write what the receipts changed."""
        for_found(self._db, _REPORT, self._reports)
        tellings = {ending.message_id: self._messages[ending.message_id].telling for ending in self._endings}
        endings.end_sent(self._db, self._endings, tellings)

    def _find(self, receipt: Receipt) -> tuple[int, int] | None:
        """Find the newest segment with the receipt's id in any spelling; carriers reuse ids after a while."""
        found = self._matching(receipt, receipt.smsc_message_id)
        if found is None:
            for spelling in alternative_ids(receipt.smsc_message_id):
                if (receipt.link, spelling) not in self._named:
                    self._load(receipt.link, {spelling})
                found = found or self._matching(receipt, spelling)
        return found

    def _matching(self, receipt: Receipt, spelling: str) -> tuple[int, int] | None:
        for message_id, number in self._named.get((receipt.link, spelling), ()):
            recipient = self._messages[message_id].recipient
            if recipient == receipt.recipient or is_for(recipient, receipt.recipient):
                return message_id, number
        return None

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
        for name in names:
            self._named[link, name].sort(reverse=True)
        if several:
            sql = """SELECT message_id, number, state FROM segment
                     WHERE message_id IN (SELECT value FROM json_each(?))"""
            for message_id, number, state in every(self._db, sql, (as_json(several),)):
                self._messages[message_id].segments.setdefault(number, state)
