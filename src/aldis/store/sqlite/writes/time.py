"""The writes about time: that it is now, that an operator agrees, and what follows when it was set back."""

from __future__ import annotations

import apsw
import msgspec

from aldis.accounts.staff import AuditEntry
from aldis.errors import StoreGone
from aldis.store.memory.postback_cache import PostbackCache
from aldis.store.sqlite.engine.connection import has_moved
from aldis.store.sqlite.engine.operations import operation_on_each
from aldis.store.sqlite.engine.rows import may
from aldis.store.sqlite.writes import auditing
from aldis.traffic.states import Event

#: counters that are instants: when a write was taken; when, by a clock that was believed; when an operator
#: said that the clock is right
PULSE_AT, BELIEVED_AT, AGREED_AT = "pulse_at", "believed_at", "clock_agreed_at"


class Pulse(msgspec.Struct, frozen=True):
    """That it is now."""

    now: int
    is_believed: bool


class Agreement(msgspec.Struct, frozen=True):
    """That an operator says that it is now."""

    now: int
    entry: AuditEntry


class MakeDue(msgspec.Struct, frozen=True):
    """The clock was set back."""

    limit: int
    now: int
    #: nothing waits longer to be tried again
    longest_wait_ms: int


@operation_on_each()
def pulse(db: apsw.Connection, item: Pulse) -> None:
    """Write down an instant at which writes were taken."""
    if has_moved(db):
        raise StoreGone("the file of the store has been moved or removed")
    for name in (PULSE_AT, BELIEVED_AT) if item.is_believed else (PULSE_AT,):
        _set(db, name, item.now)


@operation_on_each()
def agree(db: apsw.Connection, item: Agreement) -> None:
    """Write down what an operator says."""
    _set(db, AGREED_AT, item.now)
    auditing.write(db, item.entry)


def _set(db: apsw.Connection, name: str, instant: int) -> None:
    sql = "INSERT INTO counter VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
    db.execute(sql, (name, instant))


#: what is due at once was due when it was accepted; what was asked for later, and was not tried yet, stays.
#: Validity and review come with it: both were counted from the same instant. What is in doubt may wait longer
#: than others, by what its link waits for answers.
_MESSAGES = f"""
UPDATE message SET due_at = ?1,
    expires_at = expires_at - iif(attempts = 0, due_at - ?1, 0),
    review_at = review_at - iif(attempts = 0, due_at - ?1, 0)
WHERE message_id IN (
    SELECT message_id FROM message INDEXED BY message_claim
    WHERE {may(Event.CLAIMED)} AND due_at > ?1
      AND iif(attempts = 0, due_at <= accepted_at, due_at > ?1 + iif(doubts = 0, ?3, ?3 * 10))
    LIMIT ?2)
"""  # noqa: S608 - the table's states
#: a first try is always due at once; a later one keeps its distance from the try before
_POSTBACKS = """
UPDATE postback SET due_at = ?1 + iif(attempts = 0, 0, due_at - last_tried_at),
    last_tried_at = min(last_tried_at, ?1)
WHERE postback_id IN (
    SELECT postback_id FROM postback INDEXED BY postback_due
    WHERE due_at IS NOT NULL AND due_at > ?1 AND (attempts = 0 OR last_tried_at > ?1)
    LIMIT ?2)
"""


def _forget_cache(cache: PostbackCache, _item: MakeDue) -> None:
    cache.forget()


@operation_on_each(owes=_forget_cache)
def make_due(db: apsw.Connection, item: MakeDue) -> int:
    """Have due now what a clock that was set back would let wait; returns how many."""
    db.execute(_MESSAGES, (item.now, item.limit, item.longest_wait_ms))
    messages = db.changes()
    db.execute(_POSTBACKS, (item.now, item.limit))
    return messages + db.changes()
