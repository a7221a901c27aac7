"""What moves with an account, and how it is found. Rows go from server to server as COPY writes them, so a
column that is added moves without a line of code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from aldis.store.contract.cells import WITHHELD
from aldis.store.postgresql.engine.ranges import BLOCK_BITS

#: the account's id and name, in each statement below
ACCOUNT, NAME = "{account_id}", "{name}"
#: of the messages, to and from handsets, that are in a temporary table
_BY_MESSAGE = "JOIN chosen c USING (message_id)"


class MovedRows(NamedTuple):
    """A table, and which of its rows (as `r`) are of the chosen messages."""

    table: str
    which: str = _BY_MESSAGE


#: what never changes of a message, with what it needs: in the target early, where nobody finds it yet
FIXED = (
    MovedRows("message"),
    MovedRows("content_use"),
    MovedRows(
        "duplicate_key",
        """JOIN message m ON r.account_id = m.account_id AND r.scope = m.duplicate_scope
            AND r.reference = m.reference AND r.message_id = m.message_id
        JOIN chosen c ON c.message_id = m.message_id WHERE m.duplicate_scope <> ''""",
    ),
    MovedRows("inbound", "JOIN chosen c ON c.message_id = r.inbound_id"),
)
#: what becomes of it
HISTORY = (
    MovedRows("ended"),
    MovedRows("segment"),
    MovedRows("late_answer"),
    MovedRows("poison_message"),
    MovedRows("told"),
    MovedRows(
        "postback_try",
        "JOIN told t USING (postback_id) JOIN chosen c ON c.message_id = t.message_id",
    ),
)
#: what a late receipt may change
LATE = (MovedRows("ended"), MovedRows("segment"))
#: what is withheld in `queue` (as `r`): of the account that leaves, as one does at a time
IS_WITHHELD = f"r.link >= '{WITHHELD}' AND r.link < '{WITHHELD[:-1]}!' AND NOT r.is_marked"
#: what says that a message waits, or that its carrier has it
WAITING = (MovedRows("queue", f"WHERE {IS_WITHHELD}"), MovedRows("sent"))
_LANES = f"lane >= '{ACCOUNT} ' AND lane < '{ACCOUNT}!'"
#: of the account: its lanes begin with its id
OF_ACCOUNT = (
    MovedRows("pending_postback", f"WHERE {_LANES}"),
    MovedRows(
        "postback_try",
        f"WHERE r.postback_id IN (SELECT postback_id FROM pending_postback WHERE {_LANES})",  # noqa: S608 - ours
    ),
    MovedRows("purse", f"WHERE r.account_id = {ACCOUNT}"),
    MovedRows("rate", f"WHERE r.account_id = {ACCOUNT}"),
    MovedRows("ended_webhook", f"WHERE r.account_id = {ACCOUNT}"),
    MovedRows("bulk_job", f"WHERE r.account = '{NAME}'"),
    MovedRows("bulk_row", f"WHERE r.job_id IN (SELECT job_id FROM bulk_job WHERE account = '{NAME}')"),  # noqa: S608 - ours
    # it does not tell whose credentials it is of
    MovedRows("nonce", ""),
)
#: the link that a message (`r`) has where nothing is withheld
LINK = f"CASE WHEN starts_with(r.link, '{WITHHELD}') THEN substr(r.link, {len(WITHHELD) + 1}) ELSE r.link END"
#: how a column is on the other side
_OTHERWISE: Mapping[tuple[str, str], str] = {(table, "link"): LINK for table in ("queue", "sent", "ended")}
#: those to whom messages went, as far as the target has written that down already
FILE_LATE = f"""
INSERT INTO message_recipient (block, recipient, message_id)
SELECT m.message_id >> {BLOCK_BITS}, m.recipient, m.message_id FROM message m JOIN chosen c USING (message_id)
WHERE m.message_id <= (SELECT value FROM counter WHERE name = 'recipients_bound')
ON CONFLICT DO NOTHING
"""  # noqa: S608 - a number


class MovedAccount(NamedTuple):
    """Whose rows move."""

    account_id: int
    name: str

    def filled(self, sql: str) -> str:
        """Write the account into a statement. COPY takes no parameters."""
        return sql.replace(ACCOUNT, str(self.account_id)).replace(NAME, self.name.replace("'", "''"))

    def select(self, part: MovedRows, columns: tuple[str, ...]) -> str:
        """Write the query for the rows of a part."""
        wanted = ", ".join(
            f"{_OTHERWISE[part.table, name]} AS {name}" if (part.table, name) in _OTHERWISE else f"r.{name}"
            for name in columns
        )
        return self.filled(f"SELECT {wanted} FROM {part.table} r {part.which}")  # noqa: S608 - a table of ours


def digest_of(select: str) -> str:
    """Write the query for how many rows there are and what they are, alike on every server."""
    return f"""
SELECT count(*), coalesce(sum(hashtextextended(d::text, 0)::numeric), 0)::text FROM ({select}) d"""  # noqa: S608 - ours
