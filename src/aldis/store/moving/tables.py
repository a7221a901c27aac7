"""What moves: the tables of the embedded engine, whose rows are how rows look on the way.

Of a large table changes are noted while it is copied. A small one is copied whole when nobody writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

Value = int | str | bytes | None
Row = tuple[Value, ...]
Key = tuple[Value, ...]

#: by which columns a change of a row is noted: of one or two, with an index in both engines
NOTED: Mapping[str, tuple[str, ...]] = {
    "message": ("message_id",),
    "segment": ("message_id",),
    "late_answer": ("message_id",),
    "poison_message": ("message_id",),
    "content_use": ("message_id",),
    "postback": ("postback_id",),
    "postback_try": ("postback_id",),
    "parked_receipt": ("receipt_id",),
    "inbound": ("inbound_id",),
    "inbound_part": ("link", "sender"),
    "consent": ("entry_id",),
    "opt_in": ("msisdn", "sender"),
    "opt_out": ("sender", "msisdn"),
    "audit": ("entry_id",),
    "directory_history": ("change_id",),
    "bulk_row": ("job_id", "number"),
    "message_order": ("order_id",),
    "refused_request": ("refusal_id",),
}
#: copied when nobody writes
WHOLE = (
    "account",
    "counter",
    "directory",
    "directory_applied",
    "operator",
    "session",
    "api_token",
    "link_order",
    "lease",
    "in_doubt_policy",
    "respelled_receipt",
    "ended_webhook",
    "bulk_job",
    "minute",
    "consent_import",
)
#: why a table does not move
LEFT: Mapping[str, str] = {
    "message_recipient": "maintenance writes it anew",
    "staged_submission": "what it names is of no submission yet, and is removed",
    "moving": "of this database",
    "schema_migration": "of this database",
}
#: counters that say how far `message_recipient` is written
OWN_COUNTERS = ("recipients_up_to", "recipients_bound", "recipients_bound_by")


class MovedTable(NamedTuple):
    """A table, as both sides have it."""

    name: str
    columns: tuple[str, ...]
    #: those of its primary key
    key: tuple[str, ...]
    #: those by which changes are noted; none: it is copied whole
    noted: tuple[str, ...]
    #: columns that are integers
    integers: frozenset[str]

    def places(self, columns: tuple[str, ...]) -> tuple[int, ...]:
        """Tell where columns are in a row."""
        return tuple(self.columns.index(name) for name in columns)


#: by name, in the order in which they are copied
MovedTables = Mapping[str, MovedTable]


def key_of(row: Row, places: tuple[int, ...]) -> Key:
    """Give some columns of a row."""
    return tuple(row[place] for place in places)
