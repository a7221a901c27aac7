"""What is written of a change of the directory: its history, and the audit log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from aldis.accounts.history import Change
from aldis.accounts.records import ACCOUNT, CARRIER, CREDIT, AccountRecord, credit_body, newly_covered
from aldis.accounts.staff import AuditEntry, audit
from aldis.store.contract.directory import Carrying

#: more carriers than this in one plan share an audit entry
MAX_AUDITED = 10
_VERBS = {(True, False): "add", (False, True): "remove", (False, False): "change"}

#: what is kept of a record: by its kind and its key
Bodies = Mapping[tuple[str, str], bytes]


def changes_of(item: Carrying, bodies: Bodies, credited: Mapping[str, int]) -> list[Change]:
    """Give the history of a plan that is carried out, in its order: records, removals, credits.

    `bodies`: what is kept of what it changes; `credited`: millionths, of accounts whose credit it changes.
    """
    plan = item.plan
    changes = [_change(item, each.place, bodies.get(each.place), each.body) for each in plan.records]
    changes += [_change(item, place, bodies[place], None) for place in plan.removed]
    return changes + [
        _change(item, (CREDIT, name), credit_body(credited.get(name, 0)), credit_body(micros))
        for name, micros in plan.credited.items()
    ]


def _change(item: Carrying, place: tuple[str, str], before: bytes | None, after: bytes | None) -> Change:
    return Change(0, item.now, item.actor.name, item.actor.via, *place, before, after, item.undoes)


def entries_of(item: Carrying, changes: Sequence[Change], numbers: Sequence[int]) -> list[AuditEntry]:
    """Give the entries of the audit log; `numbers`: those that the changes have in the history."""
    carriers = sum(record.kind == CARRIER for record in item.plan.records)
    many = carriers > MAX_AUDITED
    entries: list[AuditEntry] = []
    for change, number in zip(changes, numbers, strict=True):
        if many and change.kind == CARRIER and change.after is not None:
            continue
        verb = _VERBS[change.before is None, change.after is None]
        detail = f"change {number}" + (f", takes back {change.undoes}" if change.undoes else "")
        entries.append(audit(item.actor, change.at, f"{verb} {change.kind}", change.key, detail))
    if many:
        entries.append(audit(item.actor, item.now, "change carriers", "", f"{carriers} at once"))
    return entries


def newly_covered_by(item: Carrying, bodies: Bodies) -> Iterator[tuple[list[str], str]]:
    """Give each sender that the opt-outs of an account count for from now on, behind all of the account's."""
    for record in item.plan.records:
        if record.kind == ACCOUNT:
            body = bodies.get(record.place)
            was = None if body is None else msgspec.json.decode(body, type=AccountRecord)
            account = msgspec.json.decode(record.body, type=AccountRecord)
            senders = [sender.value for sender in account.senders]
            for sender in newly_covered(was, account):
                yield senders, sender
