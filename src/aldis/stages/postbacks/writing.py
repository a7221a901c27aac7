"""Says what tells a customer of something, where that goes, and how far a try may go."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

import structlog
from msgspec import structs

from aldis.accounts.account import Account
from aldis.accounts.directory import CurrentDirectory
from aldis.dialects.contract import Policy
from aldis.dialects.signing import furnished
from aldis.stages.postbacks.channel import Answer, Limits
from aldis.traffic.content import Attachment, from_column
from aldis.traffic.inbound import DueInbound
from aldis.traffic.postback import DuePostback, PostbackRequest, Webhook

log = structlog.get_logger()

#: a postback about a message to a handset, or from one
Due = DuePostback | DueInbound

#: what to send, or why nothing can be sent
Written = tuple[PostbackRequest, Limits] | Answer

_ACCOUNT_GONE = Answer(None, "the account is gone")
_HAS_ENDED = "not posted: the endpoint has ended this webhook"
_NO_ADDRESS = Answer(None, "the account has no postback address any more")


class Writing:
    """Writes the requests of postbacks as the directory says now."""

    def __init__(
        self,
        policies: Mapping[str, Policy],
        current: CurrentDirectory,
        read_content: Callable[[str], Awaitable[bytes | None]],
    ) -> None:
        """`read_content`: gives the octets of a digest, None where they are lost."""
        self._policies = policies
        self._current = current
        self._read_content = read_content

    def policy_of(self, due: Due) -> Policy:
        """Give the policy of a postback's dialect. Raises KeyError for one that is gone."""
        return self._policies[(due.message if isinstance(due, DuePostback) else due.inbound).dialect]

    def webhook_of(self, due: Due) -> Webhook | None:
        """Tell whose a postback is and where it goes; None: nowhere."""
        if isinstance(due, DuePostback):
            account = self._account(due.message.account_id)
            endpoint = account and account.endpoint(due.message.dialect, due.message.callback_url)
        else:
            account = self._account(due.inbound.account_id)
            endpoint = account and account.inbound_endpoint(next(iter(account.inbound), due.inbound.dialect))
        return Webhook(account.account_id, endpoint.url) if account and endpoint else None

    def write(self, dues: Sequence[DuePostback], now: int, ended: Collection[Webhook] = ()) -> Written:
        """Write one request about messages to handsets, all of one customer. `ended`: where nothing is posted
        any more.
        """
        message = dues[0].message
        account = self._account(message.account_id)
        if account is None:
            return _ACCOUNT_GONE
        policy = self._policies[message.dialect]
        endpoint = account.endpoint(policy.name, message.callback_url)
        if endpoint is None:
            return _NO_ADDRESS
        if ended and policy.schedule.ends and Webhook(account.account_id, endpoint.url) in ended:
            return Answer(min(policy.schedule.ends), _HAS_ENDED)
        request = policy.postback(dues, endpoint, now)
        if endpoint.headers or endpoint.secret:
            request = furnished(request, endpoint, _identity(dues[0]), now, signed=policy.signs)
        return request, _limits(policy, account, dues[0])

    async def write_inbound(self, due: DueInbound, now: int, ended: Collection[Webhook] = ()) -> Written:
        """Write one request about a message from a handset: to where the account hears of those now, which
        may be in another dialect than it was.
        """
        account = self._account(due.inbound.account_id)
        if account is None:
            return _ACCOUNT_GONE
        name = next(iter(account.inbound), due.inbound.dialect)
        policy, endpoint = self._policies[name], account.inbound_endpoint(name)
        if endpoint is None:
            return _NO_ADDRESS
        if ended and policy.schedule.ends and Webhook(account.account_id, endpoint.url) in ended:
            return Answer(min(policy.schedule.ends), _HAS_ENDED)
        if due.inbound.parts and policy.tells_attachments:
            due = structs.replace(due, attachments=await self._attachments(due))
        request = policy.inbound(due, endpoint, now)
        if endpoint.headers or endpoint.secret:
            request = furnished(request, endpoint, _identity(due), now, signed=policy.signs)
        return request, _limits(policy, account, due)

    async def _attachments(self, due: DueInbound) -> tuple[Attachment, ...]:
        found = []
        for part in from_column(due.inbound.parts):
            octets = await self._read_content(part.digest)
            if octets is None:
                log.error("content is lost", inbound_id=due.inbound.inbound_id)
            else:
                found.append(Attachment(part.content_type, octets))
        return tuple(found)

    def next_bundle(self, ready: deque[Due]) -> list[Due]:
        """Take what one request can carry: one postback, or several first tries of one customer."""
        first = ready.popleft()
        bundle: list[Due] = [first]
        if not ready or not isinstance(first, DuePostback):
            return bundle
        policy = self._policies.get(first.message.dialect)
        if policy is None or not policy.schedule.bundles:
            return bundle
        account = self._account(first.message.account_id)
        style = "" if account is None else account.postback_style.get(policy.name, "")
        most = policy.schedule.bundles.get(style, 1)
        while ready and len(bundle) < most and _share(first, ready[0]):
            bundle.append(ready.popleft())
        return bundle

    def _account(self, account_id: int | None) -> Account | None:
        return self._current.directory.accounts_by_id.get(account_id or 0)


def _identity(due: Due) -> str:
    """Name a postback, the same each time it is tried."""
    return f"msg_{due.postback_id}"


def _limits(policy: Policy, account: Account, due: Due) -> Limits:
    return Limits(policy.schedule.connect_s, policy.schedule.total_s, account.reachable, due.was_tried)


def _share(one: DuePostback, other: Due) -> bool:
    """Tell whether two postbacks may travel together. One that has failed before travels alone, so that it
    cannot take others with it.
    """
    if not isinstance(other, DuePostback):
        return False
    return not (one.attempts or other.attempts) and (
        (one.message.account_id, one.message.dialect, one.message.callback_url)
        == (other.message.account_id, other.message.dialect, other.message.callback_url)
    )
