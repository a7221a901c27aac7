"""What an MMSC's status means for the message, for every status that has a name.

Temporary: again later, bounded by attempts. Permanent: the MMSC will never take it. A status that nobody
knows counts as temporary, because losing a message is worse than trying twice. The customer reads the status
that ended a message. Source: 3GPP TS 23.140 §8.7.8.
"""

from __future__ import annotations

from aldis.mms import status
from aldis.mms.mm7 import Response
from aldis.mms.status import Mm7Status
from aldis.stages.sending.upstream import Accepted, Deferred, Outcome, Rejected
from aldis.traffic.receipt import EXACT

#: of these no attempt will be taken
PERMANENT = frozenset(
    (
        Mm7Status.CLIENT_ERROR,
        Mm7Status.OPERATION_RESTRICTED,
        Mm7Status.ADDRESS_ERROR,
        Mm7Status.ADDRESS_NOT_FOUND,
        Mm7Status.CONTENT_REFUSED,
        Mm7Status.MESSAGE_ID_NOT_FOUND,
        Mm7Status.LINKED_ID_NOT_FOUND,
        Mm7Status.FORMAT_CORRUPT,
        Mm7Status.APPLICATION_ID_NOT_FOUND,
        Mm7Status.REPLY_APPLICATION_ID_NOT_FOUND,
        Mm7Status.MESSAGE_REJECTED,
        Mm7Status.MULTIPLE_ADDRESSES_NOT_SUPPORTED,
        Mm7Status.APPLICATION_ADDRESSING_NOT_SUPPORTED,
        Mm7Status.UNSUPPORTED_OPERATION,
        Mm7Status.VALIDATION_ERROR,
        Mm7Status.SERVICE_DENIED,
        Mm7Status.APPLICATION_DENIED,
    )
)
#: of these waiting may help, or the operator can: who we say that we are, which version the MMSC takes
TEMPORARY = frozenset(
    (
        Mm7Status.SERVER_ERROR,
        Mm7Status.NOT_POSSIBLE,
        Mm7Status.GENERAL_SERVICE_ERROR,
        Mm7Status.IMPROPER_IDENTIFICATION,
        Mm7Status.UNSUPPORTED_VERSION,
        Mm7Status.SERVICE_ERROR,
        Mm7Status.SERVICE_UNAVAILABLE,
    )
)
TAKEN = frozenset((Mm7Status.SUCCESS, Mm7Status.PARTIAL_SUCCESS))


def judge(response: Response) -> Outcome:
    """Read an answer to SubmitReq."""
    if response.code in TAKEN:
        return Accepted(known_as(response.message_id))
    reason = f"MM7 {response.code} {status.name(response.code)}"
    return Rejected(reason) if response.code in PERMANENT else Deferred(reason)


def known_as(message_id: str) -> str:
    """Give the name by which a report finds its message: as the MMSC writes it, octet by octet."""
    return f"{EXACT}{message_id}" if message_id else ""
