"""The writes of sending: claim, settle, recover; with the money and the postbacks that outcomes bring."""

from __future__ import annotations

from typing import Any

import apsw
import msgspec

from aldis.sms.encoding import Encoding
from aldis.store.contract import Share
from aldis.store.sqlite import endings, receipts
from aldis.store.sqlite.rows import every
from aldis.traffic.matching import SUBMITTED, known_failure
from aldis.traffic.message import ClaimedMessage, Settlement
from aldis.traffic.states import ENDED, State

PRIORITIES = (3, 2, 1, 0)


class Claim(msgspec.Struct, frozen=True):
    """What a link asks for."""

    link: str
    limit: int
    share: Share
    now: int


class Settle(msgspec.Struct, frozen=True):
    """What a link has to tell."""

    link: str
    settlements: tuple[Settlement, ...]
    now: int
    confirm_by: int


class Recover(msgspec.Struct, frozen=True):
    """A link whose last owner is gone."""

    link: str
    hold: bool
    now: int


def claim(db: apsw.Connection, claims: list[Claim]) -> list[list[ClaimedMessage]]:
    """Move due messages to `sending`."""
    return [_claim(db, item) for item in claims]


def _claim(db: apsw.Connection, item: Claim) -> list[ClaimedMessage]:
    sql = """SELECT message_id FROM message
             WHERE state = 'queued' AND link = ? AND priority = ? AND due_at <= ? ORDER BY due_at LIMIT ?"""
    waiting = {
        priority: [row[0] for row in every(db, sql, (item.link, priority, item.now, item.limit))]
        for priority in PRIORITIES
    }
    shares = item.share({priority: len(ids) for priority, ids in waiting.items()}, item.limit)
    chosen = [message_id for priority in PRIORITIES for message_id in waiting[priority][: shares[priority]]]
    if not chosen:
        return []
    update = """UPDATE message SET state = 'sending', attempts = attempts + 1
                WHERE message_id IN (SELECT value FROM json_each(?))
                RETURNING message_id, sender, recipient, encoding, octets, segments, priority, attempts,
                          expires_at"""
    rows = {row[0]: row for row in every(db, update, (msgspec.json.encode(chosen).decode(),))}
    return [_claimed(db, rows[message_id]) for message_id in chosen]


def _claimed(db: apsw.Connection, row: tuple[Any, ...]) -> ClaimedMessage:
    message_id, sender, recipient, encoding, octets, segments, priority, attempts, expires_at = row
    accepted: tuple[int, ...] = ()
    if segments > 1 and attempts > 1:
        sql = "SELECT number FROM segment WHERE message_id = ? ORDER BY number"
        accepted = tuple(number for (number,) in every(db, sql, (message_id,)))
    return ClaimedMessage(
        message_id,
        sender,
        recipient,
        Encoding(encoding),
        octets,
        segments,
        priority,
        attempts,
        expires_at,
        accepted,
    )


def settle(db: apsw.Connection, items: list[Settle]) -> list[None]:
    """Write outcomes; then let receipts in that came before their response."""
    money = endings.Money(db)
    for item in items:
        for settlement in item.settlements:
            _settle(db, money, item, settlement)
        receipts.match_parked(db, item.link, [s for s in item.settlements if s.submitted], item.now)
    money.write()
    return [None] * len(items)


def _settle(db: apsw.Connection, money: endings.Money, item: Settle, settlement: Settlement) -> None:
    message_id, state = settlement.message_id, settlement.state
    for segment in settlement.submitted:
        db.execute(
            """INSERT OR REPLACE INTO segment (message_id, number, link, smsc_message_id, submitted_at, state)
               VALUES (?, ?, ?, ?, ?, ?)""",
            (message_id, segment.number, item.link, segment.smsc_message_id, item.now, SUBMITTED),
        )
    if state is State.QUEUED:
        db.execute(
            """UPDATE message SET state = 'queued', due_at = ?, reason = ?
               WHERE message_id = ? AND state = 'sending'""",
            (settlement.due_at, settlement.reason, message_id),
        )
    elif state is State.SENT:
        sql = """UPDATE message SET state = 'sent', sent_at = ?, deadline_at = ?, reason = ''
                 WHERE message_id = ? AND state = 'sending'
                 RETURNING account_id, price, segments, notify, lane"""
        for account_id, price, segments, notify, lane in every(
            db, sql, (item.now, item.confirm_by, message_id)
        ):
            money.charge(account_id, price * segments, held=price * segments)
            endings.owe_sent(db, message_id, notify, lane, item.now)
            if segments > 1:
                _end_if_failed(db, message_id, item.now)
    elif state in ENDED:
        endings.end_unsent(db, money, message_id, state, settlement.reason, item.now, expected=State.SENDING)
    else:
        raise ValueError(f"a settlement cannot lead to {state}")


def _end_if_failed(db: apsw.Connection, message_id: int, now: int) -> None:
    """End a message of which a segment was reported as failed while others were still to be sent."""
    rows = every(db, "SELECT state, error_code FROM segment WHERE message_id = ?", (message_id,))
    ending = known_failure(State.SENT, [state for state, _ in rows])
    if ending is not None:
        reason = next(code for state, code in rows if state == ending)
        endings.end_sent(db, message_id, ending, reason, now, expected=State.SENT)


class Orphans(msgspec.Struct, frozen=True):
    """All links but these."""

    links: tuple[str, ...]
    now: int


def recover_orphans(db: apsw.Connection, items: list[Orphans]) -> list[int]:
    """Release what is `sending` on links that are not there any more; it waits for them or expires."""
    sql = """UPDATE message SET state = 'queued', due_at = ?
             WHERE state = 'sending' AND link NOT IN (SELECT value FROM json_each(?)) RETURNING message_id"""
    return [len(every(db, sql, (item.now, msgspec.json.encode(item.links).decode()))) for item in items]


def recover(db: apsw.Connection, items: list[Recover]) -> list[int]:
    """Release what lost owners left in `sending`."""
    money = endings.Money(db)
    counts = [_recover(db, money, item) for item in items]
    money.write()
    return counts


def _recover(db: apsw.Connection, money: endings.Money, item: Recover) -> int:
    rows = every(db, "SELECT message_id FROM message WHERE state = 'sending' AND link = ?", (item.link,))
    for (message_id,) in rows:
        if item.hold:
            endings.end_unsent(
                db, money, message_id, State.UNCONFIRMED, "in doubt", item.now, expected=State.SENDING
            )
        else:
            db.execute(
                "UPDATE message SET state = 'queued', due_at = ? WHERE message_id = ?", (item.now, message_id)
            )
    return len(rows)
