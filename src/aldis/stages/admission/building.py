"""Makes messages of what was found out about a submission. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from aldis.accounts.account import Account
from aldis.dialects.contract import Policy, Reference
from aldis.stages.admission.context import AdmissionContext, ResolvedRequest
from aldis.traffic.content import MMS
from aldis.traffic.message import NewMessage
from aldis.traffic.postback import Notify, lane_of
from aldis.traffic.submission import MessageAsk


class Deadlines(msgspec.Struct, frozen=True):
    """What maintenance will hold messages to."""

    validity_s: int
    receipt_patience_s: int


def messages_of(
    context: AdmissionContext,
    resolved: ResolvedRequest,
    ids: Sequence[int],
    deadlines: Deadlines,
    now: int,
) -> Iterator[NewMessage]:
    """Make the messages of one ask, one for each recipient, as they are asked for."""
    ask, account, policy = resolved.ask, context.account, context.policy
    nonce = context.submission.caller.nonce
    name, account_id, first_id = policy.name, account.account_id, ids[0]
    url = ask.callback_url or account.postback.get(name, "")
    notify = _notify(policy, account, ask) if url else Notify.NOTHING
    lane = lane_of(account_id, url) if url else ""
    callback_url = ask.callback_url or ""
    echo = msgspec.json.encode(ask.echo) if ask.echo else b"{}"
    due_at = max(now, ask.send_at)
    validity_s = deadlines.validity_s if ask.validity_s is None else ask.validity_s
    review_at = due_at + min(validity_s, deadlines.validity_s, deadlines.receipt_patience_s) * 1000
    expires_at = due_at + validity_s * 1000
    # the first stands for all of its ask
    scope = "" if ask.client_reference is None else _duplicate_scope(context)
    for message_id, recipient, routed in zip(ids, resolved.recipients, resolved.routes, strict=True):
        link, price, fitted, backups = routed
        # by their order (tests/stages/test_building.py): twenty-seven names cost more than all else here
        yield NewMessage(
            message_id,
            first_id,
            account_id,
            name,
            policy.reference(ask, Reference(message_id, first_id, now, nonce)),
            scope,
            link,
            ask.priority,
            resolved.sender,
            recipient.msisdn,
            recipient.country,
            MMS if resolved.parts else fitted.coding,
            fitted.encoded.octets,
            fitted.segments,
            price,
            notify,
            lane,
            callback_url,
            echo,
            now,
            due_at,
            expires_at,
            review_at,
            ask.label,
            msgspec.json.encode(backups).decode() if backups else "",
            False,  # exempt
            resolved.parts,
        )
        scope = ""


def _duplicate_scope(context: AdmissionContext) -> str:
    """Ids are unique per login, so the login's digest is the scope; or per account, in some dialects."""
    if not context.policy.refuses_duplicates or context.credential is None:
        return ""
    return (
        context.policy.name if context.policy.shares_references else context.credential.identity_digest[:16]
    )


def _notify(policy: Policy, account: Account, ask: MessageAsk) -> Notify:
    wanted = policy.notify(ask)
    if policy.name in account.failures_only and wanted & Notify.ENDED:
        return Notify.FAILED
    return wanted
