"""Who agreed to hear from whom: an append-only history, and what a word of a handset does to it."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class ConsentKind(StrEnum):
    """What happened to a consent."""

    OPT_IN = "opt_in"
    OPT_OUT = "opt_out"


class ConsentSource(StrEnum):
    """Who said so."""

    #: the person, from their handset
    HANDSET = "handset"
    #: the account, by its dialect
    API = "api"
    #: the operator, by a file
    FILE = "file"
    #: the operator, by hand
    CONSOLE = "console"


class ConsentChange(msgspec.Struct, frozen=True, array_like=True):
    """One entry of the history."""

    sender: str
    #: keyword or campaign; "" for all that comes from the sender
    topic: str
    msisdn: str
    kind: ConsentKind
    source: ConsentSource
    #: as the person wrote them, or ""
    words: str
    at: int
