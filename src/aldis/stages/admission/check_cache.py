"""A cache of what an account may do: where it may connect from, which senders are its own, which keyword and
carrier are meant.

Such answers depend on the account and on a few short values of a request, never on its text or its
recipients, and a client asks with the same values all day. A yes to all of them is cached for as long as the
directory stays the same, so that a change counts at once; a no is asked again each time, so that unknown
callers fill no memory.
"""

from __future__ import annotations

from typing import NamedTuple

from aldis.accounts.account import Account
from aldis.accounts.directory import Directory
from aldis.dialects.contract import Check
from aldis.stages.admission.context import AdmissionContext
from aldis.stages.admission.rules import Questions
from aldis.traffic.on_behalf import OnBehalf

#: the questions whose answers are cached
CACHED = frozenset(
    (
        Check.ADDRESS,
        Check.ACTIVE,
        Check.MAY_SEND,
        Check.SENDER,
        Check.KEYWORD,
        Check.CAMPAIGN,
        Check.CARRIER,
    )
)
#: when more are cached, all are dropped
MOST = 10_000

#: dialect, account, peer, sender, keyword, campaign and carrier as given
_Key = tuple[str, str, str, str, str | None, str | None, str | None]


class CachedChecks(NamedTuple):
    """What the cached questions found out."""

    sender: str
    keyword: str | None
    carrier: str
    #: what is still to be asked, in the policy's order
    questions: Questions


class CheckCache:
    """What is known under one version of the directory."""

    def __init__(self) -> None:
        self._directory: Directory | None = None
        self._known: dict[_Key, CachedChecks] = {}

    def apply(self, context: AdmissionContext) -> Questions | None:
        """Put into a context whose account is known what the cached questions would find out, and give those
        that are left; None where all must be asked.
        """
        if context.directory is not self._directory:
            self._directory = context.directory
            self._known.clear()
        if len(context.requests) != 1:
            return None
        cached = self._known.get(_key(context))
        if cached is None or isinstance(context.submission.caller.presented, OnBehalf):
            return None
        resolved = context.requests[0]
        resolved.sender, resolved.keyword, resolved.carrier, questions = cached
        return questions

    def put(self, context: AdmissionContext, asked: Questions) -> None:
        """Cache that all questions about a submission were answered with yes."""
        if context.directory is not self._directory:  # it has changed while a large submission was judged
            return
        # the house asks from nowhere: what it may is no answer to what a peer may
        if len(context.requests) != 1 or isinstance(context.submission.caller.presented, OnBehalf):
            return
        if len(self._known) >= MOST:
            self._known.clear()
        resolved, needless = context.requests[0], CACHED | _needless(context.account)
        questions = tuple((check, question) for check, question in asked if check not in needless)
        self._known[_key(context)] = CachedChecks(
            resolved.sender, resolved.keyword, resolved.carrier, questions
        )


def _needless(account: Account) -> set[Check]:
    """Name the questions that have nothing to ask of an account."""
    pointless = {
        Check.THROTTLE: account.rate_per_s is None,
        Check.SEGMENT_RATE: account.segments_per_s is None,
        Check.REFERENCE: account.reference_optional,
    }
    return {check for check, is_pointless in pointless.items() if is_pointless}


def _key(context: AdmissionContext) -> _Key:
    ask, peer = context.requests[0].ask, context.submission.caller.peer
    return (
        context.policy.name,
        context.account.name,
        peer,
        ask.sender,
        ask.keyword,
        ask.campaign,
        ask.carrier,
    )
