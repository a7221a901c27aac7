"""Writes the directory as a file that `aldis apply` takes: applied where it came from, it changes nothing;
applied to an empty store, it makes the same directory.

Keys and passwords are known as digests only, and stand so in the file; what must be signed with stands as it
is. Opt-ins are not of the directory: `aldis consent export` writes them. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from aldis.accounts.as_toml import written
from aldis.accounts.carriers import Carrier
from aldis.accounts.credentials import Credential
from aldis.accounts.directory_file import AccountEntry, CredentialEntry, price_entry
from aldis.accounts.number_plans import NumberRange
from aldis.accounts.plan import Stored, account_entry
from aldis.accounts.price import Price, from_micros
from aldis.accounts.records import ACCOUNT, CARRIER, AccountRecord
from aldis.accounts.routes import Route
from aldis.clock import as_datetime

_HEADER = """\
# The directory as `aldis export` found it. Keys and passwords stand as digests, what is signed with as it is:
# guard this file.
"""


def export(stored: Stored) -> str:
    """Write all that a store holds of the directory."""
    return "\n".join([_HEADER, *_tables(stored)])


def account_document(entry: AccountEntry) -> dict[str, Any]:
    """Give an account as a table of the file, without what has its default."""
    document = _spare(entry)
    for key, items in (("sender", entry.sender), ("credential", entry.credential)):
        if items:
            document[key] = [_spare(item) for item in items]
    return document


def _tables(stored: Stored) -> Iterator[str]:
    for (kind, key), body in sorted(stored.records.items()):
        match kind:
            case "account":
                record = msgspec.json.decode(body, type=AccountRecord)
                credit = from_micros(stored.credited.get(key, 0))
                credentials = tuple(map(_credential_entry, record.credentials))
                entry = msgspec.structs.replace(account_entry(record), credit=credit, credential=credentials)
                yield written(account_document(entry), ACCOUNT)
            case "carrier":
                yield written(_spare(msgspec.json.decode(body, type=Carrier)), CARRIER)
            case "routes":
                for route in msgspec.json.decode(body, type=list[Route]):
                    yield written(_spare(route), "route")
            case "prices":
                for price in msgspec.json.decode(body, type=list[Price]):
                    yield written(_spare(price_entry(price)), "price")
            case "number_ranges":
                for each in msgspec.json.decode(body, type=list[NumberRange]):
                    yield written(_spare(each), "number_range")


def _credential_entry(kept: Credential) -> CredentialEntry:
    return CredentialEntry(
        kept.dialect,
        secret=kept.secret,
        country=kept.country,
        until=as_datetime(kept.until) if kept.until else None,
        identity_digest=kept.identity_digest,
        password_hash=kept.password_hash,
    )


def _spare(record: msgspec.Struct) -> dict[str, Any]:
    """Give what of a record has not its default."""
    return {
        field.name: value
        for field in msgspec.structs.fields(record)
        if (value := getattr(record, field.name)) != _default(field)
    }


def _default(field: msgspec.structs.FieldInfo) -> Any:  # noqa: ANN401 - any value
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
