"""What an MMSC says of a request, by number. Source: 3GPP TS 23.140 §8.7.8.

Numbers in thousands are classes: 1 taken, 2 the client's fault, 3 the server's, 4 the service's.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Self


class Mm7Status(IntEnum):
    """The statuses that the specification lists, with their texts."""

    words: str

    def __new__(cls, code: int, words: str) -> Self:
        """Make one of its number and its text."""
        made = int.__new__(cls, code)
        made._value_ = code
        made.words = words
        return made

    SUCCESS = 1000, "Success"
    PARTIAL_SUCCESS = 1100, "Partial success"
    CLIENT_ERROR = 2000, "Client error"
    OPERATION_RESTRICTED = 2001, "Operation restricted"
    ADDRESS_ERROR = 2002, "Address error"
    ADDRESS_NOT_FOUND = 2003, "Address not found"
    CONTENT_REFUSED = 2004, "Multimedia content refused"
    MESSAGE_ID_NOT_FOUND = 2005, "Message ID not found"
    LINKED_ID_NOT_FOUND = 2006, "LinkedID not found"
    FORMAT_CORRUPT = 2007, "Message format corrupt"
    APPLICATION_ID_NOT_FOUND = 2008, "Application ID not found"
    REPLY_APPLICATION_ID_NOT_FOUND = 2009, "Reply Application ID not found"
    SERVER_ERROR = 3000, "Server error"
    NOT_POSSIBLE = 3001, "Not possible"
    MESSAGE_REJECTED = 3002, "Message rejected"
    MULTIPLE_ADDRESSES_NOT_SUPPORTED = 3003, "Multiple addresses not supported"
    APPLICATION_ADDRESSING_NOT_SUPPORTED = 3004, "Application Addressing not supported"
    GENERAL_SERVICE_ERROR = 4000, "General service error"
    IMPROPER_IDENTIFICATION = 4001, "Improper identification"
    UNSUPPORTED_VERSION = 4002, "Unsupported version"
    UNSUPPORTED_OPERATION = 4003, "Unsupported operation"
    VALIDATION_ERROR = 4004, "Validation error"
    SERVICE_ERROR = 4005, "Service error"
    SERVICE_UNAVAILABLE = 4006, "Service unavailable"
    SERVICE_DENIED = 4007, "Service denied"
    APPLICATION_DENIED = 4008, "Application denied"


_WORDS = {each.value: each.words for each in Mm7Status}


def name(code: int) -> str:
    """Name a status; an unknown one by its number."""
    return _WORDS.get(code, f"status {code}")
