"""The write of one person's consent."""

from __future__ import annotations

import apsw
import msgspec


class Consent(msgspec.Struct, frozen=True):
    """One person's wish about one topic of one sender."""

    sender: str
    #: keyword or campaign
    topic: str
    msisdn: str
    wanted: bool
    now: int


def subscribe(db: apsw.Connection, items: list[Consent]) -> list[None]:
    """Make it as wished; where it is so already nothing changes."""
    for item in items:
        if item.wanted:
            sql = "INSERT OR IGNORE INTO opt_in VALUES (?, ?, ?, ?)"
            db.execute(sql, (item.sender, item.topic, item.msisdn, item.now))
        else:
            sql = "DELETE FROM opt_in WHERE sender = ? AND topic = ? AND msisdn = ?"
            db.execute(sql, (item.sender, item.topic, item.msisdn))
    return [None] * len(items)
