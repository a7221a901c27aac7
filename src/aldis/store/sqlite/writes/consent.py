"""The write of consents: their history, and what follows from it."""

from __future__ import annotations

import apsw
import msgspec

from aldis.accounts.staff import AuditEntry
from aldis.sms.subscribers import spellings
from aldis.store.rules.consent import Said, follow, is_news_for_others
from aldis.store.sqlite.engine.operations import operation_on_each
from aldis.store.sqlite.engine.rows import as_json, every, one
from aldis.store.sqlite.writes import auditing
from aldis.traffic.consent import ConsentChange


@operation_on_each()
def change_audited(
    db: apsw.Connection, item: tuple[tuple[ConsentChange, ...], AuditEntry | None]
) -> list[bool]:
    """Make changes as `change` does, and remember those that changed anything where somebody makes them by
    hand.
    """
    changes, entry = item
    outcomes = [change(db, each) for each in changes]
    if entry is not None and any(outcomes):
        auditing.write(db, entry)
    return outcomes


def change(db: apsw.Connection, wish: ConsentChange) -> bool:
    """Make a change, under every spelling of its number, so that whoever asks need know one only; tells
    whether it changed anything.
    """
    numbers = spellings(wish.msisdn)
    if len(numbers) == 1:
        return _change(db, wish)
    changed = [_change(db, msgspec.structs.replace(wish, msisdn=number)) for number in numbers]
    return any(changed)


_REMEMBER = """
INSERT INTO consent (sender, topic, msisdn, kind, source, words, at) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
#: of all topics where none is named
_SAID = """
SELECT EXISTS (SELECT 1 FROM opt_out WHERE sender = ?1 AND msisdn = ?2),
       EXISTS (SELECT 1 FROM opt_in WHERE msisdn = ?2 AND sender = ?1 AND ?3 IN ('', topic)),
       ifnull((SELECT source = 'handset' FROM consent WHERE msisdn = ?2 AND sender = ?1 AND topic = ''
               ORDER BY entry_id DESC LIMIT 1), 0),
       ifnull((SELECT kind = 'opt_out' FROM consent WHERE msisdn = ?2 AND sender = ?1 AND topic IN (?3, '')
               ORDER BY entry_id DESC LIMIT 1), 0)
"""


def _change(db: apsw.Connection, wish: ConsentChange) -> bool:
    sender, topic, msisdn = wish.sender, wish.topic, wish.msisdn
    what = follow(wish, Said(*map(bool, every(db, _SAID, (sender, msisdn, topic))[0])))
    if what.ends_opt_in:
        sql = "DELETE FROM opt_in WHERE msisdn = ?1 AND sender = ?2 AND ?3 IN ('', topic)"
        db.execute(sql, (msisdn, sender, topic))
    if what.adds_opt_out:
        db.execute("INSERT INTO opt_out VALUES (?, ?, ?)", (sender, msisdn, wish.at))
    if what.ends_opt_out:
        db.execute("DELETE FROM opt_out WHERE sender = ? AND msisdn = ?", (sender, msisdn))
    if what.adds_opt_in:
        db.execute("INSERT INTO opt_in VALUES (?, ?, ?, ?)", (sender, topic, msisdn, wish.at))
    if what.is_remembered:
        db.execute(_REMEMBER, (sender, topic, msisdn, wish.kind, wish.source, wish.words, wish.at))
    if what.is_change and is_news_for_others(wish):
        db.execute("UPDATE counter SET value = value + 1 WHERE name = 'directory_version'")
    return what.is_change


def spread(db: apsw.Connection, senders: list[str], sender: str, now: int) -> None:
    """Opt who has opted out of any of some senders out of another, with the same source and words, unless
    they have come back to that one since.
    """
    newest = int(one(db, "SELECT ifnull(max(entry_id), 0) FROM consent"))
    sql = """INSERT INTO consent (sender, topic, msisdn, kind, source, words, at)
             SELECT :sender, '', said.msisdn, said.kind, said.source, said.words, :now FROM consent said
             WHERE said.entry_id IN (
                 SELECT max(c.entry_id) FROM opt_out o JOIN consent c USING (msisdn, sender)
                 WHERE o.sender IN (SELECT value FROM json_each(:senders))
                 AND c.topic = '' AND c.kind = 'opt_out' GROUP BY o.msisdn)
             AND NOT EXISTS (SELECT 1 FROM opt_out o WHERE o.sender = :sender AND o.msisdn = said.msisdn)
             AND NOT EXISTS (SELECT 1 FROM consent later WHERE later.msisdn = said.msisdn
                 AND later.sender = :sender AND later.kind = 'opt_in' AND later.source = 'handset'
                 AND later.entry_id > said.entry_id)"""
    db.execute(sql, {"sender": sender, "senders": as_json(senders), "now": now})
    db.execute("INSERT INTO opt_out SELECT sender, msisdn, at FROM consent WHERE entry_id > ?", (newest,))
    db.execute(
        """DELETE FROM opt_in WHERE (msisdn, sender) IN (
               SELECT msisdn, sender FROM consent WHERE entry_id > ?)""",
        (newest,),
    )
