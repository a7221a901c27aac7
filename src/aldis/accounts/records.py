"""The directory's records as the store keeps them: one JSON document a thing. Keys and
passwords are not in it, but what must be signed with is.

`plan.py` writes them, the store loads them whole and `snapshot` turns them into the directory that the
gateway asks.
"""

from __future__ import annotations

from ipaddress import ip_network

import msgspec

from aldis.accounts import directory
from aldis.accounts.account import Account
from aldis.accounts.carriers import Carrier
from aldis.accounts.credentials import Credential
from aldis.accounts.price import Price
from aldis.accounts.routes import Route
from aldis.accounts.senders import Sender

#: kinds of records; routes and prices are one list each, kept under the key ""
ACCOUNT, CARRIER, ROUTES, PRICES = "account", "carrier", "routes", "prices"
#: of changes only: what was ever paid in, in millionths; the ledger itself keeps it
CREDIT = "credit"


class AccountRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """An account with its credentials; money is not in it, that has its own ledger."""

    name: str
    active: bool = True
    may_send: bool = True
    may_look_up: bool = True
    currency: str = "EUR"
    prepaid: bool = True
    networks: tuple[str, ...] = ()
    rate_per_s: float | None = None
    burst: int = 1
    segments_per_s: float | None = None
    segment_burst: int = 255
    max_segments: int = 255
    smart_encoding: bool = False
    reference_optional: bool = False
    enforce_campaign: bool = False
    senders: tuple[Sender, ...] = ()
    alphanumeric_in: tuple[str, ...] = ()
    default_sender: str = ""
    postback: dict[str, str] = {}
    inbound: dict[str, str] = {}
    failures_only: tuple[str, ...] = ()
    postback_style: dict[str, str] = {}
    #: kept as it is, because signing needs it
    postback_secret: dict[str, str] = {}
    postback_networks: tuple[str, ...] = ()
    credentials: tuple[Credential, ...] = ()


class Record(msgspec.Struct, frozen=True):
    """One row of the directory."""

    kind: str
    key: str
    #: JSON
    body: bytes


def to_account(record: AccountRecord, account_id: int) -> Account:
    """Give a record the shape that admission asks."""
    return Account(
        account_id=account_id,
        name=record.name,
        active=record.active,
        may_send=record.may_send,
        may_look_up=record.may_look_up,
        currency=record.currency,
        prepaid=record.prepaid,
        networks=tuple(ip_network(network) for network in record.networks),
        rate_per_s=record.rate_per_s,
        burst=record.burst,
        segments_per_s=record.segments_per_s,
        segment_burst=record.segment_burst,
        max_segments=record.max_segments,
        smart_encoding=record.smart_encoding,
        reference_optional=record.reference_optional,
        enforce_campaign=record.enforce_campaign,
        senders=record.senders,
        alphanumeric_in=frozenset(record.alphanumeric_in),
        default_sender=record.default_sender,
        postback_urls=record.postback,
        inbound_urls=record.inbound,
        failures_only=frozenset(record.failures_only),
        postback_styles=record.postback_style,
        postback_secrets=record.postback_secret,
        postback_networks=tuple(ip_network(network) for network in record.postback_networks),
    )


def snapshot(version: int, records: list[Record], account_ids: dict[str, int]) -> directory.Directory:
    """Build the directory from its rows; `account_ids` by account name."""
    accounts: list[Account] = []
    credentials: list[Credential] = []
    carriers: list[Carrier] = []
    routes: list[Route] = []
    prices: list[Price] = []
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
    return directory.assemble(version, accounts, credentials, carriers, routes, prices)
