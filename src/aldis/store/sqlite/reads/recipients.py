"""Which messages went to a number: blocks of ids, each in the order of its numbers.

An index on the messages themselves would touch another page for each message accepted. Maintenance writes
what was accepted some time ago, by the block: what is written together lies together, and a number is looked
for once in each block (docs/decisions/0018-message-search.md has the figures).
"""

from __future__ import annotations

import apsw

from aldis.store.sqlite.engine.rows import every, one, whole

#: ids of one block differ in these bits only
BLOCK_BITS = 16
#: ids of one part of a look at all
PART = 32_768

_UP_TO = "SELECT value FROM counter WHERE name = 'recipients_up_to'"
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


def find(db: apsw.Connection, number: str, bounds: tuple[int, int], limit: int) -> list[int]:
    """Give ids of messages to a number, newest first: those from `bounds[0]` and below `bounds[1]`."""
    begin, end = bounds
    oldest = one(db, "SELECT ifnull(min(block), 0) FROM message_recipient")
    newest = one(db, "SELECT ifnull(max(block), -1) FROM message_recipient")
    low, high = max(begin >> BLOCK_BITS, oldest), min((end - 1) >> BLOCK_BITS, newest)
    if high < low:
        return []
    return [row[0] for row in every(db, _FIND, (high, low, number, end, begin, limit))]


def of_messages(db: apsw.Connection, bounds: tuple[int, int]) -> tuple[list[tuple[str, str]], int]:
    """Give recipients and their countries of the newest messages of some ids, and where the next part ends:
    at `bounds[0]` at last.
    """
    begin, end = bounds
    top = one(db, "SELECT ifnull(max(message_id), -1) FROM message WHERE message_id < ?", (end,))
    if top < begin:
        return [], begin
    low = max(begin, top - PART + 1)
    sql = f"""SELECT DISTINCT recipient, country FROM message NOT INDEXED
              WHERE message_id BETWEEN ? AND ? AND {whole()}"""  # noqa: S608 - a constant
    return every(db, sql, (low, top)), low
