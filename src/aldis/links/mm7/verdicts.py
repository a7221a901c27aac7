"""What an MMSC's status means for the message, for every status that has a name.

Temporary: again later, bounded by attempts. Permanent: the MMSC will never take it. A status that nobody
knows counts as temporary, because losing a message is worse than trying twice. The customer reads the status
that ended a message. Source: 3GPP TS 23.140 §8.7.8.
"""

from __future__ import annotations

from aldis.mms import status
from aldis.mms.mm7 import Response
from aldis.stages.sending.upstream import Accepted, Deferred, Outcome, Rejected
from aldis.traffic.receipt import EXACT

#: of these no attempt will be taken
PERMANENT = frozenset(
    (
        status.CLIENT_ERROR,
        status.OPERATION_RESTRICTED,
        status.ADDRESS_ERROR,
        status.ADDRESS_NOT_FOUND,
        status.CONTENT_REFUSED,
        status.MESSAGE_ID_NOT_FOUND,
        status.LINKED_ID_NOT_FOUND,
        status.FORMAT_CORRUPT,
        status.APPLICATION_ID_NOT_FOUND,
        status.REPLY_APPLICATION_ID_NOT_FOUND,
        status.MESSAGE_REJECTED,
        status.MULTIPLE_ADDRESSES_NOT_SUPPORTED,
        status.APPLICATION_ADDRESSING_NOT_SUPPORTED,
        status.UNSUPPORTED_OPERATION,
        status.VALIDATION_ERROR,
        status.SERVICE_DENIED,
        status.APPLICATION_DENIED,
    )
)
#: of these waiting may help, or the operator can: who we say that we are, which version the MMSC takes
TEMPORARY = frozenset(
    (
        status.SERVER_ERROR,
        status.NOT_POSSIBLE,
        status.GENERAL_SERVICE_ERROR,
        status.IMPROPER_IDENTIFICATION,
        status.UNSUPPORTED_VERSION,
        status.SERVICE_ERROR,
        status.SERVICE_UNAVAILABLE,
    )
)
TAKEN = frozenset((status.SUCCESS, status.PARTIAL_SUCCESS))


def judge(response: Response) -> Outcome:
    """Read an answer to SubmitReq."""
    if response.code in TAKEN:
        return Accepted(known_as(response.message_id))
    reason = f"MM7 {response.code} {status.name(response.code)}"
    return Rejected(reason) if response.code in PERMANENT else Deferred(reason)


def known_as(message_id: str) -> str:
    """Give the name by which a report finds its message: as the MMSC writes it, octet by octet."""
    return f"{EXACT}{message_id}" if message_id else ""
