"""Sending for an account: what its customers can do by the native dialect, an operator can do for them.

Called by the compose page, the admin API and, row by row, by previews of bulk jobs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from aldis.accounts.account import Account
from aldis.accounts.directory import CurrentDirectory
from aldis.accounts.staff import Actor
from aldis.dialects.accepted import Accepted, Estimate, accepted_of, estimate_of, replayed
from aldis.dialects.sending import Send, ask_of, fault_of
from aldis.errors import AdminError
from aldis.traffic.caller import Caller
from aldis.traffic.on_behalf import OnBehalf
from aldis.traffic.problem import PROBLEMS, words_of
from aldis.traffic.query import Answer, Query, StatusFound, StatusQuery
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.submission import Admitted, MessageAsk, Submission

#: what a reference made of an operator's key of idempotency begins with: never one of a customer's
OF_OPERATOR = "o-"

Admit = Callable[[Submission], Awaitable[Admitted | Refusal]]
Ask = Callable[[Query, Callable[[Answer], Accepted | None]], Awaitable[Accepted | Refusal | None]]


class Refused(AdminError):
    """What was to be sent is refused, for a reason that a customer might hear too."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(words_of(refusal), PROBLEMS[refusal.reason][0])
        self.refusal = refusal


class Sent(msgspec.Struct, frozen=True):
    """What was accepted, now or by the first of several requests with one key."""

    accepted: Accepted
    is_repetition: bool = False


class Sending:
    """Sends as an account, in the native dialect."""

    def __init__(self, dialect: str, admit: Admit, ask: Ask, current: CurrentDirectory) -> None:
        """`dialect`: under which messages are kept."""
        self._dialect = dialect
        self._admit = admit
        self._ask = ask
        self._current = current

    def account(self, name: str) -> Account:
        """Find an account; raises AdminError."""
        found = self._current.directory.accounts.get(name)
        if found is None:
            raise AdminError(f"there is no account `{name}`", 404)
        return found

    def accounts(self) -> list[str]:
        """Give the names of all accounts, in order."""
        return sorted(self._current.directory.accounts)

    async def send(
        self, actor: Actor, account: str, send: Send, key: str | None = None, fingerprint: str = ""
    ) -> Sent:
        """Have a message accepted; raises Refused. `key`: a repetition under it gets the first answer again,
        if its `fingerprint` is the same.
        """
        self.account(account)
        ask = _ask_of(send, key, fingerprint)
        caller = Caller(OnBehalf(self._dialect, account, actor=actor.name, via=actor.via))
        submission = Submission(caller, (ask,))
        if key is not None and (first := await self._first(submission, key)):
            return first
        verdict = await self._admit(submission)
        if isinstance(verdict, Admitted):
            return Sent(accepted_of(verdict.asks[0], verdict.currency))
        if verdict.reason is RefusalReason.DUPLICATE and key is not None:
            first = await self._first(submission, key)  # both came at once
            if first is not None:
                return first
        raise Refused(verdict)

    async def _first(self, submission: Submission, key: str) -> Sent | None:
        """Find what a key was used for before; raises Refused where that was something else."""

        def write(found: Answer) -> Accepted | None:
            return replayed(submission, found) if isinstance(found, StatusFound) else None

        accepted = await self._ask(StatusQuery(caller=submission.caller, reference=key), write)
        if isinstance(accepted, Refusal):
            return None
        if accepted is None:
            raise Refused(Refusal(RefusalReason.DUPLICATE, value=key))
        return Sent(accepted, is_repetition=True)

    async def estimate(self, account: str, send: Send) -> Estimate:
        """Say what a message would be and cost, and store nothing; raises Refused."""
        verdict = await self.judge(account, _ask_of(send, None, ""))
        if isinstance(verdict, Refusal):
            raise Refused(verdict)
        return estimate_of(verdict.asks[0], verdict.currency)

    async def judge(self, account: str, ask: MessageAsk) -> Admitted | Refusal:
        """Ask whether a message would be accepted; raises AdminError where there is no such account."""
        self.account(account)
        return await self._admit(Submission(Caller(OnBehalf(self._dialect, account)), (ask,), dry_run=True))


def _ask_of(send: Send, key: str | None, fingerprint: str) -> MessageAsk:
    fault = fault_of(send)
    if fault is not None:
        raise Refused(fault)
    return ask_of(send, key, fingerprint)
