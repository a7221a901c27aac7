"""Changing the directory: one record at a time by console and admin API, a whole file by `aldis apply`; the
same checks, the same history.

A change says which version of the record it was based on, so that two people do not undo each other's work
unawares. Against a change of anything else in the same moment it is planned again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from aldis.accounts.carriers import Carrier
from aldis.accounts.directory_file import (
    AccountEntry,
    DirectoryFile,
    PriceEntry,
    account_faults,
    carrier_faults,
    number_range_faults,
    price_entry,
    price_faults,
    price_of,
    route_faults,
)
from aldis.accounts.history import ADDRESSES, MASK, SECRETS, masked_address
from aldis.accounts.number_plans import NumberRange
from aldis.accounts.plan import (
    Plan,
    Stored,
    account_entry,
    account_record,
    plan,
    plan_credit,
    plan_record,
    plan_removal,
)
from aldis.accounts.price import MICROS, MOST_MONEY, Price, from_micros, to_micros
from aldis.accounts.records import ACCOUNT, CARRIER, NUMBER_RANGES, PRICES, ROUTES, AccountRecord, Record
from aldis.accounts.routes import Route
from aldis.accounts.staff import Actor
from aldis.admin.consents import opt_ins_of
from aldis.admin.directory_views import AccountView, CarrierView, NumberRangeTable, PriceTable, RouteTable
from aldis.admin.validation import ValidationError, entry_of
from aldis.dialects.registry import TRAITS
from aldis.errors import AdminError, SettingsError, StoreUnavailable
from aldis.store.contract.consent import ConsentStore
from aldis.store.contract.directory import Carrying, ChangeStore
from aldis.store.contract.queries import Balance

#: how often a change is planned again because something else changed in the same moment
TRIES = 10
MAX_NAME = 100
#: of an account, what has ways of its own
_ELSEWHERE = {"credit": "credit", "credential": "credentials"}

CHANGED = "somebody has changed this since you looked; load it again and make your change once more"


#: from what is kept to what is to be changed; asked again when it was overtaken
Planner = Callable[[Stored], Plan]


Kept = TypeVar("Kept")

Follow = Callable[[], Awaitable[None]]


async def _nobody() -> None:
    """Have nobody take it up."""


class DirectoryEditor:
    """The directory, for whoever may change it."""

    def __init__(self, changes: ChangeStore, consent: ConsentStore, follow: Follow = _nobody) -> None:
        """`follow`: has a gateway of this process take a change up at once; others see it by themselves."""
        self._changes = changes
        self._consent = consent
        self._follow = follow

    # ── looking ──

    async def accounts(self) -> list[AccountView]:
        """Give all accounts by name."""
        stored, balances = await self._changes.stored(), await self._changes.balances()
        names = sorted(key for kind, key in stored.records if kind == ACCOUNT)
        return [_account_view(stored, balances, name) for name in names]

    async def account(self, name: str) -> AccountView:
        """Give one account; raises AdminError."""
        stored, balances = await self._changes.stored(), await self._changes.balances()
        return _account_view(stored, balances, name)

    async def carriers(self) -> list[CarrierView]:
        """Give all carriers by name."""
        stored = await self._changes.stored()
        names = sorted(key for kind, key in stored.records if kind == CARRIER)
        return [_carrier_view(stored, name) for name in names]

    async def carrier(self, name: str) -> CarrierView:
        """Give one carrier; raises AdminError."""
        return _carrier_view(await self._changes.stored(), name)

    async def routes(self) -> RouteTable:
        """Give all routes in their order."""
        return RouteTable(*_table(await self._changes.stored(), ROUTES, tuple[Route, ...]))

    async def prices(self) -> PriceTable:
        """Give all prices in their order."""
        version, prices = _table(await self._changes.stored(), PRICES, tuple[Price, ...])
        return PriceTable(version, tuple(map(price_entry, prices)))

    async def number_ranges(self) -> NumberRangeTable:
        """Give all ranges of numbers that the directory adds."""
        return NumberRangeTable(*_table(await self._changes.stored(), NUMBER_RANGES, tuple[NumberRange, ...]))

    # ── changing ──

    async def apply(
        self, actor: Actor, file: DirectoryFile, now: int, *, replace: bool = False
    ) -> tuple[Plan, int]:
        """Bring the directory to what a file says; `replace`: also what was changed by hand since a file was
        applied. Gives what changed and how many opt-ins were new; raises SettingsError.
        """
        planned = plan(file, await self._changes.stored(), TRAITS, replace=replace)
        refuse_conflicts(planned)
        writes = planned.lines or planned.applied
        if writes and not await self._changes.carry_out(Carrying(planned, actor, now)):
            raise StoreUnavailable("the directory has changed meanwhile")
        added = 0
        for chunk in opt_ins_of(planned, now):  # others may have their turn between two
            added += sum(await self._consent.change(chunk))
        return planned, added

    async def put_account(
        self, actor: Actor, data: Mapping[str, Any], based_on: int | None, now: int
    ) -> None:
        """Add an account (`based_on` None) or change one, but for its credentials and credit; a secret given
        as MASK stays. Raises AdminError.
        """
        elsewhere = [
            ((key,), f"is changed by itself: {where}") for key, where in _ELSEWHERE.items() if key in data
        ]
        if elsewhere:
            raise ValidationError(elsewhere)

        def planned(stored: Stored) -> Plan:
            """Compare with what is kept now."""
            name = str(data.get("name", ""))
            _refuse_stale(stored, ACCOUNT, name, based_on)
            known = stored.records.get((ACCOUNT, name))
            old = msgspec.json.decode(known, type=AccountRecord) if known else AccountRecord(name)
            entry = entry_of(_unmasked(data, old), AccountEntry, _judge_account)
            return plan_record(account_record(entry, old.credentials), stored)

        await self.carry_out(actor, planned, now)

    async def put_carrier(
        self, actor: Actor, data: Mapping[str, Any], based_on: int | None, now: int
    ) -> None:
        """Add a carrier (`based_on` None) or change one. Raises AdminError."""
        carrier = entry_of(data, Carrier, _judge_carrier)
        record = Record(CARRIER, carrier.name, msgspec.json.encode(carrier))
        await self._put(actor, record, based_on, now)

    async def remove_carrier(self, actor: Actor, name: str, based_on: int, now: int) -> None:
        """Forget a carrier that no route and no price names. Raises AdminError."""

        def planned(stored: Stored) -> Plan:
            """Compare with what is kept now."""
            _refuse_stale(stored, CARRIER, name, based_on)
            return carrier_removal(stored, name)

        await self.carry_out(actor, planned, now)

    async def put_routes(
        self, actor: Actor, data: Sequence[Mapping[str, Any]], based_on: int, now: int
    ) -> None:
        """Replace all routes. Raises AdminError."""
        routes = _entries(data, Route, route_faults)
        await self._put(actor, Record(ROUTES, "", msgspec.json.encode(routes)), based_on, now)

    async def put_prices(
        self, actor: Actor, data: Sequence[Mapping[str, Any]], based_on: int, now: int
    ) -> None:
        """Replace all prices. Raises AdminError."""
        entries = _entries(data, PriceEntry, price_faults)
        prices = [price_of(entry) for entry in entries]
        twice = [
            ((index, "carrier"), "the same carrier and country stand above with another price")
            for index, price in enumerate(prices)
            if any(_is_rival(price, other) for other in prices[:index])
        ]
        if twice:
            raise ValidationError(twice)
        await self._put(actor, Record(PRICES, "", msgspec.json.encode(prices)), based_on, now)

    async def put_number_ranges(
        self, actor: Actor, data: Sequence[Mapping[str, Any]], based_on: int, now: int
    ) -> None:
        """Replace all ranges of numbers. Raises AdminError."""
        ranges = _entries(data, NumberRange, number_range_faults)
        await self._put(actor, Record(NUMBER_RANGES, "", msgspec.json.encode(ranges)), based_on, now)

    async def top_up(self, actor: Actor, name: str, amount: str, now: int) -> None:
        """Add money to what was paid in, or with a minus take some back. Raises AdminError."""
        try:
            micros = to_micros(amount)
        except ValueError as fault:
            raise ValidationError([(("amount",), str(fault))]) from None
        balance = (await self._changes.balances()).get(name)
        if balance is None:
            raise AdminError(f"there is no account `{name}`", 404)
        if micros < -max(0, balance.available):
            raise ValidationError([(("amount",), "the account has not that much left")])

        def planned(stored: Stored) -> Plan:
            """Add it to what was paid in by now."""
            credited = stored.credited.get(name, 0) + micros
            if credited > MOST_MONEY * MICROS:
                raise ValidationError([(("amount",), f"must make {MOST_MONEY:,} in all at most")])
            return plan_credit(name, credited, stored)

        await self.carry_out(actor, planned, now)

    async def carry_out(self, actor: Actor, planner: Planner, now: int, undoes: int = 0) -> Plan:
        """Plan a change and write it; again when something else changed meanwhile. Raises AdminError."""
        for _ in range(TRIES):
            try:
                planned = planner(await self._changes.stored())
            except SettingsError as fault:
                raise AdminError("; ".join(fault.problems), 409) from None
            if not planned.lines:
                return planned
            if await self._changes.carry_out(Carrying(planned, actor, now, undoes)):
                await self._follow()
                return planned
        raise AdminError("the directory is being changed by others; try again", 409)

    async def _put(self, actor: Actor, record: Record, based_on: int | None, now: int) -> None:
        def planned(stored: Stored) -> Plan:
            """Compare with what is kept now; a table, whose key is "", may be the first of its kind."""
            if record.key or (record.kind, "") in stored.records:
                _refuse_stale(stored, record.kind, record.key, based_on)
            return plan_record(record, stored)

        await self.carry_out(actor, planned, now)


def refuse_conflicts(planned: Plan) -> None:
    """Refuse a file that says otherwise than hands have said since. Raises SettingsError."""
    problems = [
        f"{each.record}: {told.path + ': ' if told.path else ''}{told.after or '-'} by hand, "
        f"{told.before or '-'} in the file"
        for each in planned.conflicts
        for told in each.differences
    ]
    if problems:
        raise SettingsError([*problems, "nothing was changed; --replace takes what the file says"])


def refuse_to_break(record: Record) -> None:
    """Refuse a body that would not be taken today. Raises AdminError."""
    match record.kind:
        case "account":
            kept = msgspec.json.decode(record.body, type=AccountRecord)
            faults = _judge_account(account_entry(kept))
        case "carrier":
            faults = _judge_carrier(msgspec.json.decode(record.body, type=Carrier))
        case "routes":
            routes = msgspec.json.decode(record.body, type=tuple[Route, ...])
            faults = [fault for index, route in enumerate(routes) for fault in route_faults(route, (index,))]
        case "number_ranges":
            ranges = msgspec.json.decode(record.body, type=tuple[NumberRange, ...])
            faults = [f for index, each in enumerate(ranges) for f in number_range_faults(each, (index,))]
        case _:
            faults = []
    if faults:
        raise ValidationError(faults)


def _judge_account(entry: AccountEntry) -> list[Any]:
    faults = account_faults(entry, TRAITS)
    if not _is_name(entry.name):
        faults.append((("name",), f"must be at most {MAX_NAME} printable characters and no slash"))
    return faults


def _judge_carrier(carrier: Carrier) -> list[Any]:
    faults = carrier_faults(carrier)
    if not carrier.name or not _is_name(carrier.name):
        faults.append((("name",), f"must be 1 to {MAX_NAME} printable characters and no slash"))
    return faults + [
        (("aliases",), f"there is no dialect `{name}`") for name in carrier.aliases if name not in TRAITS
    ]


def _is_name(text: str) -> bool:
    return len(text) <= MAX_NAME and text.isprintable() and "/" not in text


def _entries(data: Sequence[Mapping[str, Any]], kind: Any, judge: Any) -> tuple[Any, ...]:  # noqa: ANN401 - any kind of row
    """Read rows, and tell of the faults of all of them at once."""
    found, faults = [], []
    for index, row in enumerate(data):
        try:
            found.append(entry_of(row, kind, judge))
        except ValidationError as fault:
            faults += [
                ((index, *path.split(".")) if path else (index,), w) for path, w in fault.faults.items()
            ]
    if faults:
        raise ValidationError(faults)
    return tuple(found)


def _table(stored: Stored, kind: str, shape: type[Kept]) -> tuple[int, Kept]:
    """Give which change made a table what it is, and its rows."""
    body = stored.records.get((kind, ""), b"[]")
    return stored.versions.get((kind, ""), 0), msgspec.json.decode(body, type=shape)


def _one(stored: Stored, kind: str, name: str, shape: type[Kept]) -> tuple[int, Kept]:
    """Give which change made a record what it is, and the record. Raises AdminError."""
    body = stored.records.get((kind, name))
    if body is None:
        raise AdminError(f"there is no {kind} `{name}`", 404)
    return stored.versions.get((kind, name), 0), msgspec.json.decode(body, type=shape)


def _account_view(stored: Stored, balances: Mapping[str, Balance], name: str) -> AccountView:
    version, record = _one(stored, ACCOUNT, name, AccountRecord)
    balance = balances.get(name, Balance())
    entry = msgspec.structs.replace(
        account_entry(record),
        **{name: dict.fromkeys(getattr(record, name), MASK) for name in SECRETS},
        **{
            name: {dialect: masked_address(url) for dialect, url in getattr(record, name).items()}
            for name in ADDRESSES
        },
        credit=from_micros(balance.credited),
    )
    return AccountView(version, entry, record, balance)


def _carrier_view(stored: Stored, name: str) -> CarrierView:
    return CarrierView(*_one(stored, CARRIER, name, Carrier))


def carrier_removal(stored: Stored, name: str) -> Plan:
    """Plan to forget a carrier that no route and no price names. Raises AdminError."""
    for kind, shape in ((ROUTES, tuple[Route, ...]), (PRICES, tuple[Price, ...])):
        rows: tuple[Any, ...] = _table(stored, kind, shape)[1]
        if any(row.carrier == name for row in rows):
            raise AdminError(f"the {kind} name `{name}`; take it out of them first", 409)
    return plan_removal(CARRIER, name, stored)


def _unmasked(data: Mapping[str, Any], old: AccountRecord) -> dict[str, Any]:
    """Put secrets that are known back where MASK stands."""
    found = dict(data)
    for name in SECRETS:
        if isinstance(given := data.get(name), dict):
            known = getattr(old, name)
            found[name] = {key: known.get(key, "") if text == MASK else text for key, text in given.items()}
            missing = [key for key, text in found[name].items() if not text]
            if missing:
                raise ValidationError([((name, key), "give the secret") for key in missing])
    for name in ADDRESSES:
        if isinstance(given := data.get(name), dict):
            known = getattr(old, name)
            found[name] = {
                key: known[key] if key in known and masked_address(known[key]) == url else url
                for key, url in given.items()
            }
    return found


def _refuse_stale(stored: Stored, kind: str, key: str, based_on: int | None) -> None:
    """Refuse what was not based on the newest version; None stands for a record that is to be new, 0 for one
    that is older than the history.
    """
    known = (kind, key) in stored.records
    if known and based_on is None:
        raise AdminError(f"there is {kind} `{key}` already", 409)
    if not known and based_on is not None:
        raise AdminError(f"there is no {kind} `{key}`", 404)
    if known and stored.versions.get((kind, key), 0) != based_on:
        raise AdminError(CHANGED, 409)


def _is_rival(one: Price, other: Price) -> bool:
    """Tell whether two prices are of the same things."""
    return (one.carrier, one.country, one.content) == (other.carrier, other.country, other.content)
