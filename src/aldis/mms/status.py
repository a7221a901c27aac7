"""What an MMSC says of a request, by number. Source: 3GPP TS 23.140 §8.7.8.

Numbers in thousands are classes: 1 taken, 2 the client's fault, 3 the server's, 4 the service's.
"""

from __future__ import annotations

SUCCESS = 1000
PARTIAL_SUCCESS = 1100
CLIENT_ERROR = 2000
OPERATION_RESTRICTED = 2001
ADDRESS_ERROR = 2002
ADDRESS_NOT_FOUND = 2003
CONTENT_REFUSED = 2004
MESSAGE_ID_NOT_FOUND = 2005
LINKED_ID_NOT_FOUND = 2006
FORMAT_CORRUPT = 2007
APPLICATION_ID_NOT_FOUND = 2008
REPLY_APPLICATION_ID_NOT_FOUND = 2009
SERVER_ERROR = 3000
NOT_POSSIBLE = 3001
MESSAGE_REJECTED = 3002
MULTIPLE_ADDRESSES_NOT_SUPPORTED = 3003
APPLICATION_ADDRESSING_NOT_SUPPORTED = 3004
GENERAL_SERVICE_ERROR = 4000
IMPROPER_IDENTIFICATION = 4001
UNSUPPORTED_VERSION = 4002
UNSUPPORTED_OPERATION = 4003
VALIDATION_ERROR = 4004
SERVICE_ERROR = 4005
SERVICE_UNAVAILABLE = 4006
SERVICE_DENIED = 4007
APPLICATION_DENIED = 4008

NAMES = {
    SUCCESS: "Success",
    PARTIAL_SUCCESS: "Partial success",
    CLIENT_ERROR: "Client error",
    OPERATION_RESTRICTED: "Operation restricted",
    ADDRESS_ERROR: "Address error",
    ADDRESS_NOT_FOUND: "Address not found",
    CONTENT_REFUSED: "Multimedia content refused",
    MESSAGE_ID_NOT_FOUND: "Message ID not found",
    LINKED_ID_NOT_FOUND: "LinkedID not found",
    FORMAT_CORRUPT: "Message format corrupt",
    APPLICATION_ID_NOT_FOUND: "Application ID not found",
    REPLY_APPLICATION_ID_NOT_FOUND: "Reply Application ID not found",
    SERVER_ERROR: "Server error",
    NOT_POSSIBLE: "Not possible",
    MESSAGE_REJECTED: "Message rejected",
    MULTIPLE_ADDRESSES_NOT_SUPPORTED: "Multiple addresses not supported",
    APPLICATION_ADDRESSING_NOT_SUPPORTED: "Application Addressing not supported",
    GENERAL_SERVICE_ERROR: "General service error",
    IMPROPER_IDENTIFICATION: "Improper identification",
    UNSUPPORTED_VERSION: "Unsupported version",
    UNSUPPORTED_OPERATION: "Unsupported operation",
    VALIDATION_ERROR: "Validation error",
    SERVICE_ERROR: "Service error",
    SERVICE_UNAVAILABLE: "Service unavailable",
    SERVICE_DENIED: "Service denied",
    APPLICATION_DENIED: "Application denied",
}


def name(code: int) -> str:
    """Name a status; an unknown one by its number."""
    return NAMES.get(code, f"status {code}")
