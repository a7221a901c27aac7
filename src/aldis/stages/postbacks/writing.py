"""Says what tells a customer of something, where that goes, and how far a try may go."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog
from msgspec import structs

from aldis.accounts.account import Account
from aldis.accounts.directory import CurrentDirectory
from aldis.dialects.contract import Policy
from aldis.stages.postbacks.channel import Answer, Limits
from aldis.traffic.content import Attachment, from_column
from aldis.traffic.inbound import DueInbound
from aldis.traffic.postback import DuePostback, PostbackRequest

log = structlog.get_logger()

#: a postback about a message to a handset, or from one
Due = DuePostback | DueInbound

#: what to send, or why nothing can be sent
Written = tuple[PostbackRequest, Limits] | Answer

_ACCOUNT_GONE = Answer(None, "the account is gone")
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

    def write(self, dues: Sequence[DuePostback], now: int) -> Written:
        """Write one request about messages to handsets, all of one customer."""
        message = dues[0].message
        account = self._account(message.account_id)
        if account is None:
            return _ACCOUNT_GONE
        policy = self._policies[message.dialect]
        endpoint = account.endpoint(policy.name, message.callback_url)
        if endpoint is None:
            return _NO_ADDRESS
        return policy.postback(dues, endpoint, now), _limits(policy, account)

    async def write_inbound(self, due: DueInbound, now: int) -> Written:
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
        if due.inbound.parts and policy.tells_attachments:
            due = structs.replace(due, attachments=await self._attachments(due))
        return policy.inbound(due, endpoint, now), _limits(policy, account)

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


def _limits(policy: Policy, account: Account) -> Limits:
    return Limits(policy.schedule.connect_s, policy.schedule.total_s, account.reachable)


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
