"""The write of consents: their history, and what follows from it."""

from __future__ import annotations

import apsw
import msgspec

from aldis.accounts.staff import AuditEntry
from aldis.sms.subscribers import spellings
from aldis.store.sqlite.engine.operations import operation_on_each
from aldis.store.sqlite.engine.rows import as_json, first, one
from aldis.store.sqlite.writes import auditing
from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource


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


def _change(db: apsw.Connection, wish: ConsentChange) -> bool:
    before = db.total_changes()
    if wish.kind is ConsentKind.OPT_OUT:
        _opt_out(db, wish)
    elif not _opt_in(db, wish):
        return False
    if db.total_changes() == before:
        if wish.source is ConsentSource.HANDSET and not wish.topic and not _is_persons(db, wish):
            _remember(db, wish)  # from now on only the person takes it back
        return False
    if (
        wish.source in (ConsentSource.FILE, ConsentSource.CONSOLE) and not wish.topic
    ):  # a gateway that runs beside us is to hear of it
        db.execute("UPDATE counter SET value = value + 1 WHERE name = 'directory_version'")
    _remember(db, wish)
    return True


def _remember(db: apsw.Connection, wish: ConsentChange) -> None:
    sql = "INSERT INTO consent (sender, topic, msisdn, kind, source, words, at) VALUES (?, ?, ?, ?, ?, ?, ?)"
    db.execute(sql, (wish.sender, wish.topic, wish.msisdn, wish.kind, wish.source, wish.words, wish.at))


def _is_persons(db: apsw.Connection, wish: ConsentChange) -> bool:
    """Tell whether it was the person who last said something about all that comes from a sender."""
    sql = """SELECT source FROM consent WHERE msisdn = ? AND sender = ? AND topic = ''
             ORDER BY entry_id DESC LIMIT 1"""
    row = first(db, sql, (wish.msisdn, wish.sender))
    return row is not None and row[0] == ConsentSource.HANDSET


def _opt_out(db: apsw.Connection, wish: ConsentChange) -> None:
    """Take one topic away, or with "" everything for good."""
    if wish.topic:
        sql = "DELETE FROM opt_in WHERE sender = ? AND topic = ? AND msisdn = ?"
        db.execute(sql, (wish.sender, wish.topic, wish.msisdn))
        return
    db.execute("DELETE FROM opt_in WHERE msisdn = ? AND sender = ?", (wish.msisdn, wish.sender))
    db.execute("INSERT OR IGNORE INTO opt_out VALUES (?, ?, ?)", (wish.sender, wish.msisdn, wish.at))


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


def _opt_in(db: apsw.Connection, wish: ConsentChange) -> bool:
    """Add a topic; False where the person has said STOP, which only the person takes back."""
    person = (wish.sender, wish.msisdn)
    if wish.source is ConsentSource.HANDSET or (
        wish.source is ConsentSource.CONSOLE and not _is_persons(db, wish)
    ):
        db.execute("DELETE FROM opt_out WHERE sender = ? AND msisdn = ?", person)
    elif first(db, "SELECT 1 FROM opt_out WHERE sender = ? AND msisdn = ?", person):
        return False
    if wish.source is ConsentSource.FILE and _has_left(db, wish):
        return False
    if wish.topic:
        sql = "INSERT OR IGNORE INTO opt_in VALUES (?, ?, ?, ?)"
        db.execute(sql, (wish.sender, wish.topic, wish.msisdn, wish.at))
    return True


def _has_left(db: apsw.Connection, wish: ConsentChange) -> bool:
    """Tell whether the last word on a topic was to leave it: a file that is applied again brings nobody
    back.
    """
    sql = """SELECT kind FROM consent WHERE msisdn = ? AND sender = ? AND topic IN (?, '')
             ORDER BY entry_id DESC LIMIT 1"""
    row = first(db, sql, (wish.msisdn, wish.sender, wish.topic))
    return row is not None and row[0] == ConsentKind.OPT_OUT
