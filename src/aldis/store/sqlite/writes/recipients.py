"""Which messages went to a number: blocks of ids, each in the order of its numbers.

An index on the messages themselves would touch another page for each message accepted. Here upkeep writes
what was accepted some time ago, by the block: what is written together lies together, and a number is looked
for once in each block (docs/decisions/0018-finding-a-message.md has the figures).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apsw
import msgspec

from aldis.store.sqlite.engine.rows import as_json, every, first, for_each, one
from aldis.traffic.message import NewMessage

#: ids of one block differ in these bits only
BLOCK_BITS = 14

_RECIPIENT = NewMessage.__struct_fields__.index("recipient")
_UP_TO = "SELECT value FROM counter WHERE name = 'recipients_up_to'"
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
#: block after block in one statement, because each statement is a turn of the interpreter's lock
_FIND = """
WITH RECURSIVE part (block) AS (
    VALUES (?1) UNION ALL SELECT block - 1 FROM part WHERE block > ?2
)
SELECT r.message_id FROM part CROSS JOIN message_recipient r ON r.block = part.block
WHERE r.recipient = ?3 AND r.message_id < ?4 AND r.message_id >= ?5 LIMIT ?6
"""


def up_to(db: apsw.Connection) -> int:
    """Tell which messages are written down: those with ids up to this, all of them."""
    return int(one(db, _UP_TO))


class Filing(msgspec.Struct, frozen=True):
    """How many ids to go on by at most, and how many of the newest to leave."""

    limit: int
    open_ids: int


def file(db: apsw.Connection, items: list[Filing]) -> list[int]:
    """Write down what comes next of the ids; returns how many ids that were."""
    return [_file(db, item) for item in items]


def _file(db: apsw.Connection, item: Filing) -> int:
    done = up_to(db)
    newest = one(db, "SELECT ifnull(max(message_id), 0) FROM message")
    following = first(
        db, "SELECT message_id FROM message WHERE message_id > ? ORDER BY message_id LIMIT 1", (done,)
    )
    if following is None:
        return 0
    begin = max(done, following[0] - 1)  # across ids that were never used or are forgotten
    end = min(begin + item.limit, newest - item.open_ids)
    if end <= begin:
        return 0
    db.execute(_FILE, (begin, end))
    db.execute("UPDATE counter SET value = ? WHERE name = 'recipients_up_to'", (end,))
    return int(end - begin)


def file_late(db: apsw.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Write down those of new messages (their rows) whose ids upkeep is past already."""
    done = up_to(db) if rows else 0
    late = [(row[0] >> BLOCK_BITS, row[_RECIPIENT], row[0]) for row in rows if row[0] <= done]
    if late:
        for_each(db, "INSERT OR IGNORE INTO message_recipient VALUES {rows}", late)


def forget(db: apsw.Connection, message_ids: Sequence[int]) -> None:
    """Forget messages that are about to be forgotten."""
    db.execute(_FORGET, (as_json(message_ids),))


def find(db: apsw.Connection, number: str, bounds: tuple[int, int], limit: int) -> list[int]:
    """Give ids of messages to a number, newest first: those from `bounds[0]` and below `bounds[1]`."""
    begin, end = bounds
    oldest = one(db, "SELECT ifnull(min(block), 0) FROM message_recipient")
    newest = one(db, "SELECT ifnull(max(block), -1) FROM message_recipient")
    low, high = max(begin >> BLOCK_BITS, oldest), min((end - 1) >> BLOCK_BITS, newest)
    if high < low:
        return []
    return [row[0] for row in every(db, _FIND, (high, low, number, end, begin, limit))]
