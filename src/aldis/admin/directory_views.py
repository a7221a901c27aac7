"""The directory's records as people may see them, each with the change that made it what it is."""

from __future__ import annotations

import msgspec

from aldis.accounts.carriers import Carrier
from aldis.accounts.directory_file import AccountEntry, PriceEntry
from aldis.accounts.number_plans import NumberRange
from aldis.accounts.records import AccountRecord
from aldis.accounts.routes import Route
from aldis.store.contract.queries import Balance


class AccountView(msgspec.Struct, frozen=True):
    """An account as people may see it."""

    version: int
    #: what is secret stands as MASK
    entry: AccountEntry
    record: AccountRecord
    balance: Balance


class RouteTable(msgspec.Struct, frozen=True):
    """All routes in their order."""

    version: int
    routes: tuple[Route, ...]


class PriceTable(msgspec.Struct, frozen=True):
    """All prices."""

    version: int
    prices: tuple[PriceEntry, ...]


class NumberRangeTable(msgspec.Struct, frozen=True):
    """All ranges of numbers that the directory adds to the numbering plans."""

    version: int
    number_ranges: tuple[NumberRange, ...]


class CarrierView(msgspec.Struct, frozen=True):
    """One carrier."""

    version: int
    carrier: Carrier
