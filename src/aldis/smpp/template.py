"""A submit_sm that is written but for its recipient and its text, in which most of a link's submits differ.

Source: SMPP v3.4 §4.4.1.
"""

from __future__ import annotations

import msgspec

from aldis.errors import LocalProtocolError
from aldis.smpp import codec
from aldis.smpp.octets import MAX_ADDRESS, MAX_SHORT_MESSAGE
from aldis.smpp.pdus import ShortMessageBody


class SubmitTemplate:
    """All submits that have this body, whatever its destination_addr and short_message are."""

    __slots__ = ("_before", "_between")

    def __init__(self, body: ShortMessageBody) -> None:
        """Raise LocalProtocolError when a parameter does not fit its field."""
        empty = msgspec.structs.replace(body, destination_addr="", short_message=b"")
        octets = codec.parameters(empty, {})
        # two texts with their NULs, and TON and NPI of both addresses
        at = len(body.service_type) + len(body.source_addr) + 2 + 4
        self._before, self._between = octets[:at], octets[at:-1]

    def fill(self, destination_addr: str, short_message: bytes) -> bytes:
        """Give the mandatory parameters as octets. Raises LocalProtocolError when one does not fit."""
        length = len(short_message)
        if length > MAX_SHORT_MESSAGE or len(destination_addr) > MAX_ADDRESS or "\0" in destination_addr:
            raise LocalProtocolError("destination_addr or short_message does not fit")
        try:
            address = destination_addr.encode("latin-1")
        except UnicodeEncodeError:
            raise LocalProtocolError("destination_addr has what Latin-1 lacks") from None
        return b"%b%b%b%c%b" % (self._before, address, self._between, length, short_message)
