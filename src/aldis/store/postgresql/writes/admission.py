"""The writes of admission: ids, acceptance with its hold and duplicate keys."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import asyncpg
from msgspec.structs import astuple

from aldis.store.contract.admission import Acceptance
from aldis.store.postgresql.engine.operations import locking, operation
from aldis.store.postgresql.engine.ranges import BLOCK_BITS
from aldis.store.postgresql.engine.texts import all_escaped, unescaped
from aldis.store.postgresql.writes import auditing, content_use, locks, purses
from aldis.store.rules.admission import CreditHolds, DuplicateCheck, Key, OptOuts, pairs_of
from aldis.traffic.ids import next_block
from aldis.traffic.message import NewMessage
from aldis.traffic.refusal import Refusal, RefusalReason

#: below so many rows arrays in a statement are cheaper than COPY
COPIED = 250

#: what comes next, the server's time and the cell's number
_LAST_IDS = """
INSERT INTO counter AS c (name, value) VALUES ('next_id', 1)
ON CONFLICT (name) DO UPDATE SET value = c.value
RETURNING value, (extract(epoch FROM clock_timestamp()) * 1000)::bigint,
    coalesce((SELECT n.value FROM counter n WHERE n.name = 'cell'), 0)
"""
_TOOK_IDS = "UPDATE counter SET value = $1 WHERE name = 'next_id'"

#: the types of NewMessage's fields
_TYPES: Mapping[str, str] = {
    "message_id": "bigint",
    "submission_id": "bigint",
    "account_id": "bigint",
    "priority": "smallint",
    "coding": "smallint",
    "octets": "bytea",
    "segments": "smallint",
    "price_micros": "bigint",
    "notify": "smallint",
    "echo": "bytea",
    "accepted_at": "bigint",
    "due_at": "bigint",
    "expires_at": "bigint",
    "review_at": "bigint",
    "exempt": "boolean",
}
_FIELDS = NewMessage.__struct_fields__
_PLACES = {name: place for place, name in enumerate(_FIELDS)}
_TEXTS = frozenset(place for name, place in _PLACES.items() if name not in _TYPES)
#: `queue` has the rest
_KEPT = tuple(name for name in _FIELDS if name != "review_at")
_QUEUED = ("message_id", "link", "priority", "due_at", "expires_at", "review_at", "backups")
_ARRAYS = ", ".join(f"${place}::{_TYPES.get(name, 'text')}[]" for place, name in enumerate(_FIELDS, start=1))
#: those that maintenance has passed already
_FILE_LATE = f"""
INSERT INTO message_recipient (block, recipient, message_id)
SELECT message_id >> {BLOCK_BITS}, recipient, message_id FROM new
WHERE message_id <= (SELECT value FROM counter WHERE name = 'recipients_bound')
"""  # noqa: S608 - a number
_NEW = f"WITH new AS (SELECT * FROM unnest({_ARRAYS}) AS n ({', '.join(_FIELDS)}))"  # noqa: S608 - columns
_STORE = f"""
{_NEW}, kept AS (
    INSERT INTO message ({", ".join(_KEPT)}) SELECT {", ".join(_KEPT)} FROM new
), filed AS ({_FILE_LATE} ON CONFLICT DO NOTHING)
INSERT INTO queue ({", ".join(_QUEUED)}) SELECT {", ".join(_QUEUED)} FROM new
"""  # noqa: S608 - columns
#: mostly nothing is to be refused: then this is all. Looks in this order: keys, opt-outs, purses; where that
#: finds something, nothing is written but the keys, which are given
_ACCEPT_ALL = f"""
{_NEW}, keys AS (
    INSERT INTO duplicate_key (account_id, scope, reference, message_id)
    SELECT account_id, duplicate_scope, reference, message_id FROM new WHERE duplicate_scope <> ''
    ORDER BY account_id, duplicate_scope, reference, message_id
    ON CONFLICT DO NOTHING RETURNING account_id, scope, reference
), price AS (
    SELECT account_id, sum(price_micros * segments)::bigint AS price FROM new GROUP BY account_id
), purses AS ({purses.LOCKED.format(accounts="ARRAY(SELECT account_id FROM price)")}), fine AS (SELECT CASE
    WHEN (SELECT count(*) FROM keys) < (SELECT count(*) FROM new WHERE duplicate_scope <> '') THEN false
    WHEN EXISTS (SELECT 1 FROM new n JOIN opt_out o ON o.sender = n.sender AND o.msisdn = n.recipient
                 WHERE NOT n.exempt) THEN false
    ELSE (SELECT count(*) FROM price p JOIN purses l USING (account_id)
          WHERE p.price <= l.available OR p.account_id <> ALL (${len(_FIELDS) + 1}::bigint[]))
        = (SELECT count(*) FROM price) END AS is_fine
), held AS (
    UPDATE purse SET held = held + p.price FROM price p
    WHERE (SELECT is_fine FROM fine) AND purse.account_id = p.account_id AND purse.slot = {purses.ADMITTED}
        AND p.price > 0
), kept AS (
    INSERT INTO message ({", ".join(_KEPT)}) SELECT {", ".join(_KEPT)} FROM new
    WHERE (SELECT is_fine FROM fine)
), filed AS ({_FILE_LATE} AND (SELECT is_fine FROM fine) ON CONFLICT DO NOTHING), queued AS (
    INSERT INTO queue ({", ".join(_QUEUED)})
    SELECT {", ".join(_QUEUED)} FROM new WHERE (SELECT is_fine FROM fine)
)
SELECT f.is_fine, k.account_id, k.scope, k.reference FROM fine f LEFT JOIN keys k ON NOT f.is_fine
"""  # noqa: S608 - columns
_FILE_COPIED = f"""
WITH new AS (SELECT * FROM unnest($1::bigint[], $2::text[]) AS n (message_id, recipient))
{_FILE_LATE} ON CONFLICT DO NOTHING
"""  # noqa: S608 - a number

_TAKE_KEYS = """
INSERT INTO duplicate_key (account_id, scope, reference, message_id)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[])
    AS k (account_id, scope, reference, message_id)
ORDER BY account_id, scope, reference ON CONFLICT DO NOTHING RETURNING account_id, scope, reference
"""
_GIVE_KEYS_BACK = """
DELETE FROM duplicate_key d USING unnest($1::bigint[], $2::text[], $3::text[])
    AS k (account_id, scope, reference)
WHERE d.account_id = k.account_id AND d.scope = k.scope AND d.reference = k.reference
RETURNING d.account_id, d.scope, d.reference
"""
_TAKEN = """
SELECT d.account_id, d.scope, d.reference
FROM unnest($1::bigint[], $2::text[], $3::text[]) AS k (account_id, scope, reference)
JOIN duplicate_key d ON d.account_id = k.account_id AND d.scope = k.scope AND d.reference = k.reference
"""
_OPTED_OUT = """
SELECT o.sender, o.msisdn FROM unnest($1::text[], $2::text[]) AS asked (sender, msisdn)
JOIN opt_out o ON o.sender = asked.sender AND o.msisdn = asked.msisdn
"""


#: last: other gateways wait for the row
@operation(rank=9)
async def take_ids(db: asyncpg.Connection, counts: list[int]) -> list[range]:
    """Reserve blocks of ids."""
    ((free, now, cell),) = await db.fetch(_LAST_IDS)
    blocks = []
    for count in counts:
        block = next_block(free, now, cell, count)
        blocks.append(block)
        free = block.stop
    await db.execute(_TOOK_IDS, free)
    return blocks


#: first: what it locks of accounts it locks before what others lock of messages
@locking(lambda _acceptance: [locks.accepting()])
@operation(rank=-1)
async def accept(db: asyncpg.Connection, acceptances: list[Acceptance]) -> list[Refusal | None]:
    """Store each submission whole or not at all."""
    messages = [message for acceptance in acceptances for message in acceptance.messages]
    if len(messages) >= COPIED:
        wanted = _keys_of(acceptances)
        return await _accept_some(db, acceptances, await _keys(db, _TAKE_KEYS, wanted, list(wanted.values())))
    prepaid = list({each.account_id for each in acceptances if each.prepaid})
    rows = await db.fetch(_ACCEPT_ALL, *_columns_of(messages), prepaid)
    if not rows[0][0]:
        return await _accept_some(db, acceptances, {_key(row[1:]) for row in rows if row[1] is not None})
    await _note(db, acceptances)
    return [None] * len(acceptances)


async def _accept_some(
    db: asyncpg.Connection, acceptances: Sequence[Acceptance], taken: Collection[Key]
) -> list[Refusal | None]:
    """Judge one submission after the other, and store those that are accepted. `taken`: the references that
    were free, and are ours by now.
    """
    opt_outs = await _opt_outs_of(db, acceptances)
    wanted = _keys_of(acceptances)
    duplicates = DuplicateCheck(key for key in wanted if key not in taken)
    available = await purses.locked(db, {each.account_id for each in acceptances})
    holds = CreditHolds(available.__getitem__)
    answers: list[Refusal | None] = []
    accepted: list[Acceptance] = []
    for acceptance in acceptances:
        if acceptance.account_id not in available:  # it moves to another cell
            refusal: Refusal | None = Refusal(RefusalReason.UNAVAILABLE)
        else:
            refusal = (
                opt_outs.find(acceptance)
                or duplicates.find_duplicate(acceptance)
                or holds.hold_for(acceptance)
            )
        answers.append(refusal)
        if refusal is None:
            duplicates.remember(acceptance)
            accepted.append(acceptance)
    if accepted:
        await _store(db, [message for acceptance in accepted for message in acceptance.messages])
        await purses.hold(db, holds.held)
        await _note(db, accepted)
    if taken and len(accepted) < len(acceptances):
        await _correct_keys(db, {key: wanted[key] for key in taken}, _keys_of(accepted))
    return answers


async def judge(db: asyncpg.Connection, acceptance: Acceptance) -> Refusal | None:
    """Judge one submission as `accept` does, writing nothing."""
    asked = [acceptance]
    opt_outs = await _opt_outs_of(db, asked)
    found = opt_outs.find(acceptance)
    if found is not None:
        return found
    wanted = _keys_of(asked)
    duplicates = DuplicateCheck(await _keys(db, _TAKEN, wanted))
    holds = CreditHolds((await purses.available(db, [acceptance.account_id])).__getitem__)
    return duplicates.find_duplicate(acceptance) or holds.hold_for(acceptance)


async def available(db: asyncpg.Connection, account_id: int) -> int:
    """Give what an account may still hold, in millionths."""
    return (await purses.available(db, [account_id]))[account_id]


async def _opt_outs_of(db: asyncpg.Connection, acceptances: Sequence[Acceptance]) -> OptOuts:
    """Look up who has opted out, once for all."""
    pairs = pairs_of(acceptances)
    if not pairs:
        return OptOuts(())
    senders, recipients = zip(*pairs, strict=True)
    rows = await db.fetch(_OPTED_OUT, all_escaped(senders), all_escaped(recipients))
    return OptOuts((unescaped(sender), unescaped(recipient)) for sender, recipient in rows)


def _keys_of(acceptances: Iterable[Acceptance]) -> dict[Key, int]:
    """Give the references that nobody else may use, and by which message each is asked for first."""
    found: dict[Key, int] = {}
    for acceptance in acceptances:
        for message in acceptance.messages:
            if message.duplicate_scope:
                key = (message.account_id, message.duplicate_scope, message.reference)
                found.setdefault(key, message.message_id)
    return found


async def _keys(db: asyncpg.Connection, sql: str, keys: Collection[Key], *more: Sequence[int]) -> set[Key]:
    """Run a statement on keys; gives those that it returns. `more`: columns besides."""
    if not keys:
        return set()
    accounts, scopes, references = zip(*keys, strict=True)
    rows = await db.fetch(sql, accounts, all_escaped(scopes), all_escaped(references), *more)
    return set(map(_key, rows))


def _key(row: Iterable[Any]) -> Key:
    account_id, scope, reference = row
    return account_id, unescaped(scope), unescaped(reference)


async def _correct_keys(
    db: asyncpg.Connection, taken: Mapping[Key, int], accepted: Mapping[Key, int]
) -> None:
    """Give back the references of what was refused; one that an accepted message has too is that one's."""
    wrong = [key for key, message_id in taken.items() if accepted.get(key) != message_id]
    await _keys(db, _GIVE_KEYS_BACK, wrong)
    right = [key for key in wrong if key in accepted]
    await _keys(db, _TAKE_KEYS, right, [accepted[key] for key in right])


def _columns_of(messages: Sequence[NewMessage]) -> list[Sequence[Any]]:
    columns: list[Sequence[Any]] = [
        all_escaped(column) if place in _TEXTS else column
        for place, column in enumerate(zip(*map(astuple, messages), strict=True))
    ]
    # a flag is taken for a list of flags
    columns[_PLACES["notify"]] = list(map(int, columns[_PLACES["notify"]]))
    return columns


async def _store(db: asyncpg.Connection, messages: Sequence[NewMessage]) -> None:
    """Write messages, and have them wait to be sent."""
    columns = _columns_of(messages)
    if len(messages) < COPIED:
        await db.execute(_STORE, *columns)
        return
    for table, names in (("message", _KEPT), ("queue", _QUEUED)):
        records = zip(*(columns[_PLACES[name]] for name in names), strict=True)
        await db.copy_records_to_table(table, records=records, columns=names)
    await db.execute(_FILE_COPIED, columns[_PLACES["message_id"]], columns[_PLACES["recipient"]])


async def _note(db: asyncpg.Connection, accepted: Sequence[Acceptance]) -> None:
    """Write down who did it, where that is one of ours, and which content is used."""
    entries = [each.entry for each in accepted if each.entry is not None]
    if entries:
        await auditing.note(db, entries)
    with_parts = [(m.message_id, m.parts) for each in accepted for m in each.messages if m.parts]
    if with_parts:
        await content_use.note(db, with_parts)
