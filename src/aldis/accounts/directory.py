"""The directory as a running gateway sees it: one immutable snapshot, replaced whole when its version
changes.

Built by the store from its rows, asked by admission and by postbacks. Opt-ins are not in it: there may be
millions, so they stay in the store.
"""

from __future__ import annotations

import msgspec

from aldis.accounts.account import Account
from aldis.accounts.carriers import Carrier
from aldis.accounts.credentials import Credential, digest
from aldis.accounts.price import Price
from aldis.accounts.routes import Route
from aldis.accounts.senders import Sender


class Directory(msgspec.Struct, frozen=True):
    """Everything that admission must know of the business."""

    version: int
    accounts: dict[str, Account]
    accounts_by_id: dict[int, Account]
    #: by (dialect, identity digest)
    credentials: dict[tuple[str, str], Credential]
    #: by (dialect, code): the name of the carrier
    carriers: dict[tuple[str, str], str]
    routes: tuple[Route, ...]
    #: by country; "" for all others
    prices: dict[str, int]
    #: by value, then by account: several accounts may share a sender, each with its own keywords
    senders: dict[str, dict[str, Sender]]

    def credential(self, dialect: str, identity: str) -> Credential | None:
        """Find the credential that a key or login names in a dialect."""
        return self.credentials.get((dialect, digest(identity)))

    def carrier(self, dialect: str, code: str) -> str | None:
        """Find our name of the carrier that a dialect's code means."""
        return self.carriers.get((dialect, code))

    def price_micros(self, country: str) -> int | None:
        """Give the price of one segment to a country; None when nothing is priced."""
        return self.prices.get(country, self.prices.get(""))


class CurrentDirectory:
    """Where the stages find the newest snapshot; whoever watches the store replaces it."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory


def assemble(
    version: int,
    accounts: list[Account],
    credentials: list[Credential],
    carriers: list[Carrier],
    routes: list[Route],
    prices: list[Price],
) -> Directory:
    """Index the records of one version of the directory."""
    return Directory(
        version=version,
        accounts={account.name: account for account in accounts},
        accounts_by_id={account.account_id: account for account in accounts},
        credentials={(c.dialect, c.identity_digest): c for c in credentials},
        carriers={
            (dialect, code): carrier.name
            for carrier in carriers
            for dialect, codes in carrier.aliases.items()
            for code in codes
        },
        routes=tuple(routes),
        prices={price.country: price.micros for price in prices},
        senders=_by_owner(accounts),
    )


def _by_owner(accounts: list[Account]) -> dict[str, dict[str, Sender]]:
    found: dict[str, dict[str, Sender]] = {}
    for account in accounts:
        for sender in account.senders:
            found.setdefault(sender.value, {})[account.name] = sender
    return found
