"""The writes of receipts: match a segment, move its message, or park until the response names the segment."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from aldis.store.sqlite import endings
from aldis.store.sqlite.rows import every, first
from aldis.traffic.matching import match
from aldis.traffic.message import Settlement
from aldis.traffic.receipt import Receipt, ReceiptState, alternative_ids
from aldis.traffic.states import State


def record(db: apsw.Connection, batches: list[Sequence[Receipt]]) -> list[int]:
    """Match or park every receipt; returns how many of each batch were parked."""
    return [sum(_record(db, receipt) for receipt in batch) for batch in batches]


def _record(db: apsw.Connection, receipt: Receipt) -> bool:
    segment = _find_segment(db, receipt)
    if segment is None:
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
    _apply(db, *segment, receipt)
    return False


def match_parked(db: apsw.Connection, link: str, settlements: Sequence[Settlement], now: int) -> None:
    """Apply the receipts that were waiting for these segments. Mostly nothing is parked, and then this is one
    lookup.
    """
    if not first(db, "SELECT 1 FROM parked_receipt WHERE link = ? LIMIT 1", (link,)):
        return
    for settlement in settlements:
        for segment in settlement.submitted:
            exact = segment.smsc_message_id
            _match_parked(db, link, settlement.message_id, segment.number, (exact,), now)
            _match_parked(db, link, settlement.message_id, segment.number, alternative_ids(exact), now)


def _match_parked(
    db: apsw.Connection, link: str, message_id: int, number: int, ids: tuple[str, ...], now: int
) -> None:
    for smsc_message_id in ids:
        sql = """SELECT receipt_id, state, error_code, recipient, received_at FROM parked_receipt
                 WHERE link = ? AND smsc_message_id = ? ORDER BY receipt_id"""
        for receipt_id, state, error_code, recipient, received_at in every(db, sql, (link, smsc_message_id)):
            receipt = Receipt(
                link, smsc_message_id, ReceiptState(state), error_code, recipient, max(received_at, now)
            )
            if _is_for(db, message_id, recipient):
                db.execute("DELETE FROM parked_receipt WHERE receipt_id = ?", (receipt_id,))
                _apply(db, message_id, number, receipt)


def _find_segment(db: apsw.Connection, receipt: Receipt) -> tuple[int, int] | None:
    """Find the newest segment with the receipt's id in any spelling; carriers reuse ids after a while."""
    sql = """SELECT message_id, number FROM segment WHERE link = ? AND smsc_message_id = ?
             ORDER BY submitted_at DESC, message_id DESC LIMIT 4"""
    for spelling in (receipt.smsc_message_id, *alternative_ids(receipt.smsc_message_id)):
        for message_id, number in every(db, sql, (receipt.link, spelling)):
            if _is_for(db, message_id, receipt.recipient):
                return message_id, number
    return None


def _is_for(db: apsw.Connection, message_id: int, recipient: str) -> bool:
    """Tell whether a message went to the number that a receipt names; carriers may cut or prefix it, so the
    ends compare.
    """
    row = first(db, "SELECT recipient FROM message WHERE message_id = ?", (message_id,))
    if row is None:
        return False
    ours, theirs = row[0], recipient.lstrip("+0")
    return not theirs or ours.endswith(theirs) or theirs.endswith(ours)


def _apply(db: apsw.Connection, message_id: int, number: int, receipt: Receipt) -> None:
    rows = dict(every(db, "SELECT number, state FROM segment WHERE message_id = ?", (message_id,)))
    message = first(db, "SELECT state, segments FROM message WHERE message_id = ?", (message_id,))
    if message is None:
        return
    state, total = State(message[0]), message[1]
    others = [other for position, other in rows.items() if position != number]
    verdict = match(state, rows[number], others, total, receipt.state)
    if verdict.segment_state is not None:
        sql = (
            "UPDATE segment SET state = ?, error_code = ?, receipt_at = ? WHERE message_id = ? AND number = ?"
        )
        db.execute(sql, (verdict.segment_state, receipt.error_code, receipt.received_at, message_id, number))
    if verdict.message_state is not None:
        failed = verdict.message_state is not State.DELIVERED
        error_code = receipt.error_code if failed else ""
        endings.end(
            db,
            message_id,
            verdict.message_state,
            error_code,
            receipt.received_at,
            expected=state,
            error_code=error_code,
        )
