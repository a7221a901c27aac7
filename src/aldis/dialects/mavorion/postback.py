"""Writes Mavorion's callbacks, of a status and of a message from a handset: JSON with every key present, null
where there is nothing, signed where the account has a secret. Source: GatewayAPI's rest.rst.
"""

from __future__ import annotations

from collections.abc import Sequence

from aldis.accounts.endpoint import Endpoint
from aldis.accounts.number_plans import calling_code
from aldis.accounts.numbering import Numbering, read_number
from aldis.dialects.mavorion import signature
from aldis.dialects.writing import echo_of
from aldis.sms.address import is_digits
from aldis.traffic.inbound import DueInbound, InboundFacts
from aldis.traffic.message import MessageFacts
from aldis.traffic.postback import DuePostback, Notify, PostbackRequest
from aldis.traffic.states import State
from aldis.traffic.submission import MessageAsk

STATUSES = {
    State.SENT: "ENROUTE",
    State.DELIVERED: "DELIVERED",
    State.UNDELIVERED: "UNDELIVERABLE",
    State.FAILED: "UNDELIVERABLE",
    State.EXPIRED: "EXPIRED",
    State.REJECTED: "REJECTED",
    State.DELETED: "DELETED",
    # not known whether the carrier has it: `ACCEPTED` would be final, and a receipt may still come
    State.UNCONFIRMED: "UNKNOWN",
}


def status_of(state: State, message: MessageFacts) -> str:
    """Give GatewayAPI's word for a state; what a carrier took and never told the end of is `ACCEPTED`."""
    if state is State.UNCONFIRMED and message.sent_at:
        return "ACCEPTED"
    return STATUSES[state]


#: what an SMSC said of a submit → GatewayAPI's number for it. Source: GatewayAPI's errors.rst
CODES = {
    "ESME_RINVDSTADR": "0x1060",
    "ESME_RINVDSTNPI": "0x1061",
    "ESME_RINVDSTTON": "0x1062",
    "ESME_RINVDSTFLAG": "0x1063",
    "ESME_RINVNUMDESTS": "0x1064",
    "ESME_RINVSRCADR": "0x1065",
    "ESME_RINVSRCNPI": "0x1066",
    "ESME_RINVSRCTON": "0x1067",
    "ESME_RX_P_APPN": "0x1068",
    "ESME_RX_R_APPN": "0x1069",
    "ESME_RX_T_APPN": "0x106A",
    "ESME_RINVCMDLEN": "0x106B",
    "ESME_RINVSERTYP": "0x106C",
    "ESME_RINVPARLEN": "0x1071",
    "ESME_RINVOPTPARSTREAM": "0x1072",
    "ESME_RINVOPTPARAMVAL": "0x1072",
    "ESME_RMISSINGOPTPARAM": "0x1073",
    "ESME_RINVEXPIRY": "0x1074",
    "ESME_RINVSCHED": "0x1075",
    "ESME_RINVDLNAME": "0x1076",
    "ESME_RINVMSGLEN": "0x1078",
    "ESME_RINVREPFLAG": "0x107D",
    "ESME_RSUBMITFAIL": "0x107E",
    "ESME_RINVREGDLVFLG": "0x107F",
    "ESME_RMSGQFUL": "0x1080",
    "ESME_RTHROTTLED": "0x1047",
}


def error_code(reason: str) -> str | None:
    """Give GatewayAPI's number for what an SMSC said; None when it has none."""
    return CODES.get(reason)


def notify(_ask: MessageAsk) -> Notify:
    """Tell of each change."""
    return Notify.SENT | Notify.ENDED


def write(dues: Sequence[DuePostback], endpoint: Endpoint, _now: int) -> PostbackRequest:
    """Write one status callback, signed where the account has a secret for that."""
    (due,) = dues
    message = due.message
    echo = echo_of(message.echo)
    document = {
        "id": message.submission_id,
        "msisdn": int(message.recipient),
        "time": due.happened_at // 1000,
        "status": status_of(due.state, message),
        "error": due.error_code or None,
        "code": error_code(due.error_code),
        "userref": echo.get("userref"),
        "callback_url": message.callback_url or None,
        "api": 4,
        "country_code": message.country,
        "country_prefix": calling_code(message.country),
    }
    return signature.callback(document, endpoint)


def write_inbound(due: DueInbound, endpoint: Endpoint, _now: int) -> PostbackRequest:
    """Write a message from a handset: every key that was seen in the wild, null where there is nothing."""
    return signature.callback(_document(due.inbound), endpoint)


def _document(inbound: InboundFacts) -> dict[str, object]:
    number = read_number(inbound.sender, Numbering.INTERNATIONAL, "")
    country = number.country if number else None
    return {
        "id": inbound.inbound_id,
        "msisdn": as_number(inbound.sender),
        "receiver": as_number(inbound.recipient),
        "message": inbound.text,
        "senttime": inbound.received_at // 1000,
        "webhook_label": inbound.keyword,
        "sender": None,
        "mcc": None,
        "mnc": None,
        "validity_period": None,
        "encoding": None,
        "udh": None,
        "payload": None,
        "country_code": country,
        "country_prefix": calling_code(country) if country else None,
    }


def as_number(address: str) -> int | str:
    """Give an address as the number that clients expect, and as it is where it is none."""
    return int(address) if is_digits(address) else address
