"""What the simulated carrier does, by the last two digits of the recipient: the table of
docs/guides/simulator.md. Pure.
"""

from __future__ import annotations

import msgspec

from aldis.smpp.receipt_text import MessageState
from aldis.smpp.status import ESME_RINVDSTADR, ESME_ROK


class Behaviour(msgspec.Struct, frozen=True):
    """How one submission is treated; the defaults are a carrier as it should be."""

    #: what this is, for people: as in the guide
    says: str = "delivers, receipt DELIVRD"
    #: answered to the submit; anything but ESME_ROK means that it is not taken
    submit_status: int = ESME_ROK
    #: ESME_RTHROTTLED so often before a submission to this number is taken
    throttled: int = 0
    #: close the connection instead of answering, once for each number
    drops_connection: bool = False
    response_delay_s: float = 0.0
    #: None: no receipt is ever sent
    receipt: MessageState | None = MessageState.DELIVERED
    error_code: str = "000"
    receipt_delay_s: float = 0.0
    receipt_count: int = 1
    receipt_before_response: bool = False
    #: the id in hex in the response and in decimal in the receipt
    id_in_hex: bool = False
    #: the receipt in a spelling of its own, and without TLVs
    vendor_receipt: bool = False


DELIVERS = Behaviour()

BY_LAST_DIGITS: dict[str, Behaviour] = {
    "80": Behaviour("receipt UNDELIV, err 034", receipt=MessageState.UNDELIVERABLE, error_code="034"),
    "81": Behaviour("receipt EXPIRED", receipt=MessageState.EXPIRED, error_code="027"),
    "82": Behaviour("refuses the submit: ESME_RINVDSTADR", submit_status=ESME_RINVDSTADR, receipt=None),
    "83": Behaviour("ESME_RTHROTTLED three times, then takes it", throttled=3),
    "84": Behaviour("takes it and never sends a receipt", receipt=None),
    "85": Behaviour("sends the receipt before the response", receipt_before_response=True),
    "86": Behaviour("sends the receipt twice", receipt_count=2),
    "87": Behaviour("id in hex in the response, in decimal in the receipt", id_in_hex=True),
    "88": Behaviour("delivers after 5 s", receipt_delay_s=5.0),
    "89": Behaviour("drops the connection on the submit, once for each number", drops_connection=True),
    "90": Behaviour("receipt REJECTD", receipt=MessageState.REJECTED, error_code="008"),
    "91": Behaviour("receipt without TLVs, text in a vendor's own spelling", vendor_receipt=True),
    "92": Behaviour("answers the submit after 8 s", response_delay_s=8.0),
}


def behaviour_for(recipient: str) -> Behaviour:
    """Look a recipient's behaviour up."""
    return BY_LAST_DIGITS.get(recipient[-2:], DELIVERS)


def reaches_handset(behaviour: Behaviour) -> bool:
    """Tell whether the text shows up on the handset: it does unless the carrier says otherwise."""
    return behaviour.receipt in (MessageState.DELIVERED, None)
