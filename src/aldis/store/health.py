"""How a store's file is, for `aldis doctor`."""

from __future__ import annotations

import msgspec


class StoreHealth(msgspec.Struct, frozen=True):
    """What was seen."""

    #: the version that works on it
    sqlite: str
    #: "ok", or what SQLite found wrong; "" where there is no file yet
    found: str
    octets: int
    newest_message_at: int
