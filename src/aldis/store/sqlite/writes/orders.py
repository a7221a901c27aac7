"""The writes that operators ask for: messages sent again and cancelled, postbacks due once more, commands to
the gateway. Each shares its transaction with its audit entry.
"""

from __future__ import annotations

from collections.abc import Sequence

import apsw
import msgspec

from aldis.accounts.staff import AuditEntry
from aldis.store.contract.admission import Acceptance
from aldis.store.contract.commands import Command, CommandAnswer
from aldis.store.contract.outbox import PostbackFilter, Replayed
from aldis.store.memory.postback_cache import PostbackCache
from aldis.store.sqlite.engine.operations import operation
from aldis.store.sqlite.engine.rows import as_json, every, first, one
from aldis.store.sqlite.reads import postback_listing
from aldis.store.sqlite.writes import admission, auditing, cancelling
from aldis.traffic.refusal import Refusal


class CancelMessage(msgspec.Struct, frozen=True):
    """A message to be ended, which is in our own hands."""

    cancel: cancelling.Cancel
    entry: AuditEntry


class Again(msgspec.Struct, frozen=True):
    """A message to be accepted."""

    acceptance: Acceptance
    entry: AuditEntry
    #: the command that wants it; 0: none
    command_id: int


class Replay(msgspec.Struct, frozen=True):
    """Postbacks to be made due."""

    postback_ids: tuple[int, ...]
    now: int
    entry: AuditEntry


class ReplayGivenUp(msgspec.Struct, frozen=True):
    """A bite of the postbacks that were given up."""

    wanted: PostbackFilter
    after: int
    limit: int
    now: int
    entry: AuditEntry


class Answered(msgspec.Struct, frozen=True):
    """What came of a command."""

    command_id: int
    answer: CommandAnswer


@operation()
def cancel_message(db: apsw.Connection, items: list[CancelMessage]) -> list[bool]:
    """End messages that are still queued; tells of each whether it was."""
    found = []
    for item in items:
        (count,) = cancelling.cancel(db, [item.cancel])
        if count:
            auditing.write(db, item.entry)
        found.append(count > 0)
    return found


@operation()
def accept_again(db: apsw.Connection, items: list[Again]) -> list[Refusal | None]:
    """Accept messages; each is judged after the one before it."""
    answers = []
    for item in items:
        (refusal,) = admission.accept(db, [item.acceptance])
        if refusal is None:
            auditing.write(db, item.entry)
            if item.command_id:
                new_id = str(item.acceptance.messages[0].message_id)
                answer(db, [Answered(item.command_id, CommandAnswer(done=True, answer=new_id))])
        answers.append(refusal)
    return answers


def _forget_cache(cache: PostbackCache, _item: object) -> None:
    """Have the file asked: these are old rows, of which no transaction tells."""
    cache.forget()


@operation(owes=_forget_cache)
def replay(db: apsw.Connection, items: list[Replay]) -> list[int]:
    """Make postbacks due; returns how many there were."""
    return [_replay(db, item.postback_ids, item.now, item.entry) for item in items]


def _replay(db: apsw.Connection, postback_ids: Sequence[int], now: int, entry: AuditEntry) -> int:
    before = db.total_changes()
    sql = """UPDATE postback SET due_at = ?, done = 0, attempts = 0
             WHERE postback_id IN (SELECT value FROM json_each(?))"""
    db.execute(sql, (now, as_json(postback_ids)))
    count = db.total_changes() - before
    if count:
        auditing.write(db, msgspec.structs.replace(entry, detail=f"{entry.detail} {count} postbacks".strip()))
    return count


@operation(owes=_forget_cache)
def replay_given_up(db: apsw.Connection, items: list[ReplayGivenUp]) -> list[Replayed]:
    """Make postbacks due that were given up, in the order of their ids."""
    return [_replay_given_up(db, item) for item in items]


def _replay_given_up(db: apsw.Connection, item: ReplayGivenUp) -> Replayed:
    where, bindings = postback_listing.given_up_sql(item.wanted)
    sql = f"{postback_listing.GIVEN_UP} WHERE {where} AND p.postback_id > ? ORDER BY p.postback_id LIMIT ?"
    ids = [row[0] for row in every(db, sql, (*bindings, item.after, item.limit))]
    count = _replay(db, ids, item.now, item.entry)
    return Replayed(count, ids[-1] if len(ids) == item.limit else 0)


@operation()
def give(db: apsw.Connection, items: list[Command]) -> list[int]:
    """Keep commands."""
    sql = """INSERT INTO message_order (kind, message_id, actor, role, asked_at) VALUES (?, ?, ?, ?, ?)
             RETURNING order_id"""
    return [
        one(db, sql, (item.kind, item.message_id, item.actor, item.role, item.asked_at)) for item in items
    ]


@operation()
def answer(db: apsw.Connection, items: list[Answered]) -> list[None]:
    """Write what came of commands."""
    sql = "UPDATE message_order SET done = ?, answer = ? WHERE order_id = ?"
    db.executemany(sql, [(int(item.answer.done), item.answer.answer, item.command_id) for item in items])
    return [None] * len(items)


@operation()
def withdraw(db: apsw.Connection, order_ids: list[int]) -> list[bool]:
    """Forget commands that are open."""
    sql = "DELETE FROM message_order WHERE order_id = ? AND done IS NULL RETURNING order_id"
    return [first(db, sql, (order_id,)) is not None for order_id in order_ids]


@operation()
def forget(db: apsw.Connection, instants: list[int]) -> list[None]:
    """Forget what was ordered long ago."""
    db.execute("DELETE FROM message_order WHERE asked_at < ?", (max(instants),))
    return [None] * len(instants)
