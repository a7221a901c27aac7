"""Merges a record of a directory file with what was changed by hand since it was last applied: three bodies,
compared part by part. Pure.

A part is one value of an account or a carrier, one credential, or a whole table of routes or prices. Where
only the file has changed, it counts; where only hands have, theirs is kept; where both have, differently, it
is a conflict, and an operator decides.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from aldis.accounts.history import Difference, differences
from aldis.accounts.records import ACCOUNT, CARRIER, Record, canonical

_CREDENTIALS = "credentials"
#: of a value: its name; of a credential: its dialect and digest behind that; of a table: ""
Part = tuple[str, ...]
Parts = dict[Part, bytes]


class Merge(msgspec.Struct, frozen=True):
    """What becomes of one record. Of each difference, `before` is the file's and `after` the store's."""

    #: what the store is to hold; None: nothing, as now
    body: bytes | None
    #: changed by hand, and not by the file
    kept: list[Difference] = []
    #: changed by both
    conflicts: list[Difference] = []


def merge(wanted: Record, base: bytes | None, now: bytes | None) -> Merge:
    """Merge what a file says of a record with what it said when it was last applied (None: never) and with
    what the store holds (None: nothing).
    """
    file, old, kept = (_parts(wanted.kind, body) for body in (wanted.body, base, now))
    if now is None:
        if not old:
            return Merge(wanted.body)
        removed = [Difference("", "in the file", "removed by hand")]
        return Merge(None, kept=removed) if file == old else Merge(None, conflicts=removed)
    merged = dict(kept)
    by_hand, both = [], []
    for part in dict.fromkeys((*kept, *file, *old)):
        said = file.get(part)
        if said == kept.get(part):
            continue
        if said == old.get(part):
            by_hand.append(part)
        elif kept.get(part) != old.get(part):
            both.append(part)
        elif said is None:
            del merged[part]
        else:
            merged[part] = said
    return Merge(
        canonical(wanted.kind, _whole(merged)),
        _differences(file, kept, by_hand),
        _differences(file, kept, both),
    )


def _parts(kind: str, body: bytes | None) -> Parts:
    """Take a body apart; what has its default is no part of it."""
    if body is None:
        return {}
    body = canonical(kind, body)
    if kind not in (ACCOUNT, CARRIER):
        return {("",): body}
    found: Parts = {}
    for name, value in msgspec.json.decode(body, type=dict[str, msgspec.Raw]).items():
        if name != _CREDENTIALS:
            found[name,] = bytes(value)
            continue
        for credential in msgspec.json.decode(value, type=list[msgspec.Raw]):
            said = msgspec.json.decode(credential, type=dict[str, msgspec.Raw])
            found[name, bytes(said["dialect"]).decode(), bytes(said["identity_digest"]).decode()] = bytes(
                credential
            )
    return found


def _whole(parts: Parts) -> bytes:
    """Put a body together again."""
    if ("",) in parts:
        return parts["",]
    document = {part[0]: msgspec.Raw(value) for part, value in parts.items() if len(part) == 1}
    credentials = [msgspec.Raw(value) for part, value in parts.items() if len(part) > 1]
    return msgspec.json.encode(document | ({_CREDENTIALS: credentials} if credentials else {}))


def _differences(file: Parts, now: Parts, parts: Collection[Part]) -> list[Difference]:
    """Tell in what the file and the store differ in some parts, without what is secret."""
    if not parts:
        return []
    said, held = (_whole({part: each[part] for part in parts if part in each}) for each in (file, now))
    return differences(said, held)
