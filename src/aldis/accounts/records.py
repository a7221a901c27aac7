"""The directory's records as the store keeps them: one JSON document a thing. Keys and
passwords are not in it, but what must be signed with is.

`plan.py` writes them, the store loads them whole and `snapshot` turns them into the directory that the
gateway asks.
"""

from __future__ import annotations

from ipaddress import ip_network

import msgspec

from aldis.accounts import directory
from aldis.accounts.account import Account, AccountSettings, settings_of
from aldis.accounts.carriers import Carrier
from aldis.accounts.credentials import Credential
from aldis.accounts.number_plans import NumberRange
from aldis.accounts.price import Price
from aldis.accounts.routes import Route
from aldis.accounts.senders import Sender

#: kinds of records; routes, prices and number ranges are one list each, kept under the key ""
ACCOUNT, CARRIER, ROUTES, PRICES = "account", "carrier", "routes", "prices"
NUMBER_RANGES = "number_ranges"
TABLES = (ROUTES, PRICES, NUMBER_RANGES)
#: of changes only: what was ever paid in, in millionths; the ledger itself keeps it
CREDIT = "credit"


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
