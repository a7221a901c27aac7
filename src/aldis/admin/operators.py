"""Operators and keys of the admin API: adding, changing, removing, signing in.

Called by the console, the admin API and `aldis admin`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import msgspec

from aldis.accounts.credentials import digest, hash_password, is_password
from aldis.accounts.staff import (
    TOKEN_PREFIX,
    Actor,
    ApiToken,
    Operator,
    Role,
    Session,
    audit,
    visible_part,
)
from aldis.errors import AdminError
from aldis.store.contract.operators import (
    EndSession,
    OperatorStore,
    PutOperator,
    PutToken,
    RemoveOperator,
    RemoveToken,
    StartSession,
)

SESSION_S = 12 * 3600
SECRET_OCTETS = 32
DAY_MS = 86_400_000
#: of a key that ends
MAX_DAYS = 3650
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 1024
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
#: verified where there is no such operator, so that answers take as long
_NOBODYS = hash_password("nobody's")


class SignedIn(msgspec.Struct, frozen=True):
    """A new session."""

    #: the cookie's value, which is told once
    secret: str
    operator: Operator


class People:
    """Who may operate the house."""

    def __init__(self, store: OperatorStore, token: Callable[[int], str]) -> None:
        """`token`: draws a text of so many random octets."""
        self._store = store
        self._token = token

    async def put_operator(self, actor: Actor, name: str, role: Role, password: str, now: int) -> None:
        """Add somebody, or change role and password; raises AdminError."""
        _check_name(name)
        _check_password(password)
        known = {operator.name: operator for operator in await self._store.all()}
        if role is not Role.ADMIN:
            _keep_an_admin(known, name)
        hashed = await asyncio.to_thread(hash_password, password)
        entry = audit(
            actor, now, "change operator" if name in known else "add operator", name, role.name.lower()
        )
        await self._store.change(PutOperator(Operator(name, role, hashed, now)), entry)

    async def change_role(self, actor: Actor, name: str, role: Role, now: int) -> None:
        """Give somebody another role, which ends their sessions; raises AdminError."""
        known = {operator.name: operator for operator in await self._store.all()}
        if name not in known:
            raise AdminError(f"there is no operator `{name}`", 404)
        if role is not Role.ADMIN:
            _keep_an_admin(known, name)
        changed = msgspec.structs.replace(known[name], role=role)
        entry = audit(actor, now, "change operator", name, role.name.lower())
        await self._store.change(PutOperator(changed), entry)

    async def change_password(self, actor: Actor, old: str, new: str, now: int) -> None:
        """Give oneself another password, which ends one's sessions; raises AdminError."""
        known = next((each for each in await self._store.all() if each.name == actor.name), None)
        if known is None or actor.via != "console":
            raise AdminError("only somebody who signs in has a password", 403)
        if not await asyncio.to_thread(is_password, old[:LONGEST_PASSWORD], known.password_hash):
            raise AdminError("the password until now is another one")
        _check_password(new)
        hashed = await asyncio.to_thread(hash_password, new)
        entry = audit(actor, now, "change password", actor.name)
        await self._store.change(PutOperator(msgspec.structs.replace(known, password_hash=hashed)), entry)

    async def remove_operator(self, actor: Actor, name: str, now: int) -> None:
        """Let somebody in no more; raises AdminError."""
        known = {operator.name: operator for operator in await self._store.all()}
        _keep_an_admin(known, name)
        if not await self._store.change(RemoveOperator(name), audit(actor, now, "remove operator", name)):
            raise AdminError(f"there is no operator `{name}`")

    async def sign_in(self, name: str, password: str, now: int) -> SignedIn | None:
        """Check a password and start a session; None when it is wrong."""
        known = next((each for each in await self._store.all() if each.name == name), None)
        hashed = _NOBODYS if known is None else known.password_hash
        is_right = await asyncio.to_thread(is_password, password[:LONGEST_PASSWORD], hashed)
        if known is None or not is_right:
            return None
        secret = self._token(SECRET_OCTETS)
        session = Session(digest(secret), name, now, now + SESSION_S * 1000)
        entry = audit(Actor(name, known.role, "console"), now, "sign in", name)
        await self._store.change(StartSession(session), entry)
        return SignedIn(secret, known)

    async def sign_out(self, actor: Actor, secret: str, now: int) -> None:
        """End a session."""
        entry = audit(actor, now, "sign out", actor.name)
        await self._store.change(EndSession(digest(secret)), entry)

    async def signed_in(self, secret: str, now: int) -> Actor | None:
        """Tell who a cookie's value stands for."""
        operator = await self._store.signed_in(digest(secret), now)
        return None if operator is None else Actor(operator.name, operator.role, "console")

    async def bearer(self, token: str, now: int) -> Actor | None:
        """Tell who a key of the admin API stands for."""
        found = await self._store.token(digest(token), now)
        return None if found is None else Actor(found.name, found.role, "api")

    async def make_token(self, actor: Actor, name: str, role: Role, days: int, now: int) -> str:
        """Make a key and give it, once; raises AdminError. `days`: how long it is valid, 0: for good."""
        _check_name(name)
        if any(token.name == name for token in await self._store.tokens()):
            raise AdminError(f"there is a key named `{name}` already")
        secret = TOKEN_PREFIX + self._token(SECRET_OCTETS)
        token = ApiToken(
            name, digest(secret), visible_part(secret), role, now, now + days * DAY_MS if days else 0
        )
        entry = audit(actor, now, "add api key", name, role.name.lower())
        await self._store.change(PutToken(token), entry)
        return secret

    async def remove_token(self, actor: Actor, name: str, now: int) -> None:
        """Take a key back; raises AdminError."""
        if not await self._store.change(RemoveToken(name), audit(actor, now, "remove api key", name)):
            raise AdminError(f"there is no key `{name}`")


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise AdminError("a name is 1 to 40 small letters, digits, dots, dashes and underscores")


def _check_password(password: str) -> None:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise AdminError(f"a password has at least {SHORTEST_PASSWORD} characters")


def _keep_an_admin(known: dict[str, Operator], name: str) -> None:
    if [operator.name for operator in known.values() if operator.role is Role.ADMIN] == [name]:
        raise AdminError(f"`{name}` is the only admin; make another one first")
