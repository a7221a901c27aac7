"""A request that was refused, as it is remembered: who, from where, why; nothing of its body, nor of what is
secret.
"""

from __future__ import annotations

import uuid

import msgspec

#: what of a request is remembered of each text
MOST_CHARACTERS = 200


class RefusedRequest(msgspec.Struct, frozen=True, array_like=True):
    """One request that a door refused."""

    #: Unix milliseconds
    at: int
    #: names it, in the log and in dialects that tell it (Mavorion's `incident_uuid`)
    incident: str
    dialect: str
    #: whose credential came with it, valid or not; "" for nobody's
    account: str
    #: names that credential as the account's page does; "" where none could be read
    credential: str
    #: the address that it came from
    peer: str
    #: method and path, without query
    request: str
    #: a RefusalReason
    reason: str
    #: what it was about, and the value that was given for it, where that is neither a text nor a secret
    parameter: str
    value: str


def incident_of(nonce: int) -> str:
    """Give a request's random bits as the UUID by which customers may name it."""
    return str(uuid.UUID(int=nonce << 64 | nonce, version=4))
