"""The directory's records as the store keeps them: one JSON document a thing. Keys and
passwords are not in it, but what must be signed with is.

`plan.py` writes them, the store loads them whole and `snapshot` turns them into the directory that the
gateway asks.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any, TypeVar

import msgspec

from aldis.accounts import directory
from aldis.accounts.account import Account, AccountSettings, settings_of
from aldis.accounts.carriers import Carrier
from aldis.accounts.credentials import Credential
from aldis.accounts.number_plans import NumberRange
from aldis.accounts.price import Price, from_micros, to_micros
from aldis.accounts.routes import Route
from aldis.accounts.senders import Sender

#: kinds of records; routes, prices and number ranges are one list each, kept under the key ""
ACCOUNT, CARRIER, ROUTES, PRICES = "account", "carrier", "routes", "prices"
NUMBER_RANGES = "number_ranges"
TABLES = (ROUTES, PRICES, NUMBER_RANGES)
#: of changes only: what was ever paid in, in millionths; the ledger itself keeps it
CREDIT = "credit"

Kept = TypeVar("Kept", bound=msgspec.Struct)


class AccountRecord(AccountSettings, frozen=True, omit_defaults=True):
    """An account with its credentials; money is not in it, that has its own ledger."""

    senders: tuple[Sender, ...] = ()
    credentials: tuple[Credential, ...] = ()


class Record(msgspec.Struct, frozen=True):
    """One row of the directory."""

    kind: str
    key: str
    #: JSON
    body: bytes

    @property
    def place(self) -> tuple[str, str]:
        """Where it stands in the directory."""
        return self.kind, self.key


_SHAPES: dict[str, Any] = {
    CARRIER: Carrier,
    ROUTES: list[Route],
    PRICES: list[Price],
    NUMBER_RANGES: list[NumberRange],
}


def canonical(kind: str, body: bytes) -> bytes:
    """Write a body as this version does: what has its default is left out, whoever wrote it."""
    if kind == ACCOUNT:
        return msgspec.json.encode(spare_account(msgspec.json.decode(body, type=AccountRecord)))
    if kind == CREDIT:
        return credit_body(credit_micros(body))
    return msgspec.json.encode(msgspec.json.decode(body, type=_SHAPES[kind]))


class _Credit(msgspec.Struct, frozen=True):
    credit: str


def credit_body(micros: int) -> bytes:
    """Write an account's credit as changes tell of it."""
    return msgspec.json.encode(_Credit(from_micros(micros)))


def credit_micros(body: bytes) -> int:
    """Read an account's credit where changes tell of it."""
    return to_micros(msgspec.json.decode(body, type=_Credit).credit)


def spare_account(record: AccountRecord) -> AccountRecord:
    """Put the defaults themselves in the place of their equals: only they are left out when it is written."""
    return _spare(msgspec.structs.replace(record, senders=tuple(map(_spare, record.senders))))


def _spare(record: Kept) -> Kept:
    fields = msgspec.structs.fields(record)
    spare = {
        f.name: f.default
        for f in fields
        if isinstance(f.default, str | tuple) and getattr(record, f.name) == f.default
    }
    return msgspec.structs.replace(record, **spare)


def newly_covered(before: AccountRecord | None, after: AccountRecord) -> list[str]:
    """Give the senders for which a STOP to another of the account's counts from now on and did not before."""
    if not after.stop_all_senders:
        return []
    covered = before.senders if before is not None and before.stop_all_senders else ()
    known = {sender.value for sender in covered}
    return [sender.value for sender in after.senders if sender.value not in known]


def to_account(record: AccountRecord, account_id: int) -> Account:
    """Give a record the shape that admission asks."""
    return Account(
        **settings_of(record),
        account_id=account_id,
        senders=record.senders,
        sources=tuple(map(ip_network, record.networks)),
        reachable=tuple(map(ip_network, record.postback_networks)),
    )


def snapshot(version: int, records: list[Record], account_ids: dict[str, int]) -> directory.Directory:
    """Build the directory from its rows; `account_ids` by account name."""
    accounts: list[Account] = []
    credentials: list[Credential] = []
    carriers: list[Carrier] = []
    routes: list[Route] = []
    prices: list[Price] = []
    ranges: list[NumberRange] = []
    for record in records:
        match record.kind:
            case "account":
                found = msgspec.json.decode(record.body, type=AccountRecord)
                accounts.append(to_account(found, account_ids[found.name]))
                credentials.extend(found.credentials)
            case "carrier":
                carriers.append(msgspec.json.decode(record.body, type=Carrier))
            case "routes":
                routes.extend(msgspec.json.decode(record.body, type=list[Route]))
            case "prices":
                prices.extend(msgspec.json.decode(record.body, type=list[Price]))
            case "number_ranges":
                ranges.extend(msgspec.json.decode(record.body, type=list[NumberRange]))
    return directory.assemble(version, accounts, credentials, carriers, routes, prices, ranges)
