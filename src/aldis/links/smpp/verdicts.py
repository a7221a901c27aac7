"""What a command_status in a submit_sm_resp means for the segment, for every status that has a name.

Temporary: again later, bounded by attempts. Permanent: the carrier will never take it. Throttled: temporary,
and the link slows down. Link trouble: the session is at fault; it begins anew, and the message waits for
that. A status that nobody knows counts as temporary, because losing a message is worse than trying twice. The
customer reads the name of the status that ended a message. Source: SMPP v3.4 §5.1.3; SMPP v5.0 §4.7.6.
"""

from __future__ import annotations

from enum import Enum, auto

from aldis.links.smpp.quirks import Quirks
from aldis.smpp import status
from aldis.smpp.pdus import MessageIdBody, Pdu
from aldis.stages.sending.upstream import Accepted, Deferred, LinkTrouble, Outcome, Rejected


class Verdict(Enum):
    """Who is at fault, and whether waiting helps."""

    TEMPORARY = auto()
    THROTTLED = auto()
    PERMANENT = auto()
    LINK_TROUBLE = auto()


_T, _S, _P, _L = Verdict.TEMPORARY, Verdict.THROTTLED, Verdict.PERMANENT, Verdict.LINK_TROUBLE

VERDICTS: dict[int, Verdict] = {
    status.ESME_RINVMSGLEN: _P,
    status.ESME_RINVCMDLEN: _P,
    status.ESME_RINVCMDID: _L,
    status.ESME_RINVBNDSTS: _L,
    status.ESME_RALYBND: _L,
    0x00000006: _P,  # ESME_RINVPRTFLG
    0x00000007: _P,  # ESME_RINVREGDLVFLG
    status.ESME_RSYSERR: _T,
    status.ESME_RINVSRCADR: _P,
    status.ESME_RINVDSTADR: _P,
    0x0000000C: _T,  # ESME_RINVMSGID, which no submit can cause
    status.ESME_RBINDFAIL: _L,
    status.ESME_RINVPASWD: _L,
    status.ESME_RINVSYSID: _L,
    status.ESME_RCANCELFAIL: _T,
    status.ESME_RREPLACEFAIL: _T,
    status.ESME_RMSGQFUL: _S,
    0x00000015: _P,  # ESME_RINVSERTYP
    status.ESME_RINVNUMDESTS: _P,
    status.ESME_RINVDLNAME: _P,
    0x00000040: _P,  # ESME_RINVDESTFLAG
    0x00000042: _P,  # ESME_RINVSUBREP
    0x00000043: _P,  # ESME_RINVESMCLASS
    0x00000044: _P,  # ESME_RCNTSUBDL
    0x00000045: _T,  # ESME_RSUBMITFAIL: carriers say it for anything, mostly for what passes
    0x00000048: _P,  # ESME_RINVSRCTON
    0x00000049: _P,  # ESME_RINVSRCNPI
    0x00000050: _P,  # ESME_RINVDSTTON
    0x00000051: _P,  # ESME_RINVDSTNPI
    0x00000053: _L,  # ESME_RINVSYSTYP
    0x00000054: _P,  # ESME_RINVREPFLAG
    0x00000055: _P,  # ESME_RINVNUMMSGS
    status.ESME_RTHROTTLED: _S,
    0x00000061: _P,  # ESME_RINVSCHED
    0x00000062: _P,  # ESME_RINVEXPIRY
    0x00000063: _P,  # ESME_RINVDFTMSGID
    status.ESME_RX_T_APPN: _T,
    status.ESME_RX_P_APPN: _P,
    0x00000066: _P,  # ESME_RX_R_APPN
    status.ESME_RQUERYFAIL: _T,
    0x000000C0: _P,  # ESME_RINVOPTPARSTREAM
    0x000000C1: _P,  # ESME_ROPTPARNOTALLWD
    0x000000C2: _P,  # ESME_RINVPARLEN
    0x000000C3: _P,  # ESME_RMISSINGOPTPARAM
    0x000000C4: _P,  # ESME_RINVOPTPARAMVAL
    0x000000FE: _P,  # ESME_RDELIVERYFAILURE
    0x000000FF: _T,  # ESME_RUNKNOWNERR
    0x00000100: _P,  # ESME_RSERTYPUNAUTH
    0x00000101: _P,  # ESME_RPROHIBITED
    0x00000102: _T,  # ESME_RSERTYPUNAVAIL
    0x00000103: _P,  # ESME_RSERTYPDENIED
    0x00000104: _P,  # ESME_RINVDCS
    0x00000105: _P,  # ESME_RINVSRCADDRSUBUNIT
    0x00000106: _P,  # ESME_RINVDSTADDRSUBUNIT
    # what is said of broadcasts has nothing to do with a submit: nobody knows what is meant
    **dict.fromkeys(range(0x00000107, 0x00000113), _T),
}


def verdict_on(command_status: int) -> Verdict:
    """Judge a status that is not ESME_ROK."""
    return VERDICTS.get(command_status, Verdict.TEMPORARY)


def judge(response: Pdu, quirks: Quirks) -> Outcome:
    """Read a response to submit_sm; also generic_nack and answers without a body."""
    body, command_status = response.body, response.command_status
    if command_status == status.ESME_ROK:
        # The status says yes; where the name is unreadable the message is out all the same, only its receipt
        # cannot be matched.
        named = body.message_id if isinstance(body, MessageIdBody) else ""
        return Accepted(quirks.in_response(named) if named else "")
    reason = status.name(command_status)
    match verdict_on(command_status):
        case Verdict.PERMANENT:
            return Rejected(reason)
        case Verdict.LINK_TROUBLE:
            return LinkTrouble(reason)
        case _:
            return Deferred(reason)
