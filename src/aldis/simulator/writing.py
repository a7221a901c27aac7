"""What a handset writes, as the deliver_sm that bring it to whoever has the number. Pure.

Source: SMPP v3.4 §4.6.1.
"""

from __future__ import annotations

from aldis.simulator.submitted import PendingDelivery
from aldis.smpp.esm_class import UDHI
from aldis.smpp.pdus import ShortMessageBody
from aldis.sms.address import MAX_SHORT_CODE_DIGITS, is_digits
from aldis.sms.encoding import Encoding
from aldis.sms.fitting import fit
from aldis.sms.segments import split

#: TON and NPI of an international number, and of a short code
INTERNATIONAL, SHORT_CODE = (1, 1), (3, 0)
#: data_coding. Source: SMPP v3.4 §5.2.19
_CODINGS = {Encoding.GSM7: 0, Encoding.UCS2: 8}


def written(handset: str, number: str, text: str, reference: int) -> list[PendingDelivery]:
    """Write a text as its segments. Raises TooLong beyond 255 of them, UnicodeEncodeError on a lone
    surrogate. `reference`: what the segments of a long one have in common.
    """
    fitted = fit(text)
    is_short = is_digits(number) and len(number) <= MAX_SHORT_CODE_DIGITS
    ton, npi = SHORT_CODE if is_short else INTERNATIONAL
    return [
        PendingDelivery(
            ShortMessageBody(
                source_addr_ton=INTERNATIONAL[0],
                source_addr_npi=INTERNATIONAL[1],
                source_addr=handset,
                dest_addr_ton=ton,
                dest_addr_npi=npi,
                destination_addr=number,
                esm_class=UDHI if segment.header else 0,
                data_coding=_CODINGS[fitted.encoded.encoding],
                short_message=segment.header + segment.octets,
            ),
            {},
            "",
        )
        for segment in split(fitted.encoded, reference, fitted.splitting)
    ]
