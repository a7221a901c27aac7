"""The writes of receipts: match a segment, move its message, or park until the response names the segment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import apsw

from aldis.store.sqlite import endings
from aldis.store.sqlite.rows import every, first
from aldis.traffic.matching import match
from aldis.traffic.message import Settlement
from aldis.traffic.receipt import Receipt, ReceiptState, alternative_ids, is_for
from aldis.traffic.states import State


def record(db: apsw.Connection, batches: list[Sequence[Receipt]]) -> list[int]:
    """Match or park every receipt; returns how many of each batch were parked."""
    return [sum(_record(db, receipt) for receipt in batch) for batch in batches]


def _record(db: apsw.Connection, receipt: Receipt) -> bool:
    found = _find_segment(db, receipt)
    if found is None:
        sql = """INSERT INTO parked_receipt (link, smsc_message_id, state, error_code, recipient, received_at)
                 VALUES (?, ?, ?, ?, ?, ?)"""
        bindings = (
            receipt.link,
            receipt.smsc_message_id,
            receipt.state,
            receipt.error_code,
            receipt.recipient,
        )
        db.execute(sql, (*bindings, receipt.received_at))
        return True
    _apply(db, found, receipt)
    return False


def match_parked(db: apsw.Connection, link: str, settlements: Sequence[Settlement], now: int) -> None:
    """Apply the receipts that were waiting for these segments; mostly none are, then this is one lookup."""
    if not first(db, "SELECT 1 FROM parked_receipt WHERE link = ? LIMIT 1", (link,)):
        return
    for settlement in settlements:
        for segment in settlement.submitted:
            exact = segment.smsc_message_id
            for spelling in (exact, *alternative_ids(exact)):
                _unpark(db, link, spelling, settlement.message_id, now)


def _unpark(db: apsw.Connection, link: str, smsc_message_id: str, message_id: int, now: int) -> None:
    sql = """SELECT receipt_id, state, error_code, recipient, received_at FROM parked_receipt
             WHERE link = ? AND smsc_message_id = ? ORDER BY receipt_id"""
    for receipt_id, state, error_code, recipient, received_at in every(db, sql, (link, smsc_message_id)):
        moment = max(received_at, now)
        receipt = Receipt(link, smsc_message_id, ReceiptState(state), error_code, recipient, moment)
        found = _find_segment(db, receipt)
        if found is not None and found.message_id == message_id:
            db.execute("DELETE FROM parked_receipt WHERE receipt_id = ?", (receipt_id,))
            _apply(db, found, receipt)


class _Segment(NamedTuple):
    """A segment together with what its message says."""

    message_id: int
    number: int
    state: str
    message_state: str
    total: int
    recipient: str


def _find_segment(db: apsw.Connection, receipt: Receipt) -> _Segment | None:
    """Find the newest segment with the receipt's id in any spelling; carriers reuse ids after a while."""
    sql = """SELECT s.message_id, s.number, s.state, m.state, m.segments, m.recipient
             FROM segment s JOIN message m USING (message_id) WHERE s.link = ? AND s.smsc_message_id = ?
             ORDER BY s.submitted_at DESC, s.message_id DESC LIMIT 4"""
    for row in every(db, sql, (receipt.link, receipt.smsc_message_id)):
        if is_for(row[5], receipt.recipient):
            return _Segment(*row)
    for spelling in alternative_ids(receipt.smsc_message_id):
        for row in every(db, sql, (receipt.link, spelling)):
            if is_for(row[5], receipt.recipient):
                return _Segment(*row)
    return None


def _apply(db: apsw.Connection, segment: _Segment, receipt: Receipt) -> None:
    message_id, number, state = segment.message_id, segment.number, State(segment.message_state)
    others: list[str] = []
    if segment.total > 1:
        sql = "SELECT state FROM segment WHERE message_id = ? AND number <> ?"
        others = [other for (other,) in every(db, sql, (message_id, number))]
    verdict = match(state, segment.state, others, segment.total, receipt.state)
    if verdict.segment_state is not None:
        sql = (
            "UPDATE segment SET state = ?, error_code = ?, receipt_at = ? WHERE message_id = ? AND number = ?"
        )
        bindings = (verdict.segment_state, receipt.error_code, receipt.received_at, message_id, number)
        db.execute(sql, bindings)
    if verdict.message_state is not None:
        failed = verdict.message_state is not State.DELIVERED
        reason = receipt.error_code if failed else ""
        endings.end_sent(db, message_id, verdict.message_state, reason, receipt.received_at, expected=state)
