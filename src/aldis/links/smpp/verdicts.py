"""What a command_status in a submit_sm_resp means for the segment. Source: SMPP v3.4 §5.1.3.

Temporary: again later, bounded by attempts. Permanent: the carrier will never take it. A status that nobody
knows counts as temporary, because losing a message is worse than trying twice.
"""

from __future__ import annotations

from aldis.smpp import status
from aldis.smpp.pdus import MessageIdBody, Pdu
from aldis.stages.sending.upstream import Accepted, Deferred, Outcome, Rejected
from aldis.traffic.receipt import normalise_id

PERMANENT = frozenset(
    {
        status.ESME_RINVMSGLEN,
        status.ESME_RINVSRCADR,
        status.ESME_RINVDSTADR,
        0x00000006,  # ESME_RINVPRTFLG
        0x00000007,  # ESME_RINVREGDLVFLG
        0x00000015,  # ESME_RINVSERTYP
        0x00000043,  # ESME_RINVESMCLASS
        0x00000048,  # ESME_RINVSRCTON
        0x00000049,  # ESME_RINVSRCNPI
        0x00000050,  # ESME_RINVDSTTON
        0x00000051,  # ESME_RINVDSTNPI
        0x00000061,  # ESME_RINVSCHED
        0x00000062,  # ESME_RINVEXPIRY
        status.ESME_RX_P_APPN,
        0x00000066,  # ESME_RX_R_APPN
        0x000000C4,  # ESME_RINVOPTPARAMVAL
    }
)


def judge(response: Pdu) -> Outcome:
    """Read a response to submit_sm; also generic_nack and answers without a body."""
    if response.command_status == status.ESME_ROK and isinstance(response.body, MessageIdBody):
        return Accepted(normalise_id(response.body.message_id) if response.body.message_id else "")
    if response.command_status == status.ESME_ROK:
        # The status says yes, the name is unreadable: the message is out, only its receipt cannot be matched.
        return Accepted("")
    reason = status.name(response.command_status)
    return Rejected(reason) if response.command_status in PERMANENT else Deferred(reason)
