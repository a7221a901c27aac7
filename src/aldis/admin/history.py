"""What became of the directory, and taking a change back: what was before is applied again, as a new change
with its own place in the history.

Of an account or a carrier only the values that the change touched go back, so that a key which was revoked
since does not come back with them; routes, prices and number ranges go back whole.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from aldis.accounts.history import Change, Difference, differences, restored
from aldis.accounts.plan import Plan, Stored, plan_credit, plan_record
from aldis.accounts.price import from_micros
from aldis.accounts.records import ACCOUNT, CARRIER, CREDIT, TABLES, Record, credit_micros
from aldis.accounts.staff import Actor
from aldis.admin.directory import DirectoryEditor, carrier_removal, refuse_to_break
from aldis.errors import AdminError
from aldis.store.contract.directory import ChangeStore

KINDS = (ACCOUNT, CARRIER, *TABLES, CREDIT)
MAX_PAGE = 500
#: beyond any number of a change
MAX_ID = 2**53


class DescribedChange(msgspec.Struct, frozen=True):
    """A change as people may see it."""

    change: Change
    differences: list[Difference]


def newest_seen(told: list[DescribedChange]) -> dict[str, int]:
    """Give the newest change of each record among changes that are listed from the newest on."""
    seen: dict[str, int] = {}
    for each in told:
        seen.setdefault(f"{each.change.kind} {each.change.key}", each.change.change_id)
    return seen


class History:
    """The directory's past."""

    def __init__(self, store: ChangeStore, editor: DirectoryEditor) -> None:
        self._store = store
        self._editor = editor

    async def changes(self, kind: str, key: str, before: int, limit: int) -> list[DescribedChange]:
        """Give changes below a number (0: from the newest), newest first: of a record, of a kind ("*" for the
        key), or of all ("" for the kind). Raises AdminError.
        """
        if kind and kind not in KINDS:
            raise AdminError(f"there is no kind `{kind}`; known: {', '.join(KINDS)}")
        before = min(before, MAX_ID)
        limit = max(1, min(limit, MAX_PAGE))
        found = await self._store.history(kind, key, before, limit)
        return [DescribedChange(change, differences(change.before, change.after)) for change in found]

    async def newest(self, kinds: Sequence[str], key: str, limit: int) -> list[DescribedChange]:
        """Give the newest changes of the records of several kinds under one key, newest first."""
        found = [told for kind in kinds for told in await self.changes(kind, key, 0, limit)]
        return sorted(found, key=lambda told: told.change.change_id, reverse=True)[:limit]

    async def change(self, change_id: int) -> DescribedChange:
        """Give one change. Raises AdminError."""
        change = await self._store.find(min(change_id, MAX_ID))
        if change is None:
            raise AdminError(f"there is no change {change_id}", 404)
        return DescribedChange(change, differences(change.before, change.after))

    async def undo(self, actor: Actor, change_id: int, now: int, based_on: int | None = None) -> Plan:
        """Bring a record back to what it was before a change; `based_on`: the newest change of that record
        that was looked at. Raises AdminError.
        """
        change = (await self.change(change_id)).change
        newest = await self._store.history(change.kind, change.key, 0, 1)
        if based_on is not None and newest and newest[0].change_id != based_on:
            raise AdminError("this has been changed again since you looked; load the page again", 409)
        done = await self._editor.carry_out(actor, lambda stored: _taken_back(change, stored), now, change_id)
        if not done.lines:
            raise AdminError("it is already as it was before that change")
        return done


def _taken_back(change: Change, stored: Stored) -> Plan:
    if change.kind == CREDIT:
        return _credit_taken_back(change, stored)
    if change.before is None:
        if change.kind == ACCOUNT:
            raise AdminError("an account that was added stays, for its messages' sake; make it inactive", 409)
        if change.kind == CARRIER:
            return carrier_removal(stored, change.key)
        return plan_record(Record(change.kind, "", b"[]"), stored)
    body = change.before
    now = stored.records.get((change.kind, change.key))
    if now is not None and change.after is not None and change.kind in (ACCOUNT, CARRIER):
        body = _restored(body, change.after, now)
    record = Record(change.kind, change.key, body)
    refuse_to_break(record)
    return plan_record(record, stored)


def _restored(before: bytes, after: bytes, now: bytes) -> bytes:
    try:
        return restored(before, after, now)
    except ValueError as fault:
        raise AdminError(f"changed again since: {fault}; take the later change back first", 409) from None


def _credit_taken_back(change: Change, stored: Stored) -> Plan:
    """Take back the difference that a change made, whatever was paid in since."""
    before, after = (0 if body is None else credit_micros(body) for body in (change.before, change.after))
    credited = stored.credited.get(change.key, 0) - (after - before)
    if credited < 0:
        raise AdminError(f"the account has not the {from_micros(after - before)} any more", 409)
    return plan_credit(change.key, credited, stored)
