"""What an account may do, as far as it has been found out: where it may connect from, which senders are its
own, which keyword and carrier are meant.

Such answers depend on the account and on a few short values of a request, never on its text or its
recipients, and a client asks with the same values all day. A yes to all of them is remembered for as long as
the directory stays the same, so that a change counts at once; a no is asked again each time, so that
strangers fill no memory.
"""

from __future__ import annotations

from typing import NamedTuple

from aldis.accounts.account import Account
from aldis.accounts.directory import Directory
from aldis.dialects.contract import Check
from aldis.stages.admission.case import Case
from aldis.stages.admission.rules import Questions
from aldis.traffic.on_behalf import OnBehalf

#: the questions whose answers are remembered
REMEMBERED = frozenset(
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
#: when more are known, all are forgotten and found out anew
MOST = 10_000

#: dialect, account, peer, sender, keyword, campaign and carrier as given
_Key = tuple[str, str, str, str, str | None, str | None, str | None]


class Standing(NamedTuple):
    """What the remembered questions found out."""

    sender: str
    keyword: str | None
    carrier: str
    #: what is still to be asked, in the policy's order
    questions: Questions


class Standings:
    """All that is known under one version of the directory."""

    def __init__(self) -> None:
        self._directory: Directory | None = None
        self._known: dict[_Key, Standing] = {}

    def adopt(self, case: Case) -> Questions | None:
        """Note in a case whose account is known what the remembered questions would find out, and give those
        that are left; None where all must be asked.
        """
        if case.directory is not self._directory:
            self._directory = case.directory
            self._known.clear()
        if len(case.findings) != 1:
            return None
        standing = self._known.get(_key(case))
        if standing is None or isinstance(case.submission.caller.presented, OnBehalf):
            return None
        found = case.findings[0]
        found.sender, found.keyword, found.carrier, questions = standing
        return questions

    def remember(self, case: Case, asked: Questions) -> None:
        """Hear that all questions about a case were answered with yes."""
        if case.directory is not self._directory:  # it has changed while a large submission was judged
            return
        # the house asks from nowhere: what it may is no answer to what a peer may
        if len(case.findings) != 1 or isinstance(case.submission.caller.presented, OnBehalf):
            return
        if len(self._known) >= MOST:
            self._known.clear()
        found, needless = case.findings[0], REMEMBERED | _needless(case.account)
        questions = tuple((check, question) for check, question in asked if check not in needless)
        self._known[_key(case)] = Standing(found.sender, found.keyword, found.carrier, questions)


def _needless(account: Account) -> set[Check]:
    """Name the questions that have nothing to ask of an account."""
    pointless = {
        Check.THROTTLE: account.rate_per_s is None,
        Check.SEGMENT_RATE: account.segments_per_s is None,
        Check.REFERENCE: account.reference_optional,
    }
    return {check for check, is_pointless in pointless.items() if is_pointless}


def _key(case: Case) -> _Key:
    ask, peer = case.findings[0].ask, case.submission.caller.peer
    return (case.policy.name, case.account.name, peer, ask.sender, ask.keyword, ask.campaign, ask.carrier)
