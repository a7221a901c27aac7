"""Signing in at the console, and what is refused there and at the admin API: passwords are tried ever more
slowly, and what was wrong is in the audit log and in the log.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from contextlib import suppress
from typing import TypeVar

import structlog

from aldis.accounts.lock_out import PauseRules
from aldis.accounts.staff import TOKEN_PREFIX, Actor, AuditEntry, visible_part
from aldis.admin.operators import People, SignedIn, WrongPassword
from aldis.clock import Clock
from aldis.errors import AdminError, TemporaryError
from aldis.stages.shared_lock_out import SharedLockOut
from aldis.store.contract.operators import AuditStore
from aldis.store.contract.shared import SharedStore
from aldis.traffic.pacing import TokenBucket

log = structlog.get_logger()

Kept = TypeVar("Kept")

#: who did what somebody unknown did
NOBODY = "-"
#: entries of the audit log about each kind of what was refused: one a minute, and so many at once
NOTES_PER_S, NOTES_AT_ONCE = 1 / 60, 60
TOO_MANY_REQUESTS = 429
#: pairs of name and address that signed in, and entries that were written
MOST_KNOWN = 1000
SAME_AGAIN_S = 3600.0


class SignIns:
    """Looks at passwords and keys of operators."""

    def __init__(
        self, people: People, audit: AuditStore, clock: Clock, shared: SharedStore | None = None
    ) -> None:
        """`shared`: None where no other gateway can be."""
        self._people = people
        self._audit = audit
        self._clock = clock
        failures = None if shared is None else shared.failures
        self._lock_out = SharedLockOut("operator", PauseRules(), clock, failures)
        #: who signed in from where of late; the latest is the last
        self._known: OrderedDict[str, None] = OrderedDict()
        #: by what was refused, so that many of one kind hide none of another
        self._notes: dict[str, TokenBucket] = {}
        self._unwritten: Counter[str] = Counter()
        #: what was written down of late → when it may be again
        self._said: OrderedDict[str, float] = OrderedDict()

    async def sign_in(self, name: str, password: str, address: str) -> SignedIn:
        """Check a password and start a session; raises AdminError. What others guess for a name holds nobody
        up where that name signed in before.
        """
        pair = f"{name} from {address}"
        keys = (f"address {address}", pair if pair in self._known else f"name {name}")
        await self._begin(keys)
        signed_in = await self._people.sign_in(name, password, address, self._clock.now())
        if signed_in is None:
            # a name that is nobody's may be a password in the wrong field
            known = name if await self._people.is_known(name) else NOBODY
            await self._refused("sign in", NOBODY, "console", known, address, keys)
            raise AdminError("Name or password is wrong.", 401)
        await self._lock_out.succeeded(keys)
        _keep(self._known, pair, None)
        return signed_in

    async def change_password(self, actor: Actor, old: str, new: str, address: str) -> None:
        """Give oneself another password, which ends one's sessions; raises AdminError."""
        keys = (f"password of {actor.name}",)
        await self._begin(keys)
        try:
            await self._people.change_password(actor, old, new, self._clock.now())
        except WrongPassword:
            await self._refused("change password", actor.name, actor.via, actor.name, address, keys)
            raise
        except AdminError:  # the new one will not do, which is no guess
            await self._lock_out.succeeded(keys)
            raise
        await self._lock_out.succeeded(keys)

    async def bearer(self, token: str, address: str) -> Actor | None:
        """Tell who a key of the admin API stands for."""
        actor = await self._people.bearer(token, self._clock.now())
        if actor is None:
            shown = visible_part(token) if token.startswith(TOKEN_PREFIX) else NOBODY
            await self._refused("use api key", NOBODY, "api", shown, address)
        return actor

    async def refuse_page(self, actor: Actor, path: str, address: str) -> None:
        """Write down that somebody asked for what is above their role. `path`: with its placeholders."""
        await self._refused("use page", actor.name, actor.via, path, address)

    async def _begin(self, keys: tuple[str, ...]) -> None:
        """Count a try before it is looked at; raises AdminError."""
        wait_s = await self._lock_out.begin(keys)
        if wait_s:
            raise AdminError(f"Too many tries: wait {wait_s:.0f} seconds.", TOO_MANY_REQUESTS)

    def _is_news(self, what: str, said: str, now: float) -> bool:
        """Tell whether something is to be written down; a program with an old key says the same all day."""
        notes = self._notes.setdefault(what, TokenBucket(NOTES_PER_S, NOTES_AT_ONCE, now))
        if now < self._said.get(said, 0.0) or not notes.take(1, now):
            return False
        _keep(self._said, said, now + SAME_AGAIN_S)
        return True

    async def _refused(
        self, what: str, actor: str, via: str, subject: str, address: str, keys: tuple[str, ...] = ()
    ) -> None:
        """Write down that something was refused, unless the same or too much was of late; then how much."""
        now = self._clock.monotonic()
        wait_s = self._lock_out.wait_s(*keys)
        detail = f"from {address}" + (f"; locked out for {wait_s:.0f} s" if wait_s else "")
        if not self._is_news(what, f"{what} {actor} {subject} {detail}", now):
            self._unwritten[what] += 1
            return
        if unwritten := self._unwritten.pop(what, 0):
            detail += f"; {unwritten} more before are not written down"
        log.warning("an operator or a key was refused", action=what, subject=subject, detail=detail)
        with suppress(TemporaryError):  # the answer is no, whether that can be written down or not
            await self._audit.note(
                AuditEntry(self._clock.now(), actor, via, f"refused: {what}", subject, detail)
            )


def _keep(memory: OrderedDict[str, Kept], key: str, value: Kept) -> None:
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > MOST_KNOWN:
        memory.popitem(last=False)
