"""How PostgreSQL has rows: of a message, a postback and an account several tables have a part each."""

from __future__ import annotations

from typing import NamedTuple

from aldis.store.moving.tables import OWN_COUNTERS
from aldis.traffic.slots import SLOTS
from aldis.traffic.states import State

_MESSAGE = """
SELECT m.message_id, m.submission_id, m.account_id, m.dialect, m.reference, m.duplicate_scope,
       coalesce(q.link, s.link, e.link) AS link, m.priority, m.sender, m.recipient, m.country, m.coding,
       m.octets, m.segments, m.price_micros, m.notify, m.lane, m.callback_url, m.echo, m.accepted_at,
       coalesce(q.due_at, m.due_at) AS due_at, coalesce(q.expires_at, m.expires_at) AS expires_at,
       coalesce(q.review_at, s.sent_at) AS review_at,
       CASE WHEN e.message_id IS NOT NULL THEN e.state WHEN s.message_id IS NOT NULL THEN 'sent'
            WHEN q.is_marked THEN 'sending' ELSE 'queued' END AS state,
       coalesce(q.attempts, s.attempts, e.attempts) AS attempts, coalesce(s.sent_at, e.sent_at, 0) AS sent_at,
       coalesce(e.ended_at, 0) AS ended_at, coalesce(q.reason, e.reason, '') AS reason, m.label,
       coalesce(q.backups, m.backups) AS backups, m.exempt, m.parts,
       coalesce(q.doubts, s.doubts, e.doubts) AS doubts
FROM message m LEFT JOIN queue q USING (message_id) LEFT JOIN sent s USING (message_id)
LEFT JOIN ended e USING (message_id)
"""
_ACCOUNT = """
SELECT account_id, a.name, coalesce(sum(p.credited), 0)::bigint AS credited,
       coalesce(sum(p.held), 0)::bigint AS held, coalesce(sum(p.spent), 0)::bigint AS spent
FROM account a LEFT JOIN purse p USING (account_id) GROUP BY account_id, a.name
"""
OWN = ", ".join(f"'{name}'" for name in OWN_COUNTERS)
#: the other engine's counter of ids is always there
_COUNTER = f"""
SELECT name, value FROM counter WHERE name NOT IN ({OWN})
UNION ALL SELECT 'next_id', 1 WHERE NOT EXISTS (SELECT 1 FROM counter WHERE name = 'next_id')
"""  # noqa: S608 - constants
#: what is not a table with the same columns
RELATIONS = {
    "message": _MESSAGE,
    "account": _ACCOUNT,
    "counter": _COUNTER,
    "postback": "SELECT * FROM postback",
    "lease": "SELECT resource, '' AS holder, epoch FROM lease",
    # here each slot of a link has its own, under the name of its resource
    "in_doubt_policy": """SELECT coalesce(substring(link FROM '^link/(.*)/[0-9]+$'), link) AS link,
                          bool_or(hold) AS hold FROM in_doubt_policy GROUP BY 1""",
    # of several gateways one's: the other engine has one only
    "minute": "SELECT DISTINCT ON (at) at, sample FROM minute ORDER BY at, node",
}


class TableParts(NamedTuple):
    """How rows of one kind are in several tables."""

    #: they have its key, and to read it one of each; what refers to another comes first
    tables: tuple[str, ...]
    #: statements that write the rows of `incoming_NAME`
    insert: tuple[str, ...]
    #: statements before the tables' rows go, of $1: keys
    before: tuple[str, ...] = ()


def _copied(kind: str, table: str, columns: str, where: str = "true") -> str:
    """Write the statement that puts columns of what comes in into a table."""
    return f"INSERT INTO {table} ({columns}) SELECT {columns} FROM incoming_{kind} WHERE {where}"  # noqa: S608 - constants


_IS_MARKED, _IS_SENT = (f"state = '{state.value}'" for state in (State.SENDING, State.SENT))
_SENT = "message_id, link, sent_at, attempts, doubts"
_KEPT = """
    message_id, submission_id, account_id, dialect, reference, duplicate_scope, link, priority, sender,
    recipient, country, coding, octets, segments, price_micros, notify, lane, callback_url, echo, accepted_at,
    due_at, expires_at, label, backups, exempt, parts"""
_TOLD = """
    postback_id, message_id, lane, event, state, error_code, happened_at, attempts, last_tried_at,
    last_status, last_fault"""
PARTS = {
    "message": TableParts(
        ("queue", "sent", "ended", "message"),
        (
            _copied("message", "message", _KEPT),
            """INSERT INTO duplicate_key (account_id, scope, reference, message_id)
               SELECT account_id, duplicate_scope, reference, message_id FROM incoming_message
               WHERE duplicate_scope <> '' ORDER BY message_id DESC ON CONFLICT DO NOTHING""",
            f"""INSERT INTO queue (message_id, link, priority, due_at, expires_at, review_at, is_marked,
                   attempts, doubts, reason, backups)
               SELECT message_id, link, priority, due_at, expires_at, review_at, {_IS_MARKED},
                   attempts, doubts, reason, backups
               FROM incoming_message WHERE NOT {_IS_SENT} AND ended_at = 0""",  # noqa: S608 - constants
            _copied("message", "sent", _SENT, _IS_SENT),
            _copied("message", "ended", f"{_SENT}, state, reason, ended_at", "ended_at > 0"),
        ),
        (
            """DELETE FROM duplicate_key d USING message m WHERE m.message_id = ANY($1::bigint[])
               AND m.duplicate_scope <> '' AND d.account_id = m.account_id AND d.scope = m.duplicate_scope
               AND d.reference = m.reference AND d.message_id = m.message_id""",
        ),
    ),
    "postback": TableParts(
        ("pending_postback", "told"),
        (
            _copied("postback", "pending_postback", f"{_TOLD}, due_at", "due_at IS NOT NULL"),
            _copied("postback", "told", f"{_TOLD}, done", "due_at IS NULL"),
        ),
    ),
    "account": TableParts(
        ("purse", "account"),
        (
            "INSERT INTO account (account_id, name) SELECT account_id, name FROM incoming_account",
            """INSERT INTO purse (account_id, slot, credited, held, spent)
               SELECT account_id, 0, credited, held, spent FROM incoming_account""",
        ),
    ),
    "lease": TableParts(
        ("lease",),
        (
            """INSERT INTO lease (resource, holder, epoch, until)
               SELECT resource, holder, epoch, '-infinity' FROM incoming_lease""",
        ),
    ),
    "in_doubt_policy": TableParts(
        ("in_doubt_policy",),
        (
            _copied("in_doubt_policy", "in_doubt_policy", "link, hold"),
            f"""INSERT INTO in_doubt_policy (link, hold)
                SELECT 'link/' || link || '/' || slot, hold
                FROM incoming_in_doubt_policy, generate_series(0, {SLOTS - 1}) AS slot""",  # noqa: S608 - a number
        ),
    ),
}
