"""Credentials of accounts: adding, taking back, renewing. A key that we make is told once and kept as a
digest; what was told is never shown again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from aldis.accounts.credentials import Credential, hash_password
from aldis.accounts.directory_file import CredentialEntry, credential_faults
from aldis.accounts.history import SHORT
from aldis.accounts.plan import Plan, Stored, credential_of, plan_record
from aldis.accounts.records import ACCOUNT, AccountRecord, Record
from aldis.accounts.staff import Actor
from aldis.admin.directory import DirectoryEditor
from aldis.admin.validation import ValidationError
from aldis.clock import as_datetime, read_instant
from aldis.dialects.registry import TRAITS
from aldis.errors import AdminError

SECRET_OCTETS = 32
MAX_GRACE_S = 90 * 86_400
HOUR_S = 3600


class Shown(msgspec.Struct, frozen=True):
    """A credential as people may see it."""

    #: names it among the account's
    id: str
    dialect: str
    #: "key", "login", or "signed key"
    kind: str
    country: str
    #: Unix milliseconds; 0: never
    until: int


class IssuedCredential(msgspec.Struct, frozen=True):
    """What is told once: whatever of this we made."""

    id: str
    key: str = ""
    secret: str = ""
    password: str = ""


class NewCredential(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A credential that somebody wants; what is empty is made."""

    dialect: str
    #: of a login; "" for a key
    login: str = ""
    key: str = ""
    password: str = ""
    #: the key's requests are signed
    signed: bool = False
    secret: str = ""
    country: str = ""
    #: ISO 8601 with its time zone; "" for never
    until: str = ""


class Credentials:
    """The ways in which accounts prove themselves."""

    def __init__(self, editor: DirectoryEditor, token: Callable[[int], str]) -> None:
        """`token`: draws a text of so many random octets."""
        self._editor = editor
        self._token = token

    async def add(self, actor: Actor, account: str, wish: NewCredential, now: int) -> IssuedCredential:
        """Add one, and tell once what we made of it. Raises AdminError."""
        entry = self._made(wish)
        faults = credential_faults(entry, TRAITS)
        if wish.dialect not in TRAITS:
            faults.append((("dialect",), f"known: {', '.join(sorted(TRAITS))}"))
        if faults:
            raise ValidationError(faults)
        credential = await asyncio.to_thread(credential_of, account, entry, (), TRAITS)

        def added(known: tuple[Credential, ...]) -> tuple[Credential, ...]:
            """Put it behind those that there are."""
            if credential_id(credential) in map(credential_id, known):
                raise AdminError("the account has this credential already", 409)
            return (*known, credential)

        await self._change(actor, account, added, now)
        return IssuedCredential(
            credential_id(credential),
            "" if wish.key else entry.key,
            "" if wish.secret else entry.secret,
            "" if wish.password else entry.password,
        )

    async def revoke(self, actor: Actor, account: str, credential: str, now: int) -> None:
        """Take one back at once. Raises AdminError."""

        def without(known: tuple[Credential, ...]) -> tuple[Credential, ...]:
            """Give the others."""
            _named(known, credential)
            return tuple(each for each in known if credential_id(each) != credential)

        await self._change(actor, account, without, now)

    async def rotate(
        self, actor: Actor, account: str, credential: str, grace_s: int, now: int
    ) -> IssuedCredential:
        """Make a new key beside an old one, which stays valid for a while; of a login, a new password that
        counts at once. Raises AdminError.
        """
        if not 0 <= grace_s <= MAX_GRACE_S:
            raise AdminError("the old key may stay valid for up to 90 days")
        view = await self._editor.account(account)
        old = _named(view.record.credentials, credential)
        fresh = self._key(account)
        if old.password_hash:
            sent = TRAITS[old.dialect].sent_password(fresh)
            hashed = await asyncio.to_thread(hash_password, sent)
            new = msgspec.structs.replace(old, password_hash=hashed)
            told = IssuedCredential(credential, password=fresh)
        else:
            secret = self._token(SECRET_OCTETS) if old.secret else ""
            entry = CredentialEntry(old.dialect, fresh, secret=secret, country=old.country)
            new = credential_of(account, entry, (), TRAITS)
            told = IssuedCredential(credential_id(new), fresh, secret)

        def rotated(known: tuple[Credential, ...]) -> tuple[Credential, ...]:
            """Put the new one behind, and end the old one after its grace."""
            present = _named(known, credential)
            rest = tuple(each for each in known if credential_id(each) != credential)
            if old.password_hash or not grace_s:
                return (*rest, new)
            until = now + grace_s * 1000
            if present.until:
                until = min(until, present.until)
            return (*rest, msgspec.structs.replace(present, until=until), new)

        await self._change(actor, account, rotated, now)
        return told

    async def _change(
        self,
        actor: Actor,
        account: str,
        change: Callable[[tuple[Credential, ...]], tuple[Credential, ...]],
        now: int,
    ) -> None:
        def planned(stored: Stored) -> Plan:
            """Change the credentials of the account as it is now."""
            body = stored.records.get((ACCOUNT, account))
            if body is None:
                raise AdminError(f"there is no account `{account}`", 404)
            record = msgspec.json.decode(body, type=AccountRecord)
            record = msgspec.structs.replace(record, credentials=change(record.credentials))
            return plan_record(Record(ACCOUNT, account, msgspec.json.encode(record)), stored)

        await self._editor.carry_out(actor, planned, now)

    def _made(self, wish: NewCredential) -> CredentialEntry:
        """Fill in what is to be made."""
        until = None
        if wish.until:
            try:
                until = as_datetime(read_instant(wish.until))
            except ValueError:
                raise ValidationError([(("until",), "is no instant such as 2026-12-31T00:00:00Z")]) from None
        secret = wish.secret or (self._token(SECRET_OCTETS) if wish.signed else "")
        if wish.login:
            password = wish.password or self._key("")
            return CredentialEntry(wish.dialect, wish.key, wish.login, password, secret, wish.country, until)
        key = wish.key or self._key("")
        return CredentialEntry(wish.dialect, key, "", wish.password, secret, wish.country, until)

    def _key(self, account: str) -> str:
        """Make what nobody can guess, with a beginning that tells people what it is."""
        prefix = "".join(c for c in account.lower() if c.isascii() and c.isalnum())[:12] or "aldis"
        return f"{prefix}_{self._token(SECRET_OCTETS)}"


def credential_id(credential: Credential) -> str:
    """Name a credential among an account's."""
    return f"{credential.dialect}-{credential.identity_digest[:SHORT]}"


def shown(credential: Credential) -> Shown:
    """Give what may be seen of a credential."""
    kind = "login" if credential.password_hash else "signed key" if credential.secret else "key"
    return Shown(credential_id(credential), credential.dialect, kind, credential.country, credential.until)


def _named(known: tuple[Credential, ...], credential: str) -> Credential:
    found = next((each for each in known if credential_id(each) == credential), None)
    if found is None:
        raise AdminError(f"the account has no credential `{credential}`", 404)
    return found
