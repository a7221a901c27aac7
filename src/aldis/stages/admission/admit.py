"""The admission agent: authenticate, judge, build the messages, store them; the yes is given after the
commit.

Called by the doors, once a request. Knows no protocol and no dialect's words: of those it keeps to the Policy
that comes with the call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import chain, islice

import msgspec

from aldis.accounts.credentials import Credential
from aldis.accounts.directory import CurrentDirectory
from aldis.accounts.routing import Router
from aldis.accounts.staff import AuditEntry
from aldis.clock import Clock
from aldis.dialects.contract import Check, Policy
from aldis.stages.admission import rules
from aldis.stages.admission.building import Deadlines, messages_of
from aldis.stages.admission.check_cache import CheckCache
from aldis.stages.admission.context import AdmissionContext, ContentLimits, ResolvedRequest
from aldis.stages.admission.cost import is_large, least_of
from aldis.stages.admission.writing import writings_of
from aldis.stages.aside import Aside
from aldis.stages.authenticate import Authenticator
from aldis.stages.rates import Rates
from aldis.stages.shared_ids import SharedIds
from aldis.store.contract.admission import Acceptance, AdmissionStore
from aldis.store.contract.consent import OptInKey
from aldis.store.contract.content import ContentStore, digest_of
from aldis.traffic.content import KeptPart, as_column
from aldis.traffic.message import NewMessage
from aldis.traffic.on_behalf import OnBehalf
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.submission import Admitted, AdmittedAsk, Submission, Writing

#: so many messages are built, and looked up, at a time
MANY = 64
#: what is asked of a large submission on the loop, where rates are counted
RATES = frozenset((Check.THROTTLE, Check.SEGMENT_RATE))
#: before these, all that goes before has been answered
ALONE = RATES | {Check.LENGTH}


#: asks questions one after the other
_Ask = Callable[[rules.Questions, AdmissionContext], Awaitable[Refusal | None]]


class AttachmentPolicy(msgspec.Struct, frozen=True):
    """Where attachments are kept, and which."""

    contents: ContentStore
    limits: ContentLimits = ContentLimits()


class Admitter:
    """Says yes or no to submissions."""

    def __init__(  # noqa: PLR0913, PLR0917 - one argument a collaborator
        self,
        store: AdmissionStore,
        clock: Clock,
        current: CurrentDirectory,
        authenticator: Authenticator,
        rates: Rates,
        aside: Aside,
        router: Router,
        deadlines: Deadlines,
        content: AttachmentPolicy,
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
        self._orders: dict[str, rules.CheckOrder] = {}
        self._checks = CheckCache()
        self._rates = rates
        self._aside = aside
        self._content = content
        #: for whoever else makes messages in this process
        self.ids = SharedIds(store)
        self._ids = self.ids.blocks
        self._wake = wake
        #: set when the gateway stops: everything is refused as unavailable
        self.draining = False
        #: set while the store has taken no writes for long: nothing is to wait for it
        self.is_store_stuck = False

    async def admit(self, policy: Policy, submission: Submission) -> Admitted | Refusal:
        """Judge a submission and store it. Raises StoreUnavailable when that failed and nothing is stored,
        and OutcomeUnknown when it may be.
        """
        if self.draining or self.is_store_stuck:
            return Refusal(RefusalReason.UNAVAILABLE)
        directory = self._current.directory
        has_content = submission.has_attachments
        context = AdmissionContext(
            policy,
            directory,
            submission,
            self._router,
            self._rates,
            [ResolvedRequest(ask) for ask in submission.asks],
            self._content.limits,
            has_content,
            submission.recipient_count,
        )
        large = is_large(submission)
        credential = self._authenticator.known(directory, submission.caller.presented)
        if credential is None or large:
            refusal = await self._judge_aside(context, self._ask_large if large else _ask)
        else:
            refusal = self._judge(context, credential)
        if refusal is not None and context.lacking is not None:
            refusal = await self._go_on(context, refusal)
        if refusal is None and (policy.opt_in_required or context.account.enforce_campaign):
            refusal = await self._not_opted_in(context)
        if refusal is not None:
            return refusal
        if has_content:
            return await self._store_with_content(context)
        if large or self._ids.left < context.count:
            return await self._store_many(context)
        now = self._clock.now()
        return await self._accept(
            context, [self._made(context, found, now) for found in context.requests], now
        )

    # What answers at once is asked and made without a wait: each wait on the way would cost every message a
    # microsecond.

    def _judge(self, context: AdmissionContext, credential: Credential) -> Refusal | None:
        """Ask all questions in the dialect's order, but for those whose answers are known."""
        order = self._orders.get(context.policy.name) or self._new_order(context.policy)
        refusal = rules.ask(order.before_credentials, context)
        if refusal is not None:
            return refusal
        known = self._identify(context, credential)
        others = order.after_credentials if known is None else known
        refusal = rules.ask(others, context)
        if refusal is None and known is None:
            self._checks.put(context, others)
        return refusal

    async def _judge_aside(self, context: AdmissionContext, ask: _Ask) -> Refusal | None:
        """Do the same with what is large, or where it is to be found out whose credentials these are."""
        order = self._orders.get(context.policy.name) or self._new_order(context.policy)
        refusal = await ask(order.before_credentials, context)
        if refusal is not None:
            return refusal
        found = await self._authenticator.credential(
            context.directory, context.policy, context.submission.caller
        )
        if isinstance(found, Refusal):
            return found
        known = self._identify(context, found)
        others = order.after_credentials if known is None else known
        refusal = await ask(others, context)
        if refusal is None and known is None:
            self._checks.put(context, others)
        return refusal

    async def _ask_large(self, questions: rules.Questions, context: AdmissionContext) -> Refusal | None:
        """Ask one after the other, what takes long in the thread; its texts only of an account that has room
        and money for the least that they can be.
        """
        together: list[tuple[Check, rules.Question]] = []
        for check, question in questions:
            if check in ALONE:
                refusal = await self._ask_aside(together, context)
                together.clear()
                if refusal is None:
                    is_text = check is Check.LENGTH
                    refusal = await self._cannot_afford(context) if is_text else question(context)
                if refusal is not None and not await self._have_borrowed(context):
                    return refusal
            if check not in RATES:
                together.append((check, question))
        return await self._ask_aside(together, context)

    async def _have_borrowed(self, context: AdmissionContext) -> bool:
        """Take what an account's rate lacks here, if other gateways have not used it."""
        lacking, context.lacking = context.lacking, None
        return lacking is not None and await self._rates.borrow(context.account, lacking.unit, lacking.wanted)

    async def _go_on(self, context: AdmissionContext, refusal: Refusal | None) -> Refusal | None:
        """Ask on from where an account's rate lacked something, if that can be had."""
        while refusal is not None and (lacking := context.lacking) is not None:
            if not await self._have_borrowed(context):
                return refusal
            order = self._orders[context.policy.name]
            questions = self._checks.apply(context) or order.after_credentials
            asked = [check for check, _ in questions].index(lacking.check) + 1
            refusal = rules.ask(questions[asked:], context)
        return refusal

    async def _ask_aside(
        self, questions: list[tuple[Check, rules.Question]], context: AdmissionContext
    ) -> Refusal | None:
        if not questions:
            return None
        # as long as it is not known who asks, an address
        whose = context.account.name or context.submission.caller.peer
        if self._aside.is_taken(whose):
            return Refusal(RefusalReason.THROTTLED, value="1")
        return await self._aside.run(whose, rules.ask, tuple(questions), context)

    async def _cannot_afford(self, context: AdmissionContext) -> Refusal | None:
        account = context.account
        if context.has_content or not (account.prepaid or account.segments_per_s):
            return None
        segments, price = await self._aside.run(account.name, least_of, context)
        refusal = rules.segment_room(context, segments)
        if refusal is None and account.prepaid and price > await self._store.available(account.account_id):
            refusal = Refusal(RefusalReason.CREDIT_INSUFFICIENT)
        return refusal

    def _new_order(self, policy: Policy) -> rules.CheckOrder:
        order = self._orders[policy.name] = rules.order_of(policy.checks)
        return order

    def _identify(self, context: AdmissionContext, credential: Credential) -> rules.Questions | None:
        """Note who asks; returns what is left to be asked where the rest is cached."""
        context.credential = credential
        context.account = context.directory.accounts[credential.account]
        return self._checks.apply(context)

    async def _not_opted_in(self, context: AdmissionContext) -> Refusal | None:
        by_keyword, by_campaign = context.policy.opt_in_required, context.account.enforce_campaign
        needed: dict[OptInKey, tuple[RefusalReason, str]] = {}
        for found in context.requests:
            for given, recipient in zip(found.ask.recipients, found.recipients, strict=True):
                if by_keyword and found.keyword is not None:
                    key = OptInKey(found.sender, found.keyword, recipient.msisdn)
                    needed[key] = (RefusalReason.NOT_OPTED_IN, given)
                if by_campaign and found.ask.campaign is not None:
                    key = OptInKey(found.sender, found.ask.campaign, recipient.msisdn)
                    needed[key] = (RefusalReason.NOT_SUBSCRIBED, given)
        if not needed:
            return None
        keys = iter(needed)
        while batch := list(islice(keys, MANY)):
            present = await self._store.opted_in(batch)
            for key in batch:
                if key not in present:
                    reason, given = needed[key]
                    return Refusal(reason, value=given)
        return None

    async def _store_with_content(self, context: AdmissionContext) -> Admitted | Refusal:
        """Put attachments on disk, then store the messages that need them."""
        held: list[str] = []
        try:
            for found in context.requests:
                parts = []
                for attachment in found.ask.attachments:
                    if context.submission.dry_run:
                        digest = digest_of(attachment.octets)
                    else:
                        digest = await self._content.contents.keep(attachment.octets)
                        held.append(digest)
                    parts.append(KeptPart(attachment.content_type, digest, len(attachment.octets)))
                found.parts = as_column(parts)
            return await self._store_many(context)
        finally:
            self._content.contents.release(held)

    def _made(self, context: AdmissionContext, found: ResolvedRequest, now: int) -> AdmittedAsk:
        ids = self._ids.take(len(found.recipients))
        messages = tuple(messages_of(context, found, ids, self._deadlines, now))
        return AdmittedAsk(messages, writings_of(context, found) if context.submission.dry_run else ())

    async def _store_many(self, context: AdmissionContext) -> Admitted | Refusal:
        """Make many messages batch by batch, and store them."""
        await self.ids.refill(context.count)
        blocks = [self._ids.take(len(found.recipients)) for found in context.requests]
        now = self._clock.now()
        made: list[tuple[NewMessage, ...]] = []
        for number, (found, ids) in enumerate(zip(context.requests, blocks, strict=True), start=1):
            made.append(await _in_batches(messages_of(context, found, ids, self._deadlines, now)))
            if number % MANY == 0:
                await asyncio.sleep(0)
        asks = list(map(AdmittedAsk, made, await self._writings(context)))
        return await self._accept(context, asks, now)

    async def _writings(self, context: AdmissionContext) -> list[tuple[Writing, ...]]:
        if not context.submission.dry_run:
            return [()] * len(context.requests)
        return await self._aside.run(
            context.account.name, lambda: [writings_of(context, found) for found in context.requests]
        )

    async def _accept(
        self, context: AdmissionContext, asks: list[AdmittedAsk], now: int
    ) -> Admitted | Refusal:
        """Have the store judge and keep what was made."""
        account, messages = context.account, asks[0].messages
        if len(asks) > 1:
            messages = tuple(chain.from_iterable(ask.messages for ask in asks))
        entry = _entry(context, messages, now)
        acceptance = Acceptance(account.account_id, account.prepaid, messages, entry)
        if context.submission.dry_run:
            refusal = await self._store.would_accept(acceptance)
        else:
            refusal = await self._store.accept(acceptance)
            if refusal is None:
                self._wake({message.link for message in messages})
        return refusal or Admitted(tuple(asks), account.currency)


async def _ask(questions: rules.Questions, context: AdmissionContext) -> Refusal | None:
    return rules.ask(questions, context)


async def _in_batches(made: Iterator[NewMessage]) -> tuple[NewMessage, ...]:
    """Have many messages made, and others their turn meanwhile."""
    messages: list[NewMessage] = []
    while batch := list(islice(made, MANY)):
        messages += batch
        if len(batch) == MANY:
            await asyncio.sleep(0)
    return tuple(messages)


def _entry(context: AdmissionContext, messages: Sequence[NewMessage], now: int) -> AuditEntry | None:
    """Say in the audit log what was accepted of one of ours."""
    presented = context.submission.caller.presented
    if not isinstance(presented, OnBehalf) or not presented.actor:
        return None
    detail = f"{len(messages)} for {presented.identity}"
    subject = str(messages[0].message_id)
    return AuditEntry(now, presented.actor, presented.via, "send message", subject, detail)
