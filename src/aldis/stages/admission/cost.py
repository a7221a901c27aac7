"""What judging a submission will take, told before anything of it is judged. Pure."""

from __future__ import annotations

from aldis.accounts.routing import Unroutable
from aldis.sms.fitting import MOST_IN_SEGMENT, MOST_UNCOMPOSED
from aldis.sms.segments import TooLong
from aldis.stages.admission.context import AdmissionContext
from aldis.traffic.submission import MessageAsk, Submission
from aldis.traffic.template import Template

#: what reading a number may take, in characters of a text whose letters and marks are put together: 0.2 ms
#: where the account has a home country and the number another
A_NUMBER = 300
#: what is judged while everybody waits, in such characters: a millisecond or two
MOST_AT_ONCE = 2_000


def is_large(submission: Submission) -> bool:
    """Tell whether judging takes long: by attachments, or by characters times recipients."""
    cost = 0
    for ask in submission.asks:
        if ask.attachments:
            return True
        cost += A_NUMBER * len(ask.recipients)
        if ask.tags:
            cost += len(ask.text) * len(ask.recipients)
        elif not ask.text.isascii():
            cost += len(ask.text)
        if cost > MOST_AT_ONCE:
            return True
    return False


def least_of(context: AdmissionContext) -> tuple[int, int]:
    """Tell how many segments a submission's texts take at least, and what they cost, in millionths, without
    writing them. Nothing, where it will be refused for another reason.
    """
    segments = price = 0
    for resolved in context.requests:
        least = _least_segments(context, resolved.ask)
        for recipient in resolved.recipients:
            planned = context.router.plan(context.directory, resolved.sender, recipient, resolved.carrier)
            if not least or isinstance(planned, Unroutable):
                return 0, 0
            segments += least
            price += least * planned.price
    return segments, price


def _least_segments(context: AdmissionContext, ask: MessageAsk) -> int:
    """Tell how many segments each of an ask's texts takes at least; 0: too many."""
    try:
        length = Template(ask.text, ask.tags).least if ask.tags else len(ask.text)
    except TooLong:
        return 0
    if not ask.text.isascii():
        length = -(-length * MOST_IN_SEGMENT // MOST_UNCOMPOSED)
    most, asked = context.account.max_segments, ask.encoding_options.most_segments
    least = max(1, -(-length // MOST_IN_SEGMENT))
    if context.account.smart_encoding or ask.encoding_options.smart:
        least = 1  # it may leave characters out
    if asked is not None:
        return min(least, asked)
    return least if least <= most else 0
