"""Remembers the last refused requests, so that an operator can tell a customer why.

Kept in memory until the next second and then in the store, a bounded number for each account and in all; what
comes faster displaces what came before of the same account. Nothing is done for a request that is accepted.
"""

from __future__ import annotations

from collections import deque

import structlog

from aldis.accounts.credentials import digest
from aldis.accounts.directory import CurrentDirectory
from aldis.accounts.history import SHORT
from aldis.clock import Clock
from aldis.stages.agent import Agent
from aldis.store.contract.refusals import KeptRefusals, RefusalStore
from aldis.traffic.caller import Presented
from aldis.traffic.refusal import OF_SIGNATURES, Refusal, RefusalReason
from aldis.traffic.refused import MOST_CHARACTERS, RefusedRequest, incident_of

log = structlog.get_logger()

PERIOD_S = 1.0
#: of all accounts: what waits for the next second, and what is kept
MOST_WAITING = 1_000
MOST_KEPT = 20_000
#: how often what is too old is looked for while nothing is refused
FORGET_S = 3600.0
DAY_MS = 86_400_000
#: reasons whose value is a credential
_OF_CREDENTIALS = frozenset(
    (RefusalReason.CREDENTIALS_MISSING, RefusalReason.CREDENTIALS_UNKNOWN, *OF_SIGNATURES)
)
#: parameters whose value is what somebody writes to somebody
_TEXTS = frozenset(("message", "text", "body", "payload", "udh", "tags", "tagvalues", "attachments"))


class RefusalRecorder(Agent):
    """Takes note of refused requests, and keeps them."""

    def __init__(
        self,
        store: RefusalStore,
        clock: Clock,
        current: CurrentDirectory,
        an_account: int,
        retention_days: int,
        *,
        is_logged: bool,
    ) -> None:
        """an_account: how many are kept of each; 0: none, and nothing is noted. is_logged: write a line of
        the log for each, too.
        """
        super().__init__("refusal recorder", PERIOD_S)
        self._store = store
        self._clock = clock
        self._current = current
        self._an_account = an_account
        self._retention_ms = retention_days * DAY_MS
        self._is_logged = is_logged
        #: by account
        self._noted: dict[str, deque[RefusedRequest]] = {}
        self._count = 0
        self._forget_at = 0.0

    def note(
        self,
        dialect: str,
        nonce: int,
        peer: str,
        request: str,
        presented: Presented | None,
        refusal: Refusal,
    ) -> None:
        """Remember that a request was refused. request: method and path; presented: None where no credential
        could be read.
        """
        found = RefusedRequest(
            at=self._clock.now(),
            incident=incident_of(nonce),
            dialect=dialect,
            account=self._account_of(presented),
            credential="" if presented is None else _named(presented),
            peer=_short(peer),
            request=_short(request.strip()),  # what is no HTTP may have no method
            reason=refusal.reason.value,
            parameter=_short(refusal.parameter),
            value=_short(_value(refusal, presented)),
        )
        if self._is_logged:
            log.info("a request was refused", **{n: getattr(found, n) for n in found.__struct_fields__[1:]})
        if self._an_account:
            self._add(found)

    @property
    def is_drained(self) -> bool:
        """Whether all that was noted was kept, or could not be."""
        return not self._count

    async def step(self) -> int:
        """Keep what waits; returns 0, so that a flood of refusals is one transaction a second."""
        if not self._count and self._clock.monotonic() < self._forget_at:
            return 0
        self._forget_at = self._clock.monotonic() + FORGET_S
        waiting, self._noted, self._count = self._noted, {}, 0
        found = sorted((each for of_one in waiting.values() for each in of_one), key=lambda each: each.at)
        since = self._clock.now() - self._retention_ms
        await self._store.keep(KeptRefusals(tuple(found), self._an_account, MOST_KEPT, since))
        return 0

    def _add(self, found: RefusedRequest) -> None:
        same = self._noted.setdefault(found.account, deque())
        too_many = same if len(same) >= self._an_account else None
        if too_many is None and self._count >= MOST_WAITING:
            too_many = max(self._noted.values(), key=len)
        if too_many is not None:
            too_many.popleft()
            self._count -= 1
        same.append(found)
        self._count += 1

    def _account_of(self, presented: Presented | None) -> str:
        if presented is None:
            return ""
        credential = self._current.directory.credential(presented.dialect, presented.identity)
        return "" if credential is None else credential.account


def _named(presented: Presented) -> str:
    """Name a credential without telling it, as `admin.credentials` names those that are known."""
    return f"{presented.dialect}-{digest(presented.identity)[:SHORT]}"


def _value(refusal: Refusal, presented: Presented | None) -> str:
    """Give the value that a refusal names, unless it is a text or has a secret in it."""
    value = refusal.value
    if refusal.reason in _OF_CREDENTIALS or refusal.parameter.lower() in _TEXTS:
        return ""
    if presented is not None and any(s and s in value for s in (presented.identity, presented.secret)):
        return ""
    return value


def _short(text: str) -> str:
    """Cut a text that a peer has sent, and make it one that can be written."""
    return text[:MOST_CHARACTERS].encode("utf-8", "replace").decode()
