"""The directory file that `aldis apply` takes, and the records it becomes in the store.

Read here and nowhere else; `accounts/plan.py` compares it with what the store holds. Keys and passwords are
plain in the file and kept as digests and argon2id strings only; what must be signed with is kept as it is.
docs/reference/directory.md describes every key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from ipaddress import ip_network
from typing import Literal

import msgspec

from aldis import toml_file
from aldis.accounts.account import AccountSettings
from aldis.accounts.carriers import Carrier
from aldis.accounts.consent import normal, phrases_of
from aldis.accounts.endpoint import address_fault, headers_fault
from aldis.accounts.history import MASK
from aldis.accounts.number_plans import NumberRange, country_fault, range_faults
from aldis.accounts.price import MICROS, MMS, MOST_MONEY, MOST_PRICE, Price, from_micros, to_micros
from aldis.accounts.routes import Route
from aldis.accounts.senders import Sender
from aldis.sms.address import is_digits, is_sender

_RANGE = re.compile(r"^(\d{7,15})(?:-(\d{7,15}))?$")
_CURRENCY = re.compile(r"^[A-Z]{3}$")
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_ARGON2ID = re.compile(r"\$argon2id\$[!-~]{20,500}\Z")
#: what a credential may consist of: a key; a login with its password; the digests of either
_PROOFS = ("key", "login", "password", "identity_digest", "password_hash")
_SHAPES = (
    (True, False, False, False, False),
    (False, True, True, False, False),
    (False, False, False, True, False),
    (False, False, False, True, True),
)
MAX_RANGE = 1_000_000
MAX_PREFIX = 15
#: messages or segments a second, and at once
MOST_RATE = 1_000_000


def unchanged(password: str) -> str:
    """Give a password as it is."""
    return password


class DialectTraits(msgspec.Struct, frozen=True):
    """What a directory must know of a dialect."""

    #: the ways in which it can write postbacks, the usual one first
    styles: tuple[str, ...] = ()
    #: how a password looks in its requests
    sent_password: Callable[[str], str] = unchanged
    #: its requests may be signed
    has_signatures: bool = False
    #: it has credentials that are a key, a login
    has_keys: bool = True
    has_logins: bool = False


class CredentialEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[[account.credential]]`: a key, alone or with the secret that requests are signed with; or a login
    with its password. A file that `aldis export` wrote has digests in their place.
    """

    dialect: str
    key: str = ""
    login: str = ""
    password: str = ""
    #: of a key, where the dialect lets requests be signed
    secret: str = ""
    #: the country of local numbers in this dialect
    country: str = ""
    #: when it stops being valid; None: never
    until: datetime | None = None
    #: in place of `key` and `login`: their SHA-256, in hex
    identity_digest: str = ""
    #: in place of `password`: an argon2id string
    password_hash: str = ""


class AccountEntry(AccountSettings, frozen=True, forbid_unknown_fields=True):
    """`[[account]]`."""

    #: all that was ever paid in; raising it adds the difference
    credit: str = "0.00"
    sender: tuple[Sender, ...] = ()
    credential: tuple[CredentialEntry, ...] = ()


class PriceEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[[price]]`."""

    #: of a text
    per_segment: str = ""
    #: of a multimedia message
    per_message: str = ""
    country: str = ""
    carrier: str = ""
    content: Literal["sms", "mms"] = "sms"

    @property
    def amount(self) -> str:
        """The price, whichever it is of."""
        return self.per_message if self.content == MMS else self.per_segment


def price_of(entry: PriceEntry) -> Price:
    """Give the price that an entry without faults says."""
    content = MMS if entry.content == MMS else ""
    return Price(to_micros(entry.amount), entry.country, entry.carrier, content)


def price_entry(price: Price) -> PriceEntry:
    """Write a price as an entry."""
    amount = from_micros(price.micros)
    if price.content == MMS:
        return PriceEntry(per_message=amount, country=price.country, carrier=price.carrier, content="mms")
    return PriceEntry(per_segment=amount, country=price.country, carrier=price.carrier)


class OptInEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[[opt_in]]`: numbers that agreed to hear from a keyword or campaign of a sender."""

    sender: str
    #: keyword or campaign
    topic: str
    #: international digits, one number or a range `from-to` each
    numbers: tuple[str, ...]


class DirectoryFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    account: tuple[AccountEntry, ...] = ()
    carrier: tuple[Carrier, ...] = ()
    route: tuple[Route, ...] = ()
    price: tuple[PriceEntry, ...] = ()
    number_range: tuple[NumberRange, ...] = ()
    opt_in: tuple[OptInEntry, ...] = ()


def read(text: str, file: str, dialects: Mapping[str, DialectTraits]) -> DirectoryFile:
    """Read a directory file. Raises SettingsError with a line for every fault in it."""
    data = toml_file.parse(text, file)
    source = toml_file.Source(text, file)
    return toml_file.convert(data, DirectoryFile, source, lambda found: _faults(found, dialects))


def opted_in_numbers(entry: OptInEntry) -> list[str]:
    """Spell out the ranges of an opt-in entry that `read` found in order."""
    numbers: list[str] = []
    for item in entry.numbers:
        first, _, last = item.partition("-")
        numbers += [str(number) for number in range(int(first), int(last or first) + 1)]
    return numbers


def _faults(found: DirectoryFile, dialects: Mapping[str, DialectTraits]) -> list[tuple[toml_file.Path, str]]:
    faults: list[tuple[toml_file.Path, str]] = []
    names: set[str] = set()
    for index, account in enumerate(found.account):
        path: toml_file.Path = ("account", index)
        if account.name in names:
            faults.append(((*path, "name"), f"account `{account.name}` stands in the file twice"))
        names.add(account.name)
        faults += account_faults(account, dialects, path)
    for index, price in enumerate(found.price):
        faults += price_faults(price, ("price", index))
    for index, carrier in enumerate(found.carrier):
        faults += carrier_faults(carrier, ("carrier", index))
    for index, route in enumerate(found.route):
        faults += route_faults(route, ("route", index))
    for index, added in enumerate(found.number_range):
        faults += number_range_faults(added, ("number_range", index))
    for index, entry in enumerate(found.opt_in):
        faults += [
            (("opt_in", index, "numbers"), fault)
            for number in entry.numbers
            if (fault := _range_fault(number))
        ]
    return faults


def price_faults(price: PriceEntry, path: toml_file.Path = ()) -> list[toml_file.Fault]:
    """Tell what is wrong with a price."""
    wanted, other = "per_segment", "per_message"
    if price.content == MMS:
        wanted, other = other, wanted
    faults = _money_faults(price.amount, (*path, wanted), MOST_PRICE) if price.amount else []
    if not price.amount:
        faults.append((path, f"a price for {price.content} needs `{wanted}`"))
    if getattr(price, other):
        faults.append(((*path, other), f"is not for {price.content}: give `{wanted}`"))
    return faults + _country_faults(price.country, (*path, "country"))


def carrier_faults(carrier: Carrier, path: toml_file.Path = ()) -> list[toml_file.Fault]:
    """Tell what is wrong with a carrier."""
    return [
        ((*path, "prefixes"), f"`{prefix}` is not the beginning of an international number")
        for prefix in carrier.prefixes
        if not (prefix.isascii() and prefix.isdigit() and len(prefix) <= MAX_PREFIX)
    ]


def route_faults(route: Route, path: toml_file.Path = ()) -> list[toml_file.Fault]:
    """Tell what is wrong with a route."""
    faults = _country_faults(route.country, (*path, "country"))
    if len(set(route.links)) != len(route.links):
        faults.append(((*path, "backups"), "names a link twice"))
    return faults


def number_range_faults(entry: NumberRange, path: toml_file.Path = ()) -> list[toml_file.Fault]:
    """Tell what is wrong with a range of numbers."""
    return [((*path, key), fault) for key, fault in range_faults(entry)]


def account_faults(
    account: AccountEntry, dialects: Mapping[str, DialectTraits], path: toml_file.Path = ()
) -> list[toml_file.Fault]:
    """Tell what is wrong with an account and its parts."""
    faults = _money_faults(account.credit, (*path, "credit"))
    for key in ("networks", "postback_networks"):
        for network in getattr(account, key):
            try:
                ip_network(network)
            except ValueError as fault:
                faults.append(((*path, key), str(fault)))
    named = {
        *account.postback,
        *account.alphanumeric_in,
        *account.failures_only,
        *account.inbound,
        *account.postback_style,
        *account.postback_secret,
        *account.postback_headers,
        *(entry.dialect for entry in account.credential),
    }
    faults += [
        (path, f"there is no dialect `{name}`; known: {', '.join(sorted(dialects))}")
        for name in sorted(named - dialects.keys())
    ]
    for name, style in account.postback_style.items():
        if name in dialects and style not in dialects[name].styles:
            known = ", ".join(dialects[name].styles) or "none"
            faults.append(((*path, "postback_style"), f"{name} knows no style `{style}`; known: {known}"))
    for key in ("rate_per_s", "segments_per_s"):
        rate = getattr(account, key)
        if rate is not None and not 0 < rate <= MOST_RATE:
            words = f"must be above 0 and {MOST_RATE:,} at most; leave it out for no limit"
            faults.append(((*path, key), words))
    if not _CURRENCY.match(account.currency):
        faults.append(((*path, "currency"), "must be three capital letters (ISO 4217)"))
    faults += [
        ((*path, key), f"must be 1 to {MOST_RATE:,}")
        for key in ("burst", "segment_burst")
        if not 1 <= getattr(account, key) <= MOST_RATE
    ]
    if not 1 <= account.max_segments <= 255:  # noqa: PLR2004 - 3GPP TS 23.040 §9.2.3.24.1
        faults.append(((*path, "max_segments"), "must be 1..255"))
    return faults + _own_faults(account, path) + _part_faults(account, path, dialects)


def _own_faults(account: AccountEntry, path: toml_file.Path) -> list[tuple[toml_file.Path, str]]:
    faults: list[tuple[toml_file.Path, str]] = []
    if not account.name.strip():
        faults.append(((*path, "name"), "must not be empty"))
    default = account.default_sender
    if is_digits(default) and all(sender.value != default for sender in account.sender):
        faults.append(((*path, "default_sender"), f"`{default}` is none of the account's senders"))
    for key in ("postback", "inbound"):
        for dialect, url in getattr(account, key).items():
            fault = "holds a masked secret" if f":{MASK}@" in url or f"={MASK}" in url else address_fault(url)
            if fault:
                faults.append(((*path, key), f"the address for {dialect} {fault}"))
    for dialect, text in account.postback_headers.items():
        if fault := headers_fault(text):
            faults.append(((*path, "postback_headers"), f"those for {dialect} {fault}"))
    return faults


def _part_faults(
    account: AccountEntry, path: toml_file.Path, dialects: Mapping[str, DialectTraits]
) -> list[tuple[toml_file.Path, str]]:
    faults: list[tuple[toml_file.Path, str]] = []
    for index, sender in enumerate(account.sender):
        if not is_sender(sender.value):
            faults.append(((*path, "sender", index), f"`{sender.value}` cannot be a sender"))
        words = sender.stop_words + sender.start_words + sender.help_words + sender.keywords
        faults += [
            ((*path, "sender", index), f"`{word}` has no letter or digit to recognise it by")
            for word in words + phrases_of(sender)
            if not normal(word)
        ]
    for index, entry in enumerate(account.credential):
        faults += credential_faults(entry, dialects, (*path, "credential", index))
    return faults


def credential_faults(
    entry: CredentialEntry, dialects: Mapping[str, DialectTraits], path: toml_file.Path = ()
) -> list[toml_file.Fault]:
    """Tell what is wrong with a credential of a dialect that is known."""
    fault = _credential_fault(entry, dialects.get(entry.dialect))
    return ([(path, fault)] if fault else []) + _country_faults(entry.country, (*path, "country"))


def _credential_fault(entry: CredentialEntry, traits: DialectTraits | None) -> str:
    is_key = bool(entry.key or (entry.identity_digest and not entry.password_hash))
    shape = tuple(bool(getattr(entry, name)) for name in _PROOFS)
    if shape not in _SHAPES:
        return "give either `key`, or `login` and `password`"
    if entry.identity_digest and not _DIGEST.match(entry.identity_digest):
        return "`identity_digest` is no SHA-256 in hex"
    if entry.password_hash and not _ARGON2ID.match(entry.password_hash):
        return "`password_hash` is no argon2id string"
    if traits is None:
        return ""
    if is_key and not traits.has_keys:
        return f"{entry.dialect} has no keys: give `login` and `password`"
    if not is_key and not traits.has_logins:
        return f"{entry.dialect} has no passwords: give `key`"
    if entry.secret and not (is_key and traits.has_signatures):
        return "`secret` is for a key of a dialect that signs requests (mavorion)"
    if entry.until is not None and entry.until.tzinfo is None:
        return "`until` needs a time zone: 2026-12-31T00:00:00Z"
    return ""


def _country_faults(country: str, path: toml_file.Path) -> list[tuple[toml_file.Path, str]]:
    fault = country_fault(country)
    return [(path, fault)] if fault else []


def _money_faults(
    amount: str, path: toml_file.Path, most: int = MOST_MONEY
) -> list[tuple[toml_file.Path, str]]:
    try:
        micros = to_micros(amount)
    except ValueError as fault:
        return [(path, str(fault))]
    if micros > most * MICROS:
        return [(path, f"must be {most:,} at most")]
    return [] if micros >= 0 else [(path, "must not be negative")]


def _range_fault(item: str) -> str | None:
    found = _RANGE.match(item)
    if not found:
        return f"`{item}` is no number or range of international digits"
    size = int(found[2] or found[1]) - int(found[1]) + 1
    if not 1 <= size <= MAX_RANGE:
        return f"`{item}` runs backwards or over {MAX_RANGE} numbers"
    return None
