"""The queries agent: finds out who asks, whether they may, and what the store and the directory say.

Called by the doors, once a request. Knows no protocol and no dialect's words. What a query changes (a
cancellation, a subscription) is answered after its commit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from aldis.accounts.account import Account, may_connect_from
from aldis.accounts.credentials import Credential
from aldis.accounts.directory import CurrentDirectory, Directory
from aldis.accounts.number_plans import countries
from aldis.accounts.numbering import Recipient, read_number
from aldis.addresses import source_address
from aldis.clock import Clock, as_datetime
from aldis.dialects.contract import Policy
from aldis.stages.aside import Aside, Turns, free_gradually
from aldis.stages.authenticate import Authenticator
from aldis.stages.rates import Rates, Unit
from aldis.store.contract.consent import ConsentStore, OptInKey
from aldis.store.contract.queries import FEW, QueryStore
from aldis.traffic.consent import ConsentChange, ConsentKind, ConsentSource
from aldis.traffic.message import MessageStatus
from aldis.traffic.on_behalf import OnBehalf
from aldis.traffic.query import (
    Answer,
    BalanceFound,
    BalanceQuery,
    Cancellation,
    Cancelled,
    CarrierFound,
    CarrierLookup,
    CarrierLookups,
    CarriersFound,
    InboundFound,
    InboundQuery,
    PriceQuery,
    PricesFound,
    Query,
    StatusFound,
    StatusQuery,
    Subscribed,
    Subscription,
    UsageFound,
    UsageQuery,
)
from aldis.traffic.refusal import Refusal, RefusalReason

Written = TypeVar("Written")

#: how long an account waits after a long answer until it gets another, in times of what that took
RESTS = 1.0


class Responder:
    """Answers questions."""

    def __init__(  # noqa: PLR0913, PLR0917 - one argument a collaborator
        self,
        queries: QueryStore,
        consent: ConsentStore,
        clock: Clock,
        current: CurrentDirectory,
        authenticator: Authenticator,
        rates: Rates,
        aside: Aside,
        most_labels: int,
    ) -> None:
        """`most_labels`: of one account, that are told one by one."""
        self._queries = queries
        self._consent = consent
        self._clock = clock
        self._current = current
        self._authenticator = authenticator
        self._rates = rates
        self._aside = aside
        self._most_labels = most_labels
        #: whoever asks for much waits for itself
        self._turns = Turns(RESTS)

    async def answer(
        self,
        policy: Policy,
        query: Query,
        write: Callable[[Answer], Written],
        *,
        is_repetition: bool = False,
    ) -> Written | Refusal:
        """Answer a question. Raises StoreUnavailable when a change failed and nothing has changed, and
        OutcomeUnknown when it may have. `write`: puts the answer in words, in a thread where that takes long,
        and keeps nothing of it. `is_repetition`: a request that was taken is only answered again, which uses
        no rate.
        """
        caller, directory = query.caller, self._current.directory
        if isinstance(query, PriceQuery) and not caller.presented.identity:
            return write(self._prices({account.currency for account in directory.accounts.values()}))
        found = await self._authenticator.credential(directory, policy, caller)
        if isinstance(found, Refusal):
            return found
        account = directory.accounts[found.account]
        if account.account_id in directory.closed:
            return Refusal(RefusalReason.UNAVAILABLE)
        refusal = await self._judge(account, query, is_repetition=is_repetition)
        if refusal is not None:
            return refusal
        if isinstance(query, StatusQuery):
            return await self._status(policy, account, query, write)
        answer = await self._look(policy, found, account, query)
        return answer if isinstance(answer, Refusal) else write(answer)

    async def _judge(self, account: Account, query: Query, *, is_repetition: bool) -> Refusal | None:
        peer, is_ours = query.caller.peer, isinstance(query.caller.presented, OnBehalf)
        if not is_ours and not may_connect_from(account, source_address(peer)):
            return Refusal(RefusalReason.ADDRESS_NOT_ALLOWED, value=peer)
        if not account.active:
            return Refusal(RefusalReason.ACCOUNT_INACTIVE, value=account.name)
        if query.fault is not None or is_ours or is_repetition:
            return query.fault
        if account.rate_per_s is None:
            return None
        count = _cost_of(query)
        if self._rates.take(account, Unit.MESSAGES, count) or (
            self._rates.may_borrow(account, Unit.MESSAGES, count)
            and await self._rates.borrow(account, Unit.MESSAGES, count)
        ):
            return None
        return Refusal(RefusalReason.THROTTLED, value=f"{1 / account.rate_per_s:g}")

    async def _look(
        self, policy: Policy, credential: Credential, account: Account, query: Query
    ) -> Answer | Refusal:
        match query:
            case CarrierLookup():
                return self._look_up(policy, credential, account, query)
            case CarrierLookups():
                return await self._aside.run(
                    account.name, self._look_all_up, policy, credential, account, query
                )
            case Subscription():
                return await self._subscribe(policy, credential, account, query)
            case BalanceQuery():
                balance = await self._queries.balance(account.account_id)
                return BalanceFound(account.account_id, balance.available, account.currency)
            case Cancellation(reference=reference):
                count = await self._queries.cancel(
                    account.account_id, policy.name, reference, self._clock.now()
                )
                if count is None:
                    return _unknown(reference)
                return Cancelled() if count else Refusal(RefusalReason.TOO_LATE, value=reference)
            case PriceQuery():
                return self._prices({account.currency})
            case UsageQuery(since=since, until=until, label=label):
                async with self._turns.of(account.name):
                    rows = await self._queries.usage(
                        account.account_id, since, until, label, self._most_labels
                    )
                return UsageFound(account.currency, tuple(rows))
            case InboundQuery(since=since, until=until, page=page, per_page=per_page):
                place = ((page - 1) * per_page, per_page)
                async with self._turns.of(account.name):
                    found, in_all = await self._queries.inbound(account.account_id, since, until, place)
                return InboundFound(tuple(found), in_all)
            case _:
                raise TypeError(type(query).__name__)

    async def _status(
        self, policy: Policy, account: Account, query: StatusQuery, write: Callable[[Answer], Written]
    ) -> Written | Refusal:
        """Tell of a few messages at once; of more when it is the account's turn, so that no account has two
        of them in memory.
        """
        reference, wanted = query.reference, query.most + 1
        asked = (account.account_id, policy.name, reference, query.after)
        found = await self._queries.submission(*asked, min(wanted, FEW))
        if not found:
            return _unknown(reference)
        if len(found) < FEW or wanted <= FEW:
            return write(_standing(found, account, query))
        if self._turns.are_taken(account.name):
            return Refusal(RefusalReason.THROTTLED, value="1")
        async with self._turns.of(account.name):
            found = await self._queries.submission(*asked, wanted)
            try:
                return await self._aside.run(account.name, write, _standing(found, account, query))
            finally:
                free_gradually(found)

    def _prices(self, currencies: set[str]) -> PricesFound:
        price_of = self._current.directory.price_micros
        prices = [(country, price_of("", country)) for country in countries()]
        return PricesFound(
            tuple([(country, price) for country, price in prices if price is not None]),
            tuple(sorted(currencies)),
            as_datetime(self._clock.now()).date().isoformat(),
        )

    def _look_up(
        self, policy: Policy, credential: Credential, account: Account, query: CarrierLookup
    ) -> Answer | Refusal:
        directory = self._current.directory
        if not account.may_look_up:
            return Refusal(RefusalReason.LOOKUP_NOT_PERMITTED)
        number = _number(directory, policy, credential, query.number)
        if isinstance(number, Refusal):
            return number
        code = directory.carrier_code(policy.name, directory.carrier_of(number.msisdn))
        if code is None:
            return Refusal(RefusalReason.CARRIER_UNKNOWN, value=query.number)
        return CarrierFound(code)

    def _look_all_up(
        self, policy: Policy, credential: Credential, account: Account, query: CarrierLookups
    ) -> Answer | Refusal:
        directory = self._current.directory
        if not account.may_look_up:
            return Refusal(RefusalReason.LOOKUP_NOT_PERMITTED)
        carriers: dict[str, str] = {}
        for given in query.numbers:
            number = read_number(given, policy.numbering, credential.country, directory.number_ranges)
            if number is not None:
                carrier = directory.carrier_of(number.msisdn)
                carriers[number.msisdn] = directory.carrier_code(policy.name, carrier) or carrier
        return CarriersFound(carriers, account.currency)

    async def _subscribe(
        self, policy: Policy, credential: Credential, account: Account, query: Subscription
    ) -> Answer | Refusal:
        if not account.may_send:
            return Refusal(RefusalReason.SENDING_NOT_PERMITTED)
        number = _number(self._current.directory, policy, credential, query.number)
        if isinstance(number, Refusal):
            return number
        senders = account.senders_of_campaign(query.campaign)
        if not senders:
            return Refusal(RefusalReason.CAMPAIGN_UNKNOWN, value=query.campaign)
        kind = ConsentKind.OPT_IN if query.wanted else ConsentKind.OPT_OUT
        now, campaign = self._clock.now(), query.campaign
        await self._consent.change(
            [
                ConsentChange(sender, campaign, number.msisdn, kind, ConsentSource.API, "", now)
                for sender in senders
            ]
        )
        keys = [OptInKey(sender, campaign, number.msisdn) for sender in senders]
        if query.wanted and not await self._consent.opted_in(keys):
            return Refusal(RefusalReason.OPTED_OUT, value=query.number)  # by the person, who alone ends that
        return Subscribed()


def _cost_of(query: Query) -> int:
    """Tell as how many messages a question counts."""
    return max(1, len(query.numbers)) if isinstance(query, CarrierLookups) else 1


def _number(directory: Directory, policy: Policy, credential: Credential, given: str) -> Recipient | Refusal:
    if not given:
        return Refusal(RefusalReason.RECIPIENT_MISSING)
    number = read_number(given, policy.numbering, credential.country, directory.number_ranges)
    return Refusal(RefusalReason.RECIPIENT_INVALID, value=given) if number is None else number


def _standing(found: list[MessageStatus], account: Account, query: StatusQuery) -> StatusFound:
    return StatusFound(tuple(found[: query.most]), account.currency, goes_on=len(found) > query.most)


def _unknown(reference: str) -> Refusal:
    return Refusal(RefusalReason.MESSAGE_UNKNOWN, value=reference)
