"""The admission agent: authenticate, judge, build the messages, store them; the yes is given after the
commit.

Called by the doors, once a request. Knows no dialect's words: those are in the Dialect that comes with the
call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from aldis.accounts.account import Account
from aldis.accounts.directory import CurrentDirectory
from aldis.accounts.staff import AuditEntry
from aldis.clock import Clock
from aldis.dialects.contract import Check, Dialect, Reference
from aldis.dialects.exchange import HttpRequest
from aldis.stages.admission import rules
from aldis.stages.admission.case import Case, ContentLimits, Findings, Links, Unit, rate_of
from aldis.stages.admission.writing import writings_of
from aldis.stages.authenticate import Authenticator
from aldis.store.content_files import ContentFiles, digest_of
from aldis.store.contract import Store
from aldis.store.records import Acceptance, OptInKey
from aldis.traffic.content import MMS, KeptPart, as_column
from aldis.traffic.ids import IdBlocks
from aldis.traffic.message import NewMessage
from aldis.traffic.on_behalf import OnBehalf
from aldis.traffic.pacing import TokenBucket
from aldis.traffic.postback import Notify, lane_of
from aldis.traffic.refusal import Refusal, RefusalReason
from aldis.traffic.submission import Admitted, AdmittedAsk, MessageAsk, Submission

#: ids reserved at a time; a crash leaves at most this many unused
ID_BLOCK = 10_000
#: so many numbers and texts are read in a thread, because one takes tens of microseconds; and so many
#: messages are built at a time
MANY = 200
SLOW = frozenset((Check.RECIPIENTS, Check.CONTENT, Check.LENGTH, Check.ROUTE))


class Deadlines(msgspec.Struct, frozen=True):
    """What upkeep will hold messages to."""

    validity_s: int
    receipt_patience_s: int


class ContentDesk(msgspec.Struct, frozen=True):
    """Where attachments are kept, and which."""

    files: ContentFiles
    limits: ContentLimits = ContentLimits()


class Admitter:
    """Says yes or no to submissions."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        current: CurrentDirectory,
        authenticator: Authenticator,
        links: Links,
        deadlines: Deadlines,
        content: ContentDesk,
    ) -> None:
        self._store = store
        self._clock = clock
        self._current = current
        self._authenticator = authenticator
        self._links = links
        self._validity_ms = deadlines.validity_s * 1000
        self._review_ms = min(deadlines.validity_s, deadlines.receipt_patience_s) * 1000
        #: by dialect
        self._questions: dict[str, tuple[tuple[Check, rules.Question], ...]] = {}
        self._content = content
        self._ids = IdBlocks()
        self._refilling = asyncio.Lock()
        #: by account and unit
        self._buckets: dict[tuple[str, Unit], TokenBucket] = {}
        #: told which links got work; a hint, wired by app/
        self.on_accepted: Callable[[set[str]], None] = lambda _links: None
        #: set when the gateway stops: everything is refused as unavailable
        self.draining = False

    async def admit(
        self, dialect: Dialect, request: HttpRequest, submission: Submission
    ) -> Admitted | Refusal:
        """Judge a submission and store it. Raises StoreUnavailable when that failed and nothing is stored."""
        if self.draining:
            return Refusal(RefusalReason.UNAVAILABLE)
        directory = self._current.directory
        findings = [Findings(ask) for ask in submission.asks]
        has_content = submission.has_attachments
        case = Case(
            dialect,
            directory,
            submission,
            self._links,
            request.peer,
            self._throttle,
            findings,
            self._content.limits,
            has_content,
        )
        questions = self._questions.get(dialect.name)
        if questions is None:
            questions = self._questions[dialect.name] = rules.questions(dialect.policy.checks)
        is_large = submission.recipient_count > MANY or has_content
        for check, question in questions:
            if check is Check.CREDENTIALS:
                found = await self._authenticator.credential(directory, submission.presented)
                if isinstance(found, Refusal):
                    return found
                case.credential = found
            if is_large and check in SLOW:
                refusal = await asyncio.to_thread(question, case)
            else:
                refusal = question(case)
            if refusal is not None:
                return refusal
        if dialect.policy.opt_in_required or case.account.enforce_campaign:
            refusal = await self._not_opted_in(case)
            if refusal is not None:
                return refusal
        store = self._store_with_content if has_content else self._store_all
        return await store(case, request.nonce)

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
        by_keyword, by_campaign = case.dialect.policy.opt_in_required, case.account.enforce_campaign
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

    async def _store_with_content(self, case: Case, nonce: int) -> Admitted | Refusal:
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
            return await self._store_all(case, nonce)
        finally:
            self._content.files.let_go(held)

    async def _store_all(self, case: Case, nonce: int) -> Admitted | Refusal:
        count = case.submission.recipient_count
        while self._ids.left < count:
            async with self._refilling:  # one block at a time, however many wait for it
                if self._ids.left < count:
                    self._ids.add(await self._store.take_ids(max(ID_BLOCK, count)))
        blocks = [self._ids.take(len(found.recipients)) for found in case.findings]
        now = self._clock.now()
        messages: list[NewMessage] = []
        admitted: list[AdmittedAsk] = []
        for found, ids in zip(case.findings, blocks, strict=True):
            found.echo = msgspec.json.encode(found.ask.echo)
            built: list[NewMessage] = []
            for position in range(len(ids)):
                built.append(self._message(case, found, ids, position, nonce, now))
                if position % MANY == MANY - 1:
                    await asyncio.sleep(0)  # others may have their turn
            messages += built
            admitted.append(
                AdmittedAsk(
                    message_ids=tuple(ids),
                    reference=built[0].reference,
                    recipients=tuple(recipient.msisdn for recipient in found.recipients),
                    countries=tuple(recipient.country for recipient in found.recipients),
                    segments_each=tuple(message.segments for message in built),
                    price_micros=sum(message.price_micros * message.segments for message in built),
                    writings=writings_of(case, found) if case.submission.dry_run else (),
                )
            )
        entry = _entry(case, messages, now)
        acceptance = Acceptance(case.account.account_id, case.account.prepaid, tuple(messages), entry)
        if case.submission.dry_run:
            refusal = await self._store.would_accept(acceptance)
        else:
            refusal = await self._store.accept(acceptance)
        if refusal is not None:
            return refusal
        if not case.submission.dry_run:
            self.on_accepted({message.link for message in messages})
        return Admitted(tuple(admitted), case.account.currency)

    def _message(
        self, case: Case, found: Findings, ids: list[int], position: int, nonce: int, now: int
    ) -> NewMessage:
        ask, account, dialect = found.ask, case.account, case.dialect
        message_id, recipient = ids[position], found.recipients[position]
        link, price, fitted, backups = found.routes[position]
        url = ask.callback_url or account.postback_urls.get(dialect.name, "")
        due_at = max(now, ask.send_at)
        validity_ms = self._validity_ms if ask.validity_s is None else ask.validity_s * 1000
        return NewMessage(
            message_id=message_id,
            submission_id=ids[0],
            account_id=account.account_id,
            dialect=dialect.name,
            reference=dialect.reference(ask, Reference(message_id, ids[0], now, nonce)),
            # the first stands for all of its ask
            duplicate_scope="" if position else _duplicate_scope(case, found),
            link=link,
            priority=ask.priority,
            sender=found.sender,
            recipient=recipient.msisdn,
            country=recipient.country,
            coding=MMS if found.parts else fitted.coding,
            octets=fitted.encoded.octets,
            segments=fitted.segments,
            price_micros=price,
            notify=_notify(dialect, account, ask) if url else Notify.NOTHING,
            lane=lane_of(url),
            callback_url=ask.callback_url or "",
            echo=found.echo,
            accepted_at=now,
            due_at=due_at,
            expires_at=due_at + validity_ms,
            review_at=due_at + min(validity_ms, self._review_ms),
            label=ask.label,
            backups=msgspec.json.encode(backups).decode() if backups else "",
            parts=found.parts,
        )


def _duplicate_scope(case: Case, found: Findings) -> str:
    """Ids are unique per login, so the login's digest is the scope; or per account, in some dialects."""
    if not case.dialect.refuses_duplicates or case.credential is None or found.ask.client_reference is None:
        return ""
    return case.dialect.name if case.dialect.shares_references else case.credential.identity_digest[:16]


def _entry(case: Case, messages: list[NewMessage], now: int) -> AuditEntry | None:
    """Say in the audit log what was accepted of one of ours."""
    presented = case.submission.presented
    if not isinstance(presented, OnBehalf) or not presented.actor:
        return None
    detail = f"{len(messages)} for {presented.identity}"
    subject = str(messages[0].message_id)
    return AuditEntry(now, presented.actor, presented.via, "send message", subject, detail)


def _notify(dialect: Dialect, account: Account, ask: MessageAsk) -> Notify:
    wanted = dialect.notify(ask)
    if dialect.name in account.failures_only and wanted & Notify.ENDED:
        return Notify.FAILED
    return wanted
