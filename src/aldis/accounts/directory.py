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
from aldis.accounts.number_plans import NO_RANGES, NumberRange, NumberRanges, ranges_of
from aldis.accounts.price import MMS, Price
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
    #: by (dialect, name of the carrier): the code that we say
    carrier_codes: dict[tuple[str, str], str]
    #: the beginnings of numbers that tell the carrier, and the lengths that they have
    carrier_prefixes: dict[str, str]
    prefix_lengths: tuple[int, ...]
    routes: tuple[Route, ...]
    #: by (carrier, country); "" for all others
    prices: dict[tuple[str, str], int]
    #: the same, of multimedia messages
    mms_prices: dict[tuple[str, str], int]
    #: by value, then by account: several accounts may share a sender, each with its own keywords
    senders: dict[str, dict[str, Sender]]
    #: the country of local numbers, where all credentials that have one have the same; else ""
    home: str = ""
    #: the same of each account, where it has one
    homes: dict[str, str] = {}
    #: what it adds to the numbering plans that are known
    number_ranges: NumberRanges = NO_RANGES
    #: accounts that move to another cell: nothing of theirs is sent or posted from here
    leaving: frozenset[int] = frozenset()
    #: those of them of which nothing is accepted or answered here
    closed: frozenset[int] = frozenset()

    def credential(self, dialect: str, identity: str) -> Credential | None:
        """Find the credential that a key or login names in a dialect."""
        return self.credentials.get((dialect, digest(identity)))

    def carrier(self, dialect: str, code: str) -> str | None:
        """Find our name of the carrier that a dialect's code means."""
        return self.carriers.get((dialect, code))

    def carrier_names(self) -> set[str]:
        """Give our names of all carriers that have a code or a beginning of numbers."""
        return {*self.carriers.values(), *self.carrier_prefixes.values()}

    def carrier_code(self, dialect: str, carrier: str) -> str | None:
        """Say our name of a carrier in a dialect's code; None when it has none."""
        return self.carrier_codes.get((dialect, carrier))

    def carrier_of(self, msisdn: str) -> str:
        """Tell whose number it is: by its longest known beginning; "" when that is not known."""
        for length in self.prefix_lengths:
            found = self.carrier_prefixes.get(msisdn[:length])
            if found is not None:
                return found
        return ""

    def covered_by_stop(self, sender: str) -> tuple[str, ...]:
        """Give the senders for which a STOP to one counts: itself, and where an account that has it says so
        (`stop_all_senders`), all of that account's.
        """
        owners = (self.accounts[name] for name in self.senders.get(sender, ()))
        others = (other.value for owner in owners if owner.stop_all_senders for other in owner.senders)
        return tuple(dict.fromkeys((sender, *others)))

    def price_micros(self, carrier: str, country: str) -> int | None:
        """Give the price of one segment: to a carrier in a country, to that carrier, to that country, to
        anybody; None when nothing is priced.
        """
        return _price(self.prices, carrier, country)

    def mms_price_micros(self, carrier: str, country: str) -> int | None:
        """Give the price of one multimedia message, as that of a segment is found."""
        return _price(self.mms_prices, carrier, country)


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
    number_ranges: list[NumberRange] | None = None,
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
        carrier_codes={
            (dialect, carrier.name): codes[0]
            for carrier in carriers
            for dialect, codes in carrier.aliases.items()
            if codes
        },
        carrier_prefixes={prefix: carrier.name for carrier in carriers for prefix in carrier.prefixes},
        prefix_lengths=tuple(
            sorted({len(prefix) for carrier in carriers for prefix in carrier.prefixes}, reverse=True)
        ),
        routes=tuple(routes),
        prices={(price.carrier, price.country): price.micros for price in prices if not price.content},
        mms_prices={(price.carrier, price.country): price.micros for price in prices if price.content == MMS},
        senders=_by_owner(accounts),
        home=_only({credential.country for credential in credentials}),
        homes=_homes(credentials),
        number_ranges=ranges_of(number_ranges or ()),
    )


def _price(prices: dict[tuple[str, str], int], carrier: str, country: str) -> int | None:
    if carrier:
        for key in ((carrier, country), (carrier, "")):
            if key in prices:
                return prices[key]
    found = prices.get(("", country))
    return prices.get(("", "")) if found is None else found


def _homes(credentials: list[Credential]) -> dict[str, str]:
    countries: dict[str, set[str]] = {}
    for credential in credentials:
        countries.setdefault(credential.account, set()).add(credential.country)
    return {account: home for account, found in countries.items() if (home := _only(found))}


def _only(countries: set[str]) -> str:
    """Give the only country of a set that also holds "" for none; "" where there are several."""
    known = countries - {""}
    return known.pop() if len(known) == 1 else ""


def _by_owner(accounts: list[Account]) -> dict[str, dict[str, Sender]]:
    found: dict[str, dict[str, Sender]] = {}
    for account in accounts:
        for sender in account.senders:
            found.setdefault(sender.value, {})[account.name] = sender
    return found
