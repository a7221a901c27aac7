"""Operators and keys of the admin API: adding, changing, removing, signing in.

Called by the console, the admin API and `aldis admin`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import msgspec

from aldis.accounts.credentials import digest, hash_password, is_password, nobodys_hash
from aldis.accounts.password_rules import LONGEST, fault_of
from aldis.accounts.staff import (
    TOKEN_PREFIX,
    Actor,
    ApiToken,
    AuditEntry,
    Operator,
    Role,
    Session,
    audit,
    visible_part,
)
from aldis.errors import AdminError
from aldis.store.contract.operators import (
    ChangePassword,
    ChangeRole,
    EndSession,
    OperatorChange,
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
#: passwords that are verified at once, so that guesses take no thread from others
VERIFYING = 1
#: of a session's digest: enough to name it
_ID_DIGITS = 16
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")


class WrongPassword(AdminError):
    """The password that was asked for is another one."""


class SignedIn(msgspec.Struct, frozen=True):
    """A new session."""

    #: the cookie's value, which is told once
    secret: str
    operator: Operator


class People:
    """Who may operate the house."""

    def __init__(self, store: OperatorStore, token: Callable[[int], str], host: str) -> None:
        """`token`: draws a text of so many random octets; host: this machine's name, which is no password."""
        self._store = store
        self._token = token
        self._host = host
        self._turns = asyncio.Semaphore(VERIFYING)

    async def put_operator(self, actor: Actor, name: str, role: Role, password: str, now: int) -> None:
        """Add somebody, or change role and password; raises AdminError."""
        _check_name(name)
        self._check_password(name, password)
        known = await self._named(name)
        hashed = await asyncio.to_thread(hash_password, password)
        action = "change operator" if known else "add operator"
        entry = audit(actor, now, action, name, role.name.lower() + await self._keys_ended(name, role))
        await self._change(PutOperator(Operator(name, role, hashed, now)), entry, name)

    async def change_role(self, actor: Actor, name: str, role: Role, now: int) -> None:
        """Give somebody another role, which ends their sessions; raises AdminError."""
        if await self._named(name) is None:
            raise AdminError(f"there is no operator `{name}`", 404)
        ended = await self._keys_ended(name, role)
        entry = audit(actor, now, "change operator", name, role.name.lower() + ended)
        await self._change(ChangeRole(name, role), entry, name)

    async def change_password(self, actor: Actor, old: str, new: str, now: int) -> None:
        """Give oneself another password, which ends one's sessions; raises AdminError."""
        if await self._named(actor.name) is None or actor.via != "console":
            raise AdminError("only somebody who signs in has a password", 403)
        if not await self.has_password(actor.name, old):
            raise WrongPassword("the password until now is another one")
        self._check_password(actor.name, new)
        hashed = await asyncio.to_thread(hash_password, new)
        entry = audit(actor, now, "change password", actor.name)
        await self._change(ChangePassword(actor.name, hashed), entry, actor.name)

    async def remove_operator(self, actor: Actor, name: str, now: int) -> None:
        """Let somebody in no more; raises AdminError."""
        ended = (await self._keys_ended(name)).removeprefix(", ")
        entry = audit(actor, now, "remove operator", name, ended)
        await self._change(RemoveOperator(name), entry, name)

    async def is_known(self, name: str) -> bool:
        """Tell whether somebody has that name."""
        return await self._named(name) is not None

    async def has_password(self, name: str, password: str) -> bool:
        """Tell whether that is somebody's password; as slow where there is no such operator."""
        known = await self._named(name)
        hashed = nobodys_hash() if known is None else known.password_hash
        async with self._turns:
            is_right = await asyncio.to_thread(is_password, password[:LONGEST], hashed)
        return is_right and known is not None and len(password) <= LONGEST

    async def sign_in(self, name: str, password: str, address: str, now: int) -> SignedIn | None:
        """Check a password and start a session; None when it is wrong. `address`: where it is typed."""
        is_right, known = await self.has_password(name, password), await self._named(name)
        if known is None or not is_right:
            return None
        secret = self._token(SECRET_OCTETS)
        session = Session(digest(secret), name, now, now + SESSION_S * 1000, address)
        entry = audit(Actor(name, known.role, "console"), now, "sign in", name, f"from {address}")
        await self._store.change(StartSession(session), entry)
        return SignedIn(secret, known)

    async def sign_out(self, actor: Actor, secret: str, now: int) -> None:
        """End a session."""
        entry = audit(actor, now, "sign out", actor.name)
        await self._store.change(EndSession(digest(secret)), entry)

    async def sessions(self, now: int, of: str = "") -> list[Session]:
        """Give the sessions that are valid: all, or somebody's."""
        return [each for each in await self._store.sessions(now) if not of or each.operator == of]

    async def end_session(self, actor: Actor, session_id: str, now: int, of: str = "") -> None:
        """End a session, named as by `session_id_of`; raises AdminError. `of`: only if it is theirs."""
        found = [each for each in await self.sessions(now, of) if session_id_of(each) == session_id]
        for session in found:
            entry = audit(
                actor, now, "end session", session.operator, f"{session_id}, from {session.address}"
            )
            await self._store.change(EndSession(session.digest), entry)
        if not found:
            raise AdminError(f"there is no session `{session_id}`", 404)

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
        tokens = {token.name: token for token in await self._store.tokens()}
        if name in tokens:
            raise AdminError(f"there is a key named `{name}` already")
        made_by = actor.name if actor.via == "console" else ""
        if actor.via == "api" and actor.name in tokens:  # a key's key ends with the first one's admin
            made_by = tokens[actor.name].made_by
        secret = TOKEN_PREFIX + self._token(SECRET_OCTETS)
        until = now + days * DAY_MS if days else 0
        token = ApiToken(name, digest(secret), visible_part(secret), role, now, until, made_by)
        entry = audit(actor, now, "add api key", name, role.name.lower())
        await self._store.change(PutToken(token), entry)
        return secret

    async def remove_token(self, actor: Actor, name: str, now: int) -> None:
        """Take a key back; raises AdminError."""
        if not await self._store.change(RemoveToken(name), audit(actor, now, "remove api key", name)):
            raise AdminError(f"there is no key `{name}`")

    async def _named(self, name: str) -> Operator | None:
        return next((each for each in await self._store.all() if each.name == name), None)

    async def _keys_ended(self, name: str, role: Role | None = None) -> str:
        """Say which keys end as somebody gets a role, None for none, for the audit log."""
        tokens = [] if role is Role.ADMIN else await self._store.tokens()
        names = [token.name for token in tokens if token.made_by == name]
        return f", with the keys {', '.join(names)}" if names else ""

    async def _change(self, change: OperatorChange, entry: AuditEntry, name: str) -> None:
        """Change somebody; raises AdminError where that changes nothing."""
        if await self._store.change(change, entry):
            return
        if await self._named(name) is None:
            raise AdminError(f"there is no operator `{name}`")
        raise AdminError(f"`{name}` is the only admin; make another one first")

    def _check_password(self, name: str, password: str) -> None:
        if fault := fault_of(password, (name, self._host)):
            raise AdminError(fault)


def session_id_of(session: Session) -> str:
    """Name a session; nothing can be done with that but to end it."""
    return session.digest[:_ID_DIGITS]


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise AdminError("a name is 1 to 40 small letters, digits, dots, dashes and underscores")
