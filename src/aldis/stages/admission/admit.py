"""The admission agent: authenticate, judge, build the messages, store them; the yes is given after the
commit.

Called by the doors, once a request. Knows no protocol and no dialect's words: of those it keeps to the Policy
that comes with the call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice

import msgspec

from aldis.accounts.account import Account
from aldis.accounts.credentials import Credential
from aldis.accounts.directory import CurrentDirectory
from aldis.accounts.routing import Router
from aldis.accounts.staff import AuditEntry
from aldis.clock import Clock
from aldis.dialects.contract import Check, Policy
from aldis.stages.admission import rules
from aldis.stages.admission.building import Deadlines, Moment, messages_of
from aldis.stages.admission.case import Case, ContentLimits, Findings, Unit, rate_of
from aldis.stages.admission.standing import Standings
from aldis.stages.admission.writing import writings_of
from aldis.stages.authenticate import Authenticator
from aldis.store.content_files import ContentFiles, digest_of
from aldis.store.contract.admission import Acceptance, AdmissionStore
from aldis.store.contract.consent import OptInKey
from aldis.traffic.content import KeptPart, as_column
from aldis.traffic.ids import IdBlocks
from aldis.traffic.message import NewMessage
from aldis.traffic.on_behalf import OnBehalf
from aldis.traffic.pacing import TokenBucket
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.submission import Admitted, AdmittedAsk, Submission

#: ids reserved at a time; a crash leaves at most this many unused
ID_BLOCK = 10_000
#: so many numbers and texts are read in a thread, because one takes tens of microseconds; and so many
#: messages are built at a time
MANY = 200
SLOW = frozenset((Check.RECIPIENTS, Check.CONTENT, Check.LENGTH, Check.ROUTE))


class ContentDesk(msgspec.Struct, frozen=True):
    """Where attachments are kept, and which."""

    files: ContentFiles
    limits: ContentLimits = ContentLimits()


class Admitter:
    """Says yes or no to submissions."""

    def __init__(  # noqa: PLR0913, PLR0917 - one argument a collaborator
        self,
        store: AdmissionStore,
        clock: Clock,
        current: CurrentDirectory,
        authenticator: Authenticator,
        router: Router,
        deadlines: Deadlines,
        content: ContentDesk,
        wake: Callable[[set[str]], None],
    ) -> None:
        """`wake`: is told which links got work; a hint."""
        self._store = store
        self._clock = clock
        self._current = current
        self._authenticator = authenticator
        self._router = router
        self._deadlines = deadlines
        #: by dialect
        self._plans: dict[str, rules.Plan] = {}
        self._standings = Standings()
        self._content = content
        self._ids = IdBlocks()
        self._refilling = asyncio.Lock()
        #: by account and unit
        self._buckets: dict[tuple[str, Unit], TokenBucket] = {}
        self._wake = wake
        #: set when the gateway stops: everything is refused as unavailable
        self.draining = False

    async def admit(self, policy: Policy, submission: Submission) -> Admitted | Refusal:
        """Judge a submission and store it. Raises StoreUnavailable when that failed and nothing is stored."""
        if self.draining:
            return Refusal(RefusalReason.UNAVAILABLE)
        directory = self._current.directory
        has_content = submission.has_attachments
        case = Case(
            policy,
            directory,
            submission,
            self._router,
            self._throttle,
            [Findings(ask) for ask in submission.asks],
            self._content.limits,
            has_content,
            submission.recipient_count,
        )
        is_large = _is_large(case)
        credential = self._authenticator.known(directory, submission.caller.presented)
        if credential is None or is_large:
            refusal = await self._judge_aside(case)
        else:
            refusal = self._judge(case, credential)
        if refusal is None and (policy.opt_in_required or case.account.enforce_campaign):
            refusal = await self._not_opted_in(case)
        if refusal is not None:
            return refusal
        if has_content:
            return await self._store_with_content(case)
        if is_large or self._ids.left < case.count:
            return await self._store_many(case)
        moment = Moment(self._clock.now(), submission.caller.nonce)
        return await self._accept(case, [self._made(case, found, moment) for found in case.findings], moment)

    # What answers at once is asked and made without a wait: each wait on the way would cost every message a
    # microsecond.

    def _judge(self, case: Case, credential: Credential) -> Refusal | None:
        """Ask all questions in the dialect's order, but for those whose answers are known."""
        plan = self._plan(case)
        refusal = rules.ask(plan.before_credentials, case)
        if refusal is not None:
            return refusal
        known = self._identify(case, credential)
        others = plan.after_credentials if known is None else known
        refusal = rules.ask(others, case)
        if refusal is None and known is None:
            self._standings.remember(case, others)
        return refusal

    async def _judge_aside(self, case: Case) -> Refusal | None:
        """Do the same with what is large, in threads, or where it is to be found out whose credentials these
        are.
        """
        plan = self._plan(case)
        refusal = await _ask_aside(plan.before_credentials, case)
        if refusal is not None:
            return refusal
        found = await self._authenticator.credential(case.directory, case.submission.caller.presented)
        if isinstance(found, Refusal):
            return found
        known = self._identify(case, found)
        others = plan.after_credentials if known is None else known
        refusal = await _ask_aside(others, case)
        if refusal is None and known is None:
            self._standings.remember(case, others)
        return refusal

    def _plan(self, case: Case) -> rules.Plan:
        plan = self._plans.get(case.policy.name)
        if plan is None:
            plan = self._plans[case.policy.name] = rules.plan(case.policy.checks)
        return plan

    def _identify(self, case: Case, credential: Credential) -> rules.Questions | None:
        """Note whose case it is; returns what is left to be asked where the rest is known."""
        case.credential = credential
        case.account = case.directory.accounts[credential.account]
        return self._standings.adopt(case)

    def _throttle(self, account: Account, unit: Unit, count: int) -> bool:
        rate, burst = rate_of(account, unit)
        if rate is None:
            return True
        now = self._clock.monotonic()
        bucket = self._buckets.get((account.name, unit))
        if bucket is None or (bucket.rate_per_s, bucket.burst) != (rate, burst):
            bucket = self._buckets[account.name, unit] = TokenBucket(rate, burst, now)
        return bucket.take(count, now)

    async def _not_opted_in(self, case: Case) -> Refusal | None:
        by_keyword, by_campaign = case.policy.opt_in_required, case.account.enforce_campaign
        needed: dict[OptInKey, tuple[RefusalReason, str]] = {}
        for found in case.findings:
            for given, recipient in zip(found.ask.recipients, found.recipients, strict=True):
                if by_keyword and found.keyword is not None:
                    key = OptInKey(found.sender, found.keyword, recipient.msisdn)
                    needed[key] = (RefusalReason.NOT_OPTED_IN, given)
                if by_campaign and found.ask.campaign is not None:
                    key = OptInKey(found.sender, found.ask.campaign, recipient.msisdn)
                    needed[key] = (RefusalReason.NOT_SUBSCRIBED, given)
        if not needed:
            return None
        present = await self._store.opted_in(list(needed))
        for key, (reason, given) in needed.items():
            if key not in present:
                return Refusal(reason, value=given)
        return None

    async def _store_with_content(self, case: Case) -> Admitted | Refusal:
        """Put attachments on disk, then store the messages that need them."""
        held: list[str] = []
        try:
            for found in case.findings:
                parts = []
                for attachment in found.ask.attachments:
                    if case.submission.dry_run:
                        digest = digest_of(attachment.octets)
                    else:
                        digest = await self._content.files.keep(attachment.octets)
                        held.append(digest)
                    parts.append(KeptPart(attachment.content_type, digest, len(attachment.octets)))
                found.parts = as_column(parts)
            return await self._store_many(case)
        finally:
            self._content.files.let_go(held)

    def _made(self, case: Case, found: Findings, moment: Moment) -> AdmittedAsk:
        ids = self._ids.take(len(found.recipients))
        messages = tuple(messages_of(case, found, ids, self._deadlines, moment))
        return AdmittedAsk(messages, writings_of(case, found) if case.submission.dry_run else ())

    async def _store_many(self, case: Case) -> Admitted | Refusal:
        """Make many messages bite by bite, and store them."""
        await self._refill(case.count)
        blocks = [self._ids.take(len(found.recipients)) for found in case.findings]
        moment = Moment(self._clock.now(), case.submission.caller.nonce)
        asks: list[AdmittedAsk] = []
        for found, ids in zip(case.findings, blocks, strict=True):
            messages = await _in_bites(messages_of(case, found, ids, self._deadlines, moment))
            asks.append(AdmittedAsk(messages, writings_of(case, found) if case.submission.dry_run else ()))
        return await self._accept(case, asks, moment)

    async def _accept(self, case: Case, asks: list[AdmittedAsk], moment: Moment) -> Admitted | Refusal:
        """Have the store judge and keep what was made."""
        account, messages = case.account, asks[0].messages
        if len(asks) > 1:
            messages = tuple(chain.from_iterable(ask.messages for ask in asks))
        entry = _entry(case, messages, moment.now)
        acceptance = Acceptance(account.account_id, account.prepaid, messages, entry)
        if case.submission.dry_run:
            refusal = await self._store.would_accept(acceptance)
        else:
            refusal = await self._store.accept(acceptance)
            if refusal is None:
                self._wake({message.link for message in messages})
        return refusal or Admitted(tuple(asks), account.currency)

    async def _refill(self, count: int) -> None:
        async with self._refilling:  # one block at a time, however many wait for it
            while self._ids.left < count:
                self._ids.add(await self._store.take_ids(max(ID_BLOCK, count)))


def _is_large(case: Case) -> bool:
    return case.has_content or case.count > MANY


async def _ask_aside(questions: rules.Questions, case: Case) -> Refusal | None:
    """Ask one after the other; of a large submission what takes long in a thread."""
    slow = SLOW if _is_large(case) else frozenset()
    for check, question in questions:
        refusal = await asyncio.to_thread(question, case) if check in slow else question(case)
        if refusal is not None:
            return refusal
    return None


async def _in_bites(made: Iterator[NewMessage]) -> tuple[NewMessage, ...]:
    """Have many messages made, and others their turn meanwhile."""
    messages: list[NewMessage] = []
    while bite := list(islice(made, MANY)):
        messages += bite
        await asyncio.sleep(0)
    return tuple(messages)


def _entry(case: Case, messages: Sequence[NewMessage], now: int) -> AuditEntry | None:
    """Say in the audit log what was accepted of one of ours."""
    presented = case.submission.caller.presented
    if not isinstance(presented, OnBehalf) or not presented.actor:
        return None
    detail = f"{len(messages)} for {presented.identity}"
    subject = str(messages[0].message_id)
    return AuditEntry(now, presented.actor, presented.via, "send message", subject, detail)
