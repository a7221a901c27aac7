"""The writes of receipts: match segments, move their messages, or keep until a response names the segment.

A batch is read in a few statements, judged (`store/rules/receipts.py`), and written in a few statements. Two
that are about one link run one after the other, and none beside what records the link's answers
(`writes/locks.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

import asyncpg
import msgspec

from aldis.store.contract.inbound import MAX_REVIEWED, RecordedReceipts, ReviewedRange, ReviewedReceipts
from aldis.store.postgresql.engine.operations import Lock, locking, operation, operation_on_each
from aldis.store.postgresql.engine.texts import escaped, unescaped
from aldis.store.postgresql.reads.carriers import EARLY_RECEIPT, early_receipt
from aldis.store.postgresql.reads.other_cases import in_other_cases
from aldis.store.postgresql.writes import endings, locks
from aldis.store.rules.receipts import (
    MAX_EARLY,
    MAX_LEARNT,
    MAX_NAMESAKES,
    NamedSegment,
    ReceiptJudge,
    learnt,
    may_be_twice,
    spellings_of,
)
from aldis.traffic.receipt import Receipt, Spellings, alternative_ids
from aldis.traffic.states import WAITING, State

_FACTS = "s.message_id, s.number, s.state, m.state, m.segments, m.recipient, m.lane, m.notify"
#: each id by itself: joined, a link's segments may all be read for it, and are once the plan was made while
#: there were few
_FIND_MANY = f"""
SELECT s.smsc_message_id, {_FACTS} FROM (
    SELECT s.* FROM unnest($2::text[]) asked (name) CROSS JOIN LATERAL (
        SELECT s.smsc_message_id, s.message_id, s.number, s.state FROM segment s
        WHERE s.link = $1 AND s.smsc_message_id = asked.name LIMIT $3) s
    LIMIT $3) s
JOIN tracked m ON m.message_id = s.message_id
"""  # noqa: S608 - the columns are a constant
#: of ids that are common
_FIND_NEWEST = f"""
SELECT s.smsc_message_id, {_FACTS} FROM unnest($2::text[]) asked (name) CROSS JOIN LATERAL (
    SELECT s.smsc_message_id, s.message_id, s.number, s.state FROM segment s
    WHERE s.link = $1 AND s.smsc_message_id = asked.name ORDER BY s.message_id DESC LIMIT $3) s
JOIN tracked m ON m.message_id = s.message_id
"""  # noqa: S608 - as above
#: by what a carrier called them in late answers
_FIND_LATE = f"""
SELECT a.smsc_message_id, {_FACTS}
FROM unnest($2::text[]) asked (name) CROSS JOIN LATERAL (
    SELECT * FROM late_answer a WHERE a.link = $1 AND a.smsc_message_id = asked.name OFFSET 0) a
JOIN segment s USING (message_id, number) JOIN tracked m ON m.message_id = s.message_id
"""  # noqa: S608 - as above
#: until our commit none of these is sent or ends: who does that looks at its segments after us
_HOLD = "SELECT 1 FROM queue WHERE message_id = ANY($1::bigint[]) ORDER BY message_id FOR KEY SHARE"
_OTHERS = """
SELECT message_id, number, state, link, smsc_message_id FROM segment WHERE message_id = ANY($1::bigint[])
"""
_ATTEMPTS = """
SELECT message_id, number, link, smsc_message_id FROM segment
WHERE message_id = ANY($1::bigint[]) AND smsc_message_id <> ''
UNION SELECT message_id, number, link, smsc_message_id FROM late_answer WHERE message_id = ANY($1::bigint[])
"""
_FORGET_LATE = """
DELETE FROM late_answer WHERE message_id = $1 AND number = $2 AND link = $3 AND smsc_message_id = $4
"""
_RENAME = """
UPDATE segment SET link = $5, smsc_message_id = $6
WHERE message_id = $1 AND number = $2 AND link = $3 AND smsc_message_id = $4
"""

_PARK = """
INSERT INTO parked_receipt (link, smsc_message_id, state, error_code, recipient, received_at, destination)
SELECT link, name, state, error_code, recipient, at, destination
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[])
    WITH ORDINALITY AS p (link, name, state, error_code, recipient, at, destination, place) ORDER BY place
"""
_KEPT = f"SELECT {EARLY_RECEIPT} FROM parked_receipt WHERE link = $1 AND"  # noqa: S608 - columns
_EARLY = f"{_KEPT} smsc_message_id = ANY($2::text[]) ORDER BY receipt_id"
#: of receipts that wait for an id which turns out to be spelled otherwise
_EARLY_ALIKE = f"{_KEPT} smsc_message_id = ANY($2::text[]) AND reviewed ORDER BY receipt_id"
_NEW = f"{_KEPT} NOT reviewed AND receipt_id <= $2 ORDER BY receipt_id LIMIT {MAX_REVIEWED}"
_FORGET = "DELETE FROM parked_receipt WHERE receipt_id = ANY($1::bigint[])"
_FORGET_OLDEST = """
DELETE FROM parked_receipt WHERE receipt_id IN (
    SELECT receipt_id FROM parked_receipt
    WHERE receipt_id <= (SELECT max(receipt_id) FROM parked_receipt) - $1 ORDER BY receipt_id LIMIT $2)
"""
_REVIEWED = "UPDATE parked_receipt SET reviewed = true WHERE receipt_id = ANY($1::bigint[])"
#: how many segments of a link were reported on, of some; of those with small letters in their ids; how many
#: by another spelling
_LEARNT = f"""
SELECT (SELECT count(*) FROM (SELECT receipt_at FROM segment WHERE link = $1 LIMIT {MAX_LEARNT}) s
        WHERE receipt_at > 0),
       (SELECT count(*) FROM (SELECT receipt_at FROM segment
                              WHERE link = $1 AND smsc_message_id ~ '[a-z]' LIMIT {MAX_LEARNT}) s
        WHERE receipt_at > 0),
       coalesce((SELECT count FROM respelled_receipt WHERE link = $1), 0)
"""  # noqa: S608 - a number
_COUNT_RESPELLED = """
INSERT INTO respelled_receipt AS r (link, count) VALUES ($1, $2)
ON CONFLICT (link) DO UPDATE SET count = r.count + EXCLUDED.count
"""


def _reporting(batch: Sequence[Receipt]) -> list[Lock]:
    return [locks.reporting(link) for link in {receipt.link for receipt in batch}]


def _reviewing(item: ReviewedRange) -> list[Lock]:
    return [locks.reporting(item.link)]


@locking(_reporting)
@operation(rank=2)
async def record(db: asyncpg.Connection, batches: list[Sequence[Receipt]]) -> list[RecordedReceipts]:
    """Match or keep every receipt; returns how many of each batch were early, and with the first what was odd
    about all of them.
    """
    batch = await _Batch.of(db, [receipt for each in batches for receipt in each])
    early = [[receipt for receipt in each if not batch.judge.take(receipt)] for each in batches]
    await batch.write()
    forgotten = await _park(db, [receipt for each in early for receipt in each])
    first_of_all, *others = early
    return [
        RecordedReceipts(len(first_of_all), dict(batch.judge.anomalies), forgotten),
        *(RecordedReceipts(len(each)) for each in others),
    ]


async def _park(db: asyncpg.Connection, receipts: Sequence[Receipt]) -> int:
    """Keep early receipts; returns how many old ones had to go for them."""
    if not receipts:
        return 0
    rows = [
        (
            r.link,
            escaped(r.smsc_message_id),
            r.state.value,
            escaped(r.error_code),
            escaped(r.recipient),
            r.received_at,
            escaped(r.destination),
        )
        for r in receipts
    ]
    await db.execute(_PARK, *zip(*rows, strict=True))
    said = await db.execute(_FORGET_OLDEST, MAX_EARLY, 2 * len(rows))
    return int(said.rpartition(" ")[2])


async def match_early(
    db: asyncpg.Connection, link: str, segments: Sequence[tuple[int, int, str, str, int]], now: int
) -> None:
    """Apply the receipts that were waiting for these segments (message_id, number, link, smsc_message_id,
    submitted_at); mostly none are, then this is one lookup. Of the transaction's locks one is `recording`.
    """
    if not segments or not await db.fetchval("SELECT 1 FROM parked_receipt WHERE link = $1 LIMIT 1", link):
        return
    names = {exact for _, _, _, exact, _ in segments}
    await _match_kept(db, await _kept(db, _EARLY, link, [escaped(name) for name in names], now))
    alike = {spelling for exact in names for spelling in alternative_ids(exact)}
    if alike:
        waiting = await _kept(db, _EARLY_ALIKE, link, [escaped(name) for name in alike], now)
        await _match_kept(db, waiting, in_every_spelling=True)


@locking(_reporting)
@operation_on_each
async def offer(db: asyncpg.Connection, receipts: Sequence[Receipt]) -> list[bool]:
    """Match receipts that came to another cell; tells of each whether its segment is here."""
    batch = await _Batch.of(db, receipts)
    taken = [batch.judge.take(receipt) for receipt in receipts]
    await batch.write()
    return taken


@operation_on_each
async def forget_early(db: asyncpg.Connection, keys: Sequence[int]) -> None:
    """Forget early receipts that another cell has taken."""
    await db.execute(_FORGET, list(keys))


@locking(_reviewing)
@operation_on_each
async def review(db: asyncpg.Connection, item: ReviewedRange) -> ReviewedReceipts:
    """Match early receipts that no missing response can name any more by other spellings of their id."""
    waiting = await _kept(db, _NEW, item.link, item.up_to, item.now)
    respelled = await _match_kept(db, waiting, in_every_spelling=True)
    await db.execute(_REVIEWED, [receipt_id for receipt_id, _ in waiting])
    return ReviewedReceipts(len(waiting), respelled)


async def _kept(
    db: asyncpg.Connection, sql: str, link: str, chosen: Sequence[str] | int, now: int
) -> list[tuple[int, Receipt]]:
    """Give early receipts with their keys; what they say holds from now on."""
    kept = map(early_receipt, await db.fetch(sql, link, chosen))
    return [
        (key, msgspec.structs.replace(each, received_at=max(each.received_at, now))) for key, each in kept
    ]


async def _match_kept(
    db: asyncpg.Connection, waiting: list[tuple[int, Receipt]], *, in_every_spelling: bool = False
) -> int:
    """Apply early receipts and forget those that were taken; returns for how many it was by another spelling
    of their id.
    """
    if not waiting:
        return 0
    batch = await _Batch.of(db, [receipt for _, receipt in waiting])
    left = [each for each in waiting if not batch.judge.take(each[1])]
    respelled: set[int] = set()
    if in_every_spelling:
        respelled = await batch.take_respelled(left)
        counts = Counter(receipt.link for receipt_id, receipt in left if receipt_id in respelled)
        for link, count in sorted(counts.items()):
            await db.execute(_COUNT_RESPELLED, link, count)
    await batch.write()
    kept = {receipt_id for receipt_id, _ in left} - respelled
    await db.execute(_FORGET, [receipt_id for receipt_id, _ in waiting if receipt_id not in kept])
    return len(respelled)


class _Batch:
    """The segments that a batch of receipts is about, with their messages."""

    def __init__(self, db: asyncpg.Connection) -> None:
        self._db = db
        self.judge = ReceiptJudge()
        #: whether any message has been named late, and may have been taken twice
        self._may_be_twice = False

    @classmethod
    async def of(cls, db: asyncpg.Connection, receipts: Sequence[Receipt]) -> _Batch:
        """Read what receipts are about."""
        batch = cls(db)
        if may_be_twice(receipts):
            batch._may_be_twice = bool(await db.fetchval("SELECT 1 FROM late_answer LIMIT 1"))
        for link in {receipt.link for receipt in receipts}:
            names = {receipt.smsc_message_id for receipt in receipts if receipt.link == link}
            await batch._load(link, names)
        return batch

    async def take_respelled(self, receipts: Sequence[tuple[int, Receipt]]) -> set[int]:
        """Apply receipts, of which no segment has the id, to those with another spelling of it, as far as
        what is known of their links allows; returns the keys of those that were taken.
        """
        left = [(key, receipt) for key, receipt in receipts if not self.judge.knows(receipt)]
        spelled: dict[int, list[str]] = {}
        for link in {receipt.link for _, receipt in left}:
            of_link = {key: receipt.smsc_message_id for key, receipt in left if receipt.link == link}
            cases = await in_other_cases(self._db, link, of_link.values())
            known = await _learnt(self._db, link)
            spelled |= {key: spellings_of(name, cases, known) for key, name in of_link.items()}
            await self._load(link, {each for key in of_link for each in spelled[key]})
        return {key for key, receipt in left if self.judge.take_alike(receipt, spelled[key])}

    async def write(self) -> None:
        """Write what the receipts changed."""
        for each in self.judge.forgotten:
            place = (each.message_id, each.number, each.failed[0], escaped(each.failed[1]))
            await self._db.execute(_FORGET_LATE, *place)
            await self._db.execute(_RENAME, *place, each.other[0], escaped(each.other[1]))
        reports = {report[:2]: report for report in self.judge.reports}  # of one segment the last counts
        await endings.end_sent(self._db, self.judge.endings, list(reports.values()))

    async def _load(self, link: str, names: Collection[str]) -> None:
        if not names:
            return
        db, judge = self._db, self.judge
        rows = await self._find(link, names)
        waiting = {row[1] for row in rows if row[4] in WAITING}
        if waiting and len(await db.fetch(_HOLD, waiting)) < len(waiting):
            rows = await self._find(link, names)  # one was sent, or has ended, since we looked
        several = judge.add(link, names, rows)
        if several:
            others = [(*row[:4], unescaped(row[4])) for row in await db.fetch(_OTHERS, several)]
            judge.add_others(link, names, others)
        judge.arrange(link, names)
        if self._may_be_twice:
            attempts = await db.fetch(_ATTEMPTS, judge.message_ids)
            judge.add_attempts((*row[:3], unescaped(row[3])) for row in attempts)

    async def _find(self, link: str, names: Collection[str]) -> list[NamedSegment]:
        """Read the segments of a link that have these ids."""
        limit, asked = MAX_NAMESAKES * len(names), [escaped(name) for name in names]
        rows = _named(await self._db.fetch(_FIND_MANY, link, asked, limit))
        if len(rows) == limit:  # some id is common
            rows = _named(await self._db.fetch(_FIND_NEWEST, link, asked, MAX_NAMESAKES))
        missing = set(names).difference(row[0] for row in rows)
        if missing:
            rows += _named(await self._db.fetch(_FIND_LATE, link, [escaped(name) for name in missing]))
        return rows


def _named(rows: Iterable[asyncpg.Record]) -> list[NamedSegment]:
    return [
        (unescaped(name), message_id, number, state, State(message_state), *rest)
        for name, message_id, number, state, message_state, *rest in rows
    ]


async def _learnt(db: asyncpg.Connection, link: str) -> Spellings:
    """Find out from what was matched how a link's carrier spells ids in receipts."""
    return learnt(*await db.fetchrow(_LEARNT, link) or ())
