"""What `aldis apply` would change: compares a directory file with the records in the store.

What a file says of a thing replaces what a file said of it before; what it does not name stays, and so does
what was changed by hand since (`merging.py`). Routes, prices and number ranges are one list each. Opt-ins
are only ever added. Applying a file twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from aldis.accounts.account import settings_of
from aldis.accounts.credentials import Credential, digest, hash_password, is_password
from aldis.accounts.directory_file import (
    AccountEntry,
    CredentialEntry,
    DialectTraits,
    DirectoryFile,
    opted_in_numbers,
    price_of,
)
from aldis.accounts.history import Difference
from aldis.accounts.merging import Merge, merge
from aldis.accounts.price import from_micros, to_micros
from aldis.accounts.records import (
    ACCOUNT,
    CARRIER,
    CREDIT,
    NUMBER_RANGES,
    PRICES,
    ROUTES,
    TABLES,
    AccountRecord,
    Record,
    credit_body,
    credit_micros,
    spare_account,
)
from aldis.clock import as_millis
from aldis.errors import SettingsError

#: more changed carriers than this are counted instead of listed
MAX_LISTED = 10


class OptIns(msgspec.Struct, frozen=True):
    """Numbers to be added to one topic of a sender."""

    sender: str
    topic: str
    numbers: tuple[str, ...]


class Stored(msgspec.Struct, frozen=True):
    """What the store holds now."""

    records: dict[tuple[str, str], bytes]
    #: by account name, millionths
    credited: dict[str, int]
    #: the newest change of all, and the one that made each record what it is
    version: int = 0
    versions: dict[tuple[str, str], int] = {}
    #: what the file that was applied last said of a record, or of an account's credit
    applied: dict[tuple[str, str], bytes] = {}


class Disagreement(msgspec.Struct, frozen=True):
    """Where the file and the store differ because something was changed by hand since a file was applied."""

    #: such as "account acme"
    record: str
    #: `before` is the file's, `after` the store's; nothing of it is secret
    differences: list[Difference]


class Plan(msgspec.Struct, frozen=True):
    """What to write, and how to tell the operator."""

    #: only the rows that differ
    records: tuple[Record, ...]
    #: by account name, millionths: only those that differ
    credited: dict[str, int]
    #: all of the file's; the store adds those it lacks
    opt_ins: tuple[OptIns, ...]
    #: one line a change
    lines: tuple[str, ...]
    #: rows to be removed
    removed: tuple[tuple[str, str], ...] = ()
    #: `Stored.version` of what it was compared with; later changes spoil it
    based_on: int = 0
    #: what the file says, to be remembered: only what differs from what is remembered
    applied: tuple[Record, ...] = ()
    #: changed by hand, and left so
    kept: tuple[Disagreement, ...] = ()
    #: changed by hand and in the file: nobody carries out a plan that has any
    conflicts: tuple[Disagreement, ...] = ()


def plan(
    file: DirectoryFile, stored: Stored, dialects: Mapping[str, DialectTraits], *, replace: bool = False
) -> Plan:
    """Work out the difference; `replace`: the file counts, whatever was changed by hand. Raises SettingsError
    when two accounts would share a credential.
    """
    said = _said(file, stored, dialects)
    merges = [
        Merge(each.body) if replace else merge(each, _said_before(each, stored), _held(each, stored))
        for each in said
    ]
    outcomes = [
        Record(each.kind, each.key, merged.body)
        for each, merged in zip(said, merges, strict=True)
        if merged.body is not None and not is_same(_held(each, stored), merged.body)
    ]
    changed = [record for record in outcomes if record.kind != CREDIT]
    _refuse_shared(stored, changed)
    credited = {record.key: credit_micros(record.body) for record in outcomes if record.kind == CREDIT}
    return Plan(
        records=tuple(changed),
        credited=credited,
        opt_ins=tuple(OptIns(e.sender, e.topic, tuple(opted_in_numbers(e))) for e in file.opt_in),
        lines=tuple(_lines(changed, stored) + _credit_lines(credited, stored)),
        based_on=stored.version,
        applied=tuple(each for each in said if stored.applied.get(each.place) != each.body),
        kept=_disagreements((each, merged.kept) for each, merged in zip(said, merges, strict=True)),
        conflicts=_disagreements((each, merged.conflicts) for each, merged in zip(said, merges, strict=True)),
    )


def _said(file: DirectoryFile, stored: Stored, dialects: Mapping[str, DialectTraits]) -> list[Record]:
    """Give what a file says, a record a thing."""
    said = [_account_record(entry, stored, dialects) for entry in file.account]
    said += [Record(CARRIER, carrier.name, msgspec.json.encode(carrier)) for carrier in file.carrier]
    if file.route:
        said.append(Record(ROUTES, "", msgspec.json.encode(file.route)))
    if file.price:
        said.append(Record(PRICES, "", msgspec.json.encode([price_of(entry) for entry in file.price])))
    if file.number_range:
        said.append(Record(NUMBER_RANGES, "", msgspec.json.encode(file.number_range)))
    return said + [Record(CREDIT, e.name, credit_body(to_micros(e.credit))) for e in file.account]


def _said_before(record: Record, stored: Stored) -> bytes | None:
    """Give what the file that was applied last said of a record or a credit."""
    return stored.applied.get(record.place, credit_body(0) if record.kind == CREDIT else None)


def _held(record: Record, stored: Stored) -> bytes | None:
    """Give what the store holds of a record or a credit."""
    if record.kind != CREDIT:
        return stored.records.get(record.place)
    return credit_body(stored.credited.get(record.key, 0))


def _disagreements(found: Iterable[tuple[Record, list[Difference]]]) -> tuple[Disagreement, ...]:
    return tuple(
        Disagreement(f"{record.kind} {record.key}".rstrip(), differences)
        for record, differences in found
        if differences
    )


def is_same(known: bytes | None, body: bytes) -> bool:
    """Tell whether two bodies say the same, in whatever order their values stand."""
    if known is None or known == body:
        return known == body
    # in pairs: the order of a table by dialect counts, as in where messages from handsets go
    old, new = (
        msgspec.json.decode(each, type=dict[str, msgspec.Raw] | list[msgspec.Raw]) for each in (known, body)
    )
    if isinstance(old, dict) and isinstance(new, dict):
        return {key: bytes(value) for key, value in old.items()} == {
            k: bytes(value) for k, value in new.items()
        }
    return False


def plan_record(record: Record, stored: Stored) -> Plan:
    """Work out the difference that one record makes. Raises SettingsError when two accounts would share a
    credential.
    """
    changed = [] if is_same(stored.records.get((record.kind, record.key)), record.body) else [record]
    if record.kind == ACCOUNT:
        _refuse_shared(stored, changed)
    return Plan(tuple(changed), {}, (), tuple(_lines(changed, stored)), based_on=stored.version)


def plan_removal(kind: str, key: str, stored: Stored) -> Plan:
    """Work out what removing a record changes."""
    removed = ((kind, key),) if (kind, key) in stored.records else ()
    lines = tuple(f"remove {kind} {key}".rstrip() for _ in removed)
    return Plan((), {}, (), lines, removed, stored.version)


def plan_credit(name: str, micros: int, stored: Stored) -> Plan:
    """Work out what it changes to bring all that was ever paid in to an amount."""
    credited = {} if stored.credited.get(name, 0) == micros else {name: micros}
    return Plan((), credited, (), tuple(_credit_lines(credited, stored)), based_on=stored.version)


def _account_record(entry: AccountEntry, stored: Stored, dialects: Mapping[str, DialectTraits]) -> Record:
    place = (ACCOUNT, entry.name)
    known = [body for body in (stored.records.get(place), stored.applied.get(place)) if body]
    old = tuple(c for body in known for c in msgspec.json.decode(body, type=AccountRecord).credentials)
    return account_record(
        entry, tuple(credential_of(entry.name, item, old, dialects) for item in entry.credential)
    )


def account_record(entry: AccountEntry, credentials: tuple[Credential, ...]) -> Record:
    """Give an account the shape in which it is kept; its own credentials count for nothing here."""
    given = settings_of(entry)
    for key in ("alphanumeric_in", "failures_only"):  # sets: their order says nothing
        given[key] = tuple(sorted(given[key]))
    record = AccountRecord(**given, senders=entry.sender, credentials=credentials)
    return Record(ACCOUNT, entry.name, msgspec.json.encode(spare_account(record)))


def account_entry(record: AccountRecord) -> AccountEntry:
    """Give a kept account the shape of the file again, without its credentials and its credit."""
    return AccountEntry(**settings_of(record), sender=record.senders)


def credential_of(
    account: str,
    entry: CredentialEntry,
    old: tuple[Credential, ...],
    dialects: Mapping[str, DialectTraits],
) -> Credential:
    """Digest a credential; a password that has not changed keeps its hash, so that applying twice changes
    nothing.
    """
    identity = entry.identity_digest or digest(entry.key or entry.login)
    password_hash = entry.password_hash
    if entry.password:
        password = dialects[entry.dialect].sent_password(entry.password)
        known = [c.password_hash for c in old if (c.dialect, c.identity_digest) == (entry.dialect, identity)]
        kept = [hashed for hashed in known if is_password(password, hashed)]
        password_hash = kept[0] if kept else hash_password(password)
    until = 0 if entry.until is None else as_millis(entry.until)
    return Credential(account, entry.dialect, identity, password_hash, entry.country, entry.secret, until)


def _refuse_shared(stored: Stored, changed: list[Record]) -> None:
    after = {**stored.records, **{(record.kind, record.key): record.body for record in changed}}
    credentials: dict[tuple[str, str], str] = {}
    problems = []
    for (kind, name), body in sorted(after.items()):
        if kind != ACCOUNT:
            continue
        account = msgspec.json.decode(body, type=AccountRecord)
        for credential in account.credentials:
            if credentials.setdefault((credential.dialect, credential.identity_digest), name) != name:
                other = credentials[credential.dialect, credential.identity_digest]
                problems.append(f"`{other}` and `{name}` share a {credential.dialect} credential")
    if problems:
        raise SettingsError(problems)


def _lines(changed: list[Record], stored: Stored) -> list[str]:
    """Spell changes; the many carriers of one file are counted rather than listed."""
    carriers = [record for record in changed if record.kind == CARRIER]
    lines = [_line(record, stored) for record in changed if record.kind != CARRIER]
    if len(carriers) > MAX_LISTED:
        known = sum((record.kind, record.key) in stored.records for record in carriers)
        return [*lines, f"add {len(carriers) - known} carriers, change {known}"]
    return lines + [_line(record, stored) for record in carriers]


def _line(record: Record, stored: Stored) -> str:
    verb = "change" if (record.kind, record.key) in stored.records else "add"
    if record.kind in TABLES:
        count = len(msgspec.json.decode(record.body, type=list[msgspec.Raw]))
        return f"{verb} the {record.kind.replace('_', ' ')}: {count} in all"
    return f"{verb} {record.kind} {record.key}"


def _credit_lines(credited: dict[str, int], stored: Stored) -> list[str]:
    return [
        f"set the credit of {name}: {from_micros(stored.credited.get(name, 0))} → {from_micros(micros)}"
        for name, micros in credited.items()
    ]
