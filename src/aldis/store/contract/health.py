"""How a store is, for `aldis doctor`."""

from __future__ import annotations

import msgspec


class StoreHealth(msgspec.Struct, frozen=True):
    """What was seen."""

    #: what works on it, with its version
    engine: str
    #: "ok", or what the engine found wrong; "" where there is no file yet
    found: str
    octets: int
    newest_message_at: int
