"""The one way into `pending_postback`. What a transaction makes due is told after its commit, so that it is
not read again to be posted.

Only what may be posted at once is told: of one message the earliest that is pending. What waits behind it is
told by the transaction that finishes that one. Where neither of two that overlap sees the other, the table
tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from typing import NamedTuple

import asyncpg

from aldis.store.memory.told_postbacks import MadeDue
from aldis.store.postgresql.engine.texts import escaped, unescaped
from aldis.store.postgresql.reads import due_postbacks
from aldis.traffic.slots import ALL_SLOTS, slot_of_id

#: the event of a postback about a message from a handset; the others are `PostbackEvent`s
INBOUND = "inbound"
#: postbacks that one transaction tells; more are a backlog, and are read from the table
MOST_TOLD = 1_024

_OWE = """
INSERT INTO pending_postback (message_id, lane, event, state, error_code, happened_at, due_at)
SELECT message_id, lane, event, state, error_code, at, at
FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
    WITH ORDINALITY AS o (message_id, lane, event, state, error_code, at, place)
ORDER BY place RETURNING postback_id, event
"""
_COLUMNS = ("message_id", "lane", "event", "state", "error_code", "happened_at", "due_at")


class NewPostback(NamedTuple):
    """A postback that is to be made, due when its event happened."""

    #: of the message to a handset, or from one
    message_id: int
    #: as a column has it (`engine/texts.py`)
    lane: str
    #: a `PostbackEvent`, or INBOUND
    event: str
    #: what it tells; "" for a message from a handset
    state: str
    #: as it was heard
    error_code: str
    at: int


class _Left:
    """What the transaction of a task has left so far."""

    __slots__ = ("ids", "is_too_much", "lanes", "slots")

    def __init__(self) -> None:
        #: about messages to handsets
        self.ids: list[int] = []
        #: of postbacks about messages from handsets
        self.lanes: set[str] = set()
        self.is_too_much = False
        #: of all the messages that postbacks are about
        self.slots: set[int] = set()


_left: ContextVar[_Left] = ContextVar("left")


def owing(news: str) -> str:
    """Write a part of a statement that owes postbacks and gives their ids, for `note_free`. `news`: a query
    of messages to handsets: id, lane, event, state, error code, and when it happened.
    """
    return f"""
    INSERT INTO pending_postback ({", ".join(_COLUMNS)})
    SELECT message_id, lane, event, state, error_code, at, at
    FROM ({news}) AS n (message_id, lane, event, state, error_code, at) RETURNING postback_id"""  # noqa: S608 - of constants


async def owe(db: asyncpg.Connection, rows: Sequence[NewPostback]) -> None:
    """Owe postbacks; those of one message in the order in which they are to be posted."""
    if not rows:
        return
    rows = [each._replace(error_code=escaped(each.error_code)) if each.error_code else each for each in rows]
    left = _left.get()
    left.slots.update(slot_of_id(each.message_id) for each in rows)
    left.lanes.update(unescaped(each.lane) for each in rows if each.event == INBOUND)
    if len(rows) > MOST_TOLD:
        left.is_too_much = True
        records = [(*each, each.at) for each in rows]
        await db.copy_records_to_table("pending_postback", records=records, columns=_COLUMNS)
        return
    found = await db.fetch(_OWE, *zip(*rows, strict=True))
    note_free(postback_id for postback_id, event in found if event != INBOUND)


def note_free(postback_ids: Iterable[int]) -> None:
    """Have postbacks about messages to handsets told: this transaction makes them due, or ends what was
    before them.
    """
    left = _left.get()
    left.ids += postback_ids
    left.is_too_much = left.is_too_much or len(left.ids) > MOST_TOLD


class PostbackOutbox:
    """Tells of each lane's transactions."""

    def __init__(
        self,
        tell: Callable[[MadeDue], None],
        slots: Callable[[], frozenset[int]] = lambda: ALL_SLOTS,
        tell_others: Callable[[], None] = lambda: None,
    ) -> None:
        """`tell`: is told what each transaction has made due in some slots; `slots`: which those are;
        `tell_others`: is called after one that made something due in others.
        """
        self._tell = tell
        self._slots = slots
        self._tell_others = tell_others

    def begin(self) -> None:
        """Forget what another transaction of this task has left."""
        _left.set(_Left())

    async def gather(self, db: asyncpg.Connection) -> MadeDue | None:
        """Read the postbacks that it made due; None: nothing."""
        left = _left.get()
        if left.is_too_much:
            return MadeDue(0, None, left.lanes)
        if left.ids:
            return await due_postbacks.just_made_due(db, left.ids, left.lanes, self._slots())
        return MadeDue(0, [], left.lanes) if left.lanes else None

    def deliver(self, gathered: MadeDue | None) -> None:
        """Tell of them."""
        if gathered is not None:
            self._tell(gathered)
            if not _left.get().slots <= self._slots():
                self._tell_others()
