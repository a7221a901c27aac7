"""Writes down which messages went to a number, in blocks of ids; `reads/recipients.py` says why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apsw
import msgspec

from aldis.store.sqlite.engine.operations import operation_on_each
from aldis.store.sqlite.engine.rows import as_json, first, for_each, one
from aldis.store.sqlite.reads.recipients import BLOCK_BITS, up_to
from aldis.traffic.message import NewMessage

_RECIPIENT = NewMessage.__struct_fields__.index("recipient")
_FILE = f"""
INSERT OR IGNORE INTO message_recipient
SELECT message_id >> {BLOCK_BITS}, recipient, message_id FROM message NOT INDEXED
WHERE message_id > ? AND message_id <= ? ORDER BY 1, 2, 3 DESC
"""  # noqa: S608 - a number
_FORGET = f"""
DELETE FROM message_recipient WHERE (block, recipient, message_id) IN (
    SELECT message_id >> {BLOCK_BITS}, recipient, message_id FROM message
    WHERE message_id IN (SELECT value FROM json_each(?)))
"""  # noqa: S608 - a number


class Filing(msgspec.Struct, frozen=True):
    """How many ids to go on by at most, and how many of the newest to leave."""

    limit: int
    open_ids: int


@operation_on_each()
def file(db: apsw.Connection, item: Filing) -> int:
    """Write down what comes next of the ids; returns how many ids that were."""
    done = up_to(db)
    newest = one(db, "SELECT ifnull(max(message_id), 0) FROM message")
    staged = one(db, "SELECT ifnull(min(first_id) - 1, ?) FROM staged_submission", (newest,))
    following = first(
        db, "SELECT message_id FROM message WHERE message_id > ? ORDER BY message_id LIMIT 1", (done,)
    )
    if following is None:
        return 0
    begin = max(done, following[0] - 1)  # across ids that were never used or are forgotten
    end = min(begin + item.limit, newest - item.open_ids, staged)
    if end <= begin:
        return 0
    db.execute(_FILE, (begin, end))
    db.execute("UPDATE counter SET value = ? WHERE name = 'recipients_up_to'", (end,))
    return int(end - begin)


def file_late(db: apsw.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Write down those of new messages (their rows) whose ids maintenance is past already."""
    done = up_to(db) if rows else 0
    late = [(row[0] >> BLOCK_BITS, row[_RECIPIENT], row[0]) for row in rows if row[0] <= done]
    if late:
        for_each(db, "INSERT OR IGNORE INTO message_recipient VALUES {rows}", late)


def forget(db: apsw.Connection, message_ids: Sequence[int]) -> None:
    """Forget messages that are about to be forgotten."""
    db.execute(_FORGET, (as_json(message_ids),))
